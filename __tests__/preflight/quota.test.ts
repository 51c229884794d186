import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.js';
import { overQuota } from '../../src/preflight/quota.js';

const requests = (...cpus: readonly string[]) => cpus.map((cpu) => ({ resources: { requests: { cpu } } }));
const deployment = (replicas: number, ...cpus: readonly string[]): Workload =>
  ({ kind: 'Deployment', spec: { replicas, template: { spec: { containers: cpus.length > 0 ? requests(...cpus) : [{ name: 'app' }] } } } });
const check = (workload: Workload, name: string, used: string, hard: string, spec = {}) =>
  overQuota('deployment/api', workload, [{ metadata: { name: 'few' }, spec, status: { hard: { [name]: hard }, used: { [name]: used } } }]);

describe('a full quota', () => {
  it.each<[string, Workload, string, string, string, string]>([
    ['of pods', deployment(3), 'pods', '3', '3', 'beside its 3 old ones: pods is at 3 of 3, and each of them needs 1.'],
    ['of pods, by the other name', deployment(1), 'count/pods', '1', '1', 'beside its 1 old ones: count/pods is at 1 of 1, and each of them needs 1.'],
    ['of processors', deployment(2, '250m', '250m'), 'requests.cpu', '1', '1200m', 'beside its 2 old ones: requests.cpu is at 1 of 1200m, and each of them needs 0.5.'],
  ])('%s that could never hold one pod more than there are is a problem', (_name, workload, name, used, hard, end) => {
    expect(check(workload, name, used, hard)).toEqual({
      warnings: [], problems: [{
        cause: 'quota-exceeded', message: `The ResourceQuota few can never hold a new pod of deployment/api ${end}`,
        hint: `Raise ${name} in the quota, or set maxUnavailable of deployment/api to 1 so that an old pod may go first.`,
      }],
    });
  });
  it.each<[string, Workload, string, string, string]>([
    ['a broken pod of the release before', deployment(3), 'pods', '4', '4'], ['the pods of another workload', deployment(2), 'pods', '10', '10'],
    ['what else uses of it', deployment(1, '100m', '200m'), 'requests.cpu', '1', '1'],
  ])('is a warning where %s may have to go first', (_name, workload, name, used, hard) => {
    const { problems, warnings } = check(workload, name, used, hard);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/^The ResourceQuota few has no room now for the first new pod of deployment\/api: [a-z.]+ is at \d+ of \d+, and the pod needs (1|0\.3)\. It waits until something else goes\.$/),
    ]);
  });
  it.each<[string, Workload, string, string, string, object]>([
    ['has room', deployment(3), 'pods', '3', '4', {}], ['has room to the last fraction', deployment(1, '100m', '200m'), 'requests.cpu', '700m', '1', {}],
    ['has exactly room for all', deployment(9, '100m', '200m'), 'requests.cpu', '2700m', '3', {}],
    ['counts something else', deployment(3), 'secrets', '3', '3', {}], ['holds for some pods only', deployment(3), 'pods', '3', '3', { scopes: ['BestEffort'] }],
  ])('that %s is no matter', (_name, workload, name, used, hard, spec) => {
    expect(check(workload, name, used, hard, spec)).toEqual({ problems: [], warnings: [] });
  });
});
