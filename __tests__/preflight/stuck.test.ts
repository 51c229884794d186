import { expect, it } from '@jest/globals';
import type { Api } from '../../src/cluster/api.js';
import type { Pod, Workload } from '../../src/cluster/objects.js';
import { checkStuck } from '../../src/preflight/stuck.js';
import { pod, running, waiting } from '../rollout/build.js';
import { fakeCluster } from '../rollout/fake-cluster.js';

const set = (spec: Workload['spec'] = {}, readyReplicas: number | undefined = 1): Workload =>
  ({ metadata: { name: 'db', uid: 'uid-db' }, spec: { replicas: 2, selector: { matchLabels: { app: 'db' } }, ...spec }, status: { readyReplicas } });
const crashing = pod('db-1', { owner: 'uid-db', statuses: [waiting('CrashLoopBackOff')] });

async function warnings(workload: Workload, pods: readonly Pod[], kind: 'statefulset' | 'deployment' = 'statefulset'): Promise<{ told: readonly string[]; asked: number }> {
  let asked = 0;
  const get: Api['get'] = async <T>() => {
    asked += 1;
    return { items: pods } as T;
  };
  const checked = await checkStuck({ ...fakeCluster().api, get }, 'web', { ref: `${kind}/db`, kind, workload }, new AbortController().signal);
  expect(checked.problems).toEqual([]);
  return { told: checked.warnings, asked };
}

it('a broken pod that the controller of a StatefulSet waits for is told of beforehand', async () => {
  expect((await warnings(set(), [pod('db-0', { owner: 'uid-db' }), crashing])).told).toEqual([
    'Pod db-1 of statefulset/db is broken (app: CrashLoopBackOff), and will be deleted after the change unless it becomes ready: the StatefulSet controller waits for it and never replaces it.',
  ]);
});

it.each<[string, Pod]>([
  ['one that is ready', pod('db-1', { owner: 'uid-db' })],
  ['one that only starts', pod('db-1', { owner: 'uid-db', statuses: [waiting('ContainerCreating')] })],
  ['one that runs and is not ready yet', pod('db-1', { owner: 'uid-db', statuses: [running({ ready: false })] })],
  ['one of another workload', pod('db-1', { owner: 'uid-other', statuses: [waiting('CrashLoopBackOff')] })],
])('and no other: %s', async (_what, each) => expect((await warnings(set(), [each])).told).toEqual([]));

it('nothing is asked where nothing can be stuck', async () => {
  expect(await warnings(set({ podManagementPolicy: 'Parallel' }), [crashing])).toEqual({ told: [], asked: 0 });
  expect(await warnings(set({}, 2), [crashing])).toEqual({ told: [], asked: 0 });
  expect(await warnings(set(), [crashing], 'deployment')).toEqual({ told: [], asked: 0 });
});
