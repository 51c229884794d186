import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import { checkQuota, overQuota } from '../../../src/kubernetes/preflight/quota.js';
import { fakeCluster } from '../../target/set-image/fake-cluster.js';
import { target } from '../judge/build.js';

const requests = (...cpus: readonly string[]) => cpus.map((cpu) => ({ resources: { requests: { cpu } } }));
const deployment = (replicas: number, ...cpus: readonly string[]): Workload =>
  ({ kind: 'Deployment', spec: { replicas, template: { spec: { containers: cpus.length > 0 ? requests(...cpus) : [{ name: 'app' }] } } } });
const check = (workload: Workload, name: string, used: string, hard: string, spec = {}) =>
  overQuota('deployment/api', workload, [{ metadata: { name: 'few' }, spec, status: { hard: { [name]: hard }, used: { [name]: used } } }]);

describe('a full quota', () => {
  it.each<[string, Workload, string, string, string, string]>([
    ['of pods', deployment(3), 'pods', '3', '3', 'beside its 3 old ones: pods is at 3 of 3, and each pod needs 1.'],
    ['of pods, by the other name', deployment(1), 'count/pods', '1', '1', 'beside its 1 old ones: count/pods is at 1 of 1, and each pod needs 1.'],
    ['of processors', deployment(2, '250m', '250m'), 'requests.cpu', '1', '1200m', 'beside its 2 old ones: requests.cpu is at 1 of 1200m, and each pod needs 0.5.'],
  ])('%s that could never hold one pod more than there are is a problem', (_name, workload, name, used, hard, end) => {
    expect(check(workload, name, used, hard)).toEqual({
      warnings: [], problems: [{
        cause: 'quota-exceeded', message: `The ResourceQuota few is too small for a new pod of deployment/api ${end}`,
        hint: `Raise ${name} in the quota, or set maxUnavailable of deployment/api to 1 so an old pod can terminate first.`,
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
      expect.stringMatching(/^The ResourceQuota few has no room now for the first new pod of deployment\/api: [a-z.]+ is at \d+ of \d+, and the pod needs (1|0\.3)\. The pod waits until there is room\.$/),
    ]);
  });
  it.each<[string, Workload, string, string, string, object]>([
    ['has room', deployment(3), 'pods', '3', '4', {}], ['has room to the last fraction', deployment(1, '100m', '200m'), 'requests.cpu', '700m', '1', {}],
    ['has exactly room for all', deployment(9, '100m', '200m'), 'requests.cpu', '2700m', '3', {}],
    ['counts something else', deployment(3), 'secrets', '3', '3', {}],
  ])('that %s is no matter', (_name, workload, name, used, hard, spec) => {
    expect(check(workload, name, used, hard, spec)).toEqual({ problems: [], warnings: [] });
  });
});

describe('a quota of objects', () => {
  const digest = (letter: string) => `registry.example/api@sha256:${letter.repeat(64)}`;
  const template = (image: string, labels = {}) => ({ metadata: { labels: { app: 'api', ...labels } }, spec: { containers: [{ name: 'app', image }] } });
  const to = (kind: 'deployment' | 'statefulset', after: string) => target(kind, { ref: `${kind}/api`, name: 'api', uid: 'uid-api', containers: [{ name: 'app', before: digest('a'), after }] });
  const ownerReferences = [{ uid: 'uid-api', controller: true }];
  const objects = {
    '/apis/apps/v1/namespaces/web/deployments/api': { metadata: { uid: 'uid-api' }, spec: { template: template(digest('a')) } },
    '/apis/apps/v1/namespaces/web/statefulsets/api': { metadata: { uid: 'uid-api' }, spec: { template: template(digest('a')) } },
    '/apis/apps/v1/namespaces/web/replicasets': { items: [{ metadata: { ownerReferences }, spec: { template: template(digest('a'), { 'pod-template-hash': 'x' }) } }] },
    '/apis/apps/v1/namespaces/web/controllerrevisions': { items: [{ metadata: { ownerReferences }, data: { spec: { template: { ...template(digest('a')), $patch: 'replace' } } } }] },
  };
  const quota = (hard: Record<string, string>, used: Record<string, string>, spec = {}) => ({ metadata: { name: 'objects' }, spec, status: { hard, used } });
  const check = (of: object, targets = [to('deployment', digest('b'))], more: object = {}, troubles: readonly ApiError[] = []) => {
    const cluster = fakeCluster({ objects: { ...objects, '/api/v1/namespaces/web/resourcequotas': { items: [of] } as never, ...more } as never });
    for (const trouble of troubles) cluster.troubles.push({ method: 'GET', trouble });
    return checkQuota(cluster.api, 'web', { app: 'api', workloads: [], targets }, new AbortController().signal);
  };
  const full = (name: string) => quota({ [name]: '1' }, { [name]: '1' });

  it.each([
    ['configmaps', 'ConfigMap deploy-ledger-api', 'delete a ConfigMap that is no longer needed'],
    ['count/configmaps', 'ConfigMap deploy-ledger-api', 'delete a ConfigMap that is no longer needed'],
    ['count/leases.coordination.k8s.io', 'Lease deploy-lock-api', 'delete a Lease that is no longer needed'],
    ['count/replicasets.apps', 'a ReplicaSet of deployment/api', 'lower revisionHistoryLimit of deployment/api to delete its oldest ones'],
  ])('of %s without room for what is new is a problem', async (name, what, remedy) => {
    expect(await check(full(name))).toEqual({ warnings: [], problems: [{
      cause: 'quota-exceeded', message: `The ResourceQuota objects has no room for what the run creates: ${name} is at 1 of 1, and ${what} is needed.`,
      hint: `Raise ${name} in the ResourceQuota objects by 1, or ${remedy}.`,
    }] });
  });
  it('of ControllerRevisions is one for a StatefulSet', async () => {
    const { problems } = await check(full('count/controllerrevisions.apps'), [to('statefulset', digest('b'))]);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('a ControllerRevision of statefulset/api is needed')]);
  });
  it.each<[string, object, Parameters<typeof check>[1], object]>([
    ['the template is one that the controller has', full('count/replicasets.apps'), [to('deployment', digest('a'))], {}],
    ['the revision is one that the controller has', full('count/controllerrevisions.apps'), [to('statefulset', digest('a'))], {}],
    ['the record is there', full('configmaps'), undefined, { '/api/v1/namespaces/web/configmaps/deploy-ledger-api': {} }],
    ['there is room', quota({ configmaps: '2' }, { configmaps: '1' }), undefined, {}],
    ['nothing is rolled out', full('configmaps'), [], {}],
    ['it holds for some pods only', { ...full('configmaps'), spec: { scopes: ['BestEffort'] } }, undefined, {}],
    ['it counts something else', full('secrets'), undefined, {}],
    ['it counts something else and was lowered below its use', quota({ secrets: '1' }, { secrets: '5' }), undefined, {}],
    ['the record is there and it was lowered below its use', quota({ configmaps: '1' }, { configmaps: '5' }), undefined, { '/api/v1/namespaces/web/configmaps/deploy-ledger-api': {} }],
  ])('is no matter where %s', async (_what, of, targets, more) => expect(await check(of, targets, more)).toEqual({ problems: [], warnings: [] }));
  it('counts all that is new together', async () => {
    const two = [to('deployment', digest('b')), { ...to('deployment', digest('b')), ref: 'deployment/more', name: 'api' }];
    const { problems } = await check(quota({ 'count/replicasets.apps': '5' }, { 'count/replicasets.apps': '4' }), two);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('a ReplicaSet of deployment/api, a ReplicaSet of deployment/more are needed')]);
  });
  it.each([['2', '1', 1], ['1', '1', 2], ['1', '5', 6]])('of %s with %s used has to be raised until it has room for all that is new', async (hard, used, by) => {
    const two = [to('deployment', digest('b')), { ...to('deployment', digest('b')), ref: 'deployment/more', name: 'api' }];
    const { problems } = await check(quota({ 'count/replicasets.apps': hard }, { 'count/replicasets.apps': used }), two);
    expect(problems.map(({ hint }) => hint)).toEqual([expect.stringContaining(`Raise count/replicasets.apps in the ResourceQuota objects by ${by}, or `)]);
  });
  it('that was lowered below its use has to be raised by the difference as well', async () => {
    const { problems } = await check(quota({ configmaps: '1' }, { configmaps: '5' }));
    expect(problems.map(({ hint }) => hint)).toEqual([expect.stringContaining('Raise configmaps in the ResourceQuota objects by 5, or ')]);
  });
  it('is a warning where it is not certain: the image is still to be built', async () => {
    expect(await check(full('count/replicasets.apps'), [to('deployment', 'registry.example/api:1@(of the build)')])).toEqual({
      problems: [], warnings: [expect.stringContaining('a ReplicaSet of deployment/api may be needed')],
    });
    const lowered = quota({ 'count/replicasets.apps': '1' }, { 'count/replicasets.apps': '5' });
    expect(await check(lowered, [to('deployment', 'registry.example/api:1@(of the build)')])).toEqual({
      problems: [], warnings: [expect.stringMatching(/a ReplicaSet of deployment\/api may be needed.* by 5, or /)],
    });
  });
  it('is not checked where it may not be read', async () => {
    expect(await check(full('configmaps'), undefined, {}, [new ApiError(403, 'Forbidden', 'resourcequotas is forbidden: User "ci" cannot list resource')])).toEqual({ problems: [], warnings: [] });
  });
});
