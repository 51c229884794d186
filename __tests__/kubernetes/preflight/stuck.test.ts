import { expect, it } from '@jest/globals';
import type { Api } from '../../../src/kubernetes/client/api.js';
import type { Pod, Workload } from '../../../src/kubernetes/client/objects.js';
import { checkStuck } from '../../../src/kubernetes/preflight/stuck.js';
import { ended, pod, running, waiting } from '../judge/build.js';
import { fakeCluster } from '../../target/set-image/fake-cluster.js';

const set = (spec: Workload['spec'] = {}, readyReplicas: number | undefined = 1): Workload =>
  ({ metadata: { name: 'db', uid: 'uid-db' }, spec: { replicas: 2, selector: { matchLabels: { app: 'db' } }, ...spec }, status: { readyReplicas } });
const crashing = pod('db-1', { owner: 'uid-db', statuses: [waiting('CrashLoopBackOff')] });

async function warnings(workload: Workload, pods: readonly Pod[], kind: 'statefulset' | 'deployment' = 'statefulset'): Promise<{ told: readonly string[]; asked: number }> {
  let asked = 0;
  const get: Api['get'] = async <T>() => {
    asked += 1;
    return { items: pods } as T;
  };
  const checked = await checkStuck({ ...fakeCluster().api, get }, 'web', { ref: `${kind}/db`, kind, workload }, Date.parse('2026-01-01T00:00:30Z'), new AbortController().signal);
  expect(checked.problems).toEqual([]);
  return { told: checked.warnings, asked };
}

it('a broken pod that the controller of a StatefulSet waits for is told of beforehand', async () => {
  expect((await warnings(set(), [pod('db-0', { owner: 'uid-db' }), crashing])).told).toEqual([
    'Pod db-1 of statefulset/db is broken (app: CrashLoopBackOff). It is deleted after the change unless it becomes ready, because the StatefulSet controller waits for it and never replaces it.',
  ]);
});

const lately = '2026-01-01T00:00:20Z';
const since = (startedAt: string) => ({ ready: false, state: { running: { startedAt } } });
const unready = (lastTransitionTime: string) => [{ type: 'Ready', status: 'False', lastTransitionTime }];
const longAgo = '2025-12-31T23:50:00Z';
it.each<[string, string, Pod]>([
  ['is never ready', 'started, not ready', pod('db-1', { owner: 'uid-db', conditions: unready(longAgo), statuses: [running(since(longAgo))] })],
  ['runs again at this moment, as so often', 'restarted (app)', pod('db-1', { owner: 'uid-db', conditions: unready(lately), statuses: [running({ ...since(lately), restartCount: 3 })] })],
  ['waits in an init container', 'init container migrate is running', pod('db-1', {
    owner: 'uid-db', conditions: unready(longAgo), statuses: [waiting('PodInitializing')], initStatuses: [running({ name: 'migrate', ...since(longAgo) })],
  })],
  ['fails in an init container', 'migrate: exit code 1', pod('db-1', {
    owner: 'uid-db', statuses: [waiting('PodInitializing')], initStatuses: [ended({ exitCode: 1 }, { name: 'migrate' })],
  })],
])('also one that %s', async (_what, words, each) => expect((await warnings(set(), [each])).told).toEqual([expect.stringMatching(new RegExp(`^Pod db-1 of statefulset/db is (broken|not ready) \\(${words.replace('(app)', '\\(app\\)')}\\)\\. It is deleted after the change`))]));

it.each<[string, Pod]>([
  ['one that is ready', pod('db-1', { owner: 'uid-db' })],
  ['one that only starts', pod('db-1', { owner: 'uid-db', statuses: [waiting('ContainerCreating')] })],
  ['one that runs and is not ready yet', pod('db-1', { owner: 'uid-db', conditions: unready(lately), statuses: [running(since(lately))] })],
  ['one that is being initialized', pod('db-1', { owner: 'uid-db', conditions: unready(lately), statuses: [waiting('PodInitializing')], initStatuses: [running({ name: 'migrate', ...since(lately) })] })],
  ['one of another workload', pod('db-1', { owner: 'uid-other', statuses: [waiting('CrashLoopBackOff')] })],
])('and no other: %s', async (_what, each) => expect((await warnings(set(), [each])).told).toEqual([]));

it('nothing is asked where nothing can be stuck', async () => {
  expect(await warnings(set({ podManagementPolicy: 'Parallel' }), [crashing])).toEqual({ told: [], asked: 0 });
  expect(await warnings(set({}, 2), [crashing])).toEqual({ told: [], asked: 0 });
  expect(await warnings(set(), [crashing], 'deployment')).toEqual({ told: [], asked: 0 });
});
