import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { WorkloadRef } from '../../../src/config/config.js';
import { readAllowed } from '../../../src/target/set-image/facts.js';
import type { AllowedRule } from '../../../src/kubernetes/preflight/needs.js';
import { fakeCluster } from './fake-cluster.js';
import { run } from '../../workflow/runs.js';

/** A cluster in which the account may do this, and nothing else; `undefined`: it does not say. */
function clusterWith(rules: readonly AllowedRule[] | undefined) {
  const cluster = fakeCluster({ objects: { '/api/v1/namespaces/web': {}, '/api/v1/namespaces/web/services': {} } });
  const send = async (_method: string, path: string) => {
    if (path.endsWith('selfsubjectrulesreviews') && rules) return { status: { resourceRules: rules } } as never;
    if (path.endsWith('selfsubjectaccessreviews')) return { status: { allowed: false } } as never;
    throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
  };
  return { ...cluster, api: { ...cluster.api, send } };
}

const rule = (group: string, resources: readonly string[], ...verbs: readonly string[]): AllowedRule => ({ apiGroups: [group], resources, verbs });
/** Everything but what concerns workloads. */
const rules = [
  rule('', ['pods', 'events', 'services', 'configmaps'], 'get', 'list', 'watch', 'create', 'update'), rule('', ['pods/log'], 'get'),
  rule('discovery.k8s.io', ['endpointslices'], '*'), rule('coordination.k8s.io', ['leases'], '*'),
];
const chosen: readonly WorkloadRef[] = [{ kind: 'deployment', name: 'api' }, { kind: 'statefulset', name: 'db' }];

describe('the rights of a run', () => {
  it('are asked for the workloads that the ledger chose, where the settings name none', async () => {
    await expect(readAllowed(run(), clusterWith(rules), () => chosen)).rejects.toMatchObject({
      code: 'permission-denied', message: expect.stringContaining('list, watch, get, patch deployments (api); list, watch, get, patch statefulsets (db); list, watch replicasets; delete pods.'),
    });
    expect((await readAllowed(run(), clusterWith(rules), () => [])).found).toEqual([]);
  });
  it('are asked for as far as they are known, where the ledger may not be read', async () => {
    const cluster = clusterWith(rules.filter(({ resources }) => resources?.includes('leases')));
    cluster.troubles.push({ method: 'GET', trouble: new ApiError(403, 'Forbidden', 'configmaps is forbidden') });
    await expect(readAllowed(run(), cluster, () => chosen)).rejects.toMatchObject({ message: expect.stringContaining('create, get, update configmaps') });
  });
  it('are not what is missing where the namespace is: that is said, also to an account that may do everything', async () => {
    const cluster = clusterWith([rule('*', ['*'], '*')]);
    cluster.objects.delete('/api/v1/namespaces/web');
    await expect(readAllowed(run(), cluster, () => chosen)).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringMatching(/The namespace web does not exist\.$/) });
  });
  it('are not what is missing where the namespace is being deleted, and neither are the workloads', async () => {
    for (const some of [[rule('*', ['*'], '*')], rules]) {
      const cluster = clusterWith(some);
      cluster.put('/api/v1/namespaces/web', { status: { phase: 'Terminating' } } as never);
      await expect(readAllowed(run(), cluster, () => chosen)).rejects.toMatchObject({ code: 'not-deployable', message: 'The namespace web is being deleted.' });
    }
  });
  it('that could not be asked for are warned of, and the run goes on', async () => {
    const deploy = run();
    expect((await readAllowed(deploy, clusterWith(undefined), () => chosen)).found.map(({ workload }) => workload)).toEqual([undefined, undefined]);
    expect((deploy.ports as { lines?: readonly string[] }).lines).toEqual([
      'warning The cluster does not report the permissions of this account, so they could not be checked before the change.',
    ]);
  });
});

describe('a workload that does not exist', () => {
  const listOf = (...names: readonly string[]) => ({ items: names.map((name) => ({ metadata: { name } })) }) as never;

  it('comes with those that do, of every kind', async () => {
    const cluster = clusterWith([rule('*', ['*'], '*')]);
    cluster.put('/apis/apps/v1/namespaces/web/deployments', listOf('apii'));
    cluster.put('/apis/batch/v1/namespaces/web/cronjobs', listOf('db'));
    const { found } = await readAllowed(run(), cluster, () => chosen);
    expect(found.map(({ others }) => others)).toEqual([['deployment/apii', 'cronjob/db'], ['deployment/apii', 'cronjob/db']]);
  });
  it('is what is wrong where a permission names another one: no Role is printed for it', async () => {
    const named = [...rules, rule('apps', ['deployments', 'replicasets'], 'list', 'watch'), { ...rule('apps', ['deployments'], 'get', 'patch'), resourceNames: ['notes'] }];
    const cluster = clusterWith(named);
    cluster.put('/apis/apps/v1/namespaces/web/deployments', listOf('notes'));
    const error = await readAllowed(run(), cluster, () => [{ kind: 'deployment', name: 'note' }, { kind: 'deployment', name: 'notes' }]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'config-invalid', message: 'workload deployment/note: does not exist in namespace web', hint: 'Did you mean "deployment/notes"?', evidence: [],
    });
  });
});
