import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { call, closeApi, pathOf, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { once, rollingOut } from './harness/moments.js';
import { eventually, pause } from './harness/environment.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages } from './harness/snapshot.js';

// What happens to pods in the course of a good rollout, and says nothing of the new version.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const slow = (): Promise<Any> => variant('v2', `${calm},slow-ready=6s`);
const imagesOf = (pod: Any): string[] => pod.spec.containers.map((container: Any) => container.image);

/** A pod of this version that is not going away, once there is one on a node. */
const podOf = (space: Space, image: string): Promise<Any> => eventually(`a pod of ${image}`, async () => {
  const pods = await space.list('Pod', 'app=web');
  return pods.find((pod) => imagesOf(pod).some((each) => each.includes(image)) && !pod.metadata.deletionTimestamp && pod.spec.nodeName);
});

const remove = (space: Space, pod: Any): Promise<unknown> => call('DELETE', pathOf('Pod', space.name, pod.metadata.name));

/** As `kubectl drain` does it. */
const evict = (space: Space, pod: Any): Promise<unknown> => call('POST', `${pathOf('Pod', space.name, pod.metadata.name)}/eviction`, {
  apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata.name },
});

/** As a kubelet says it whose node runs out of something, or that makes room for a more important pod. */
const fail = (space: Space, pod: Any, reason: string): Promise<Any> => call(
  'PATCH', `${pathOf('Pod', space.name, pod.metadata.name)}/status`,
  { status: { phase: 'Failed', reason, message: 'The node was low on resource: memory.' } }, 'application/merge-patch+json',
);

describe('a good version is deployed all the same', () => {
  it.concurrent.each([['Deployment'], ['StatefulSet'], ['DaemonSet']] as const)('%s: somebody deletes its new pods, twice', async (kind) => inSpace('deleted', async (space) => {
    await startHealthy(space, { kind });
    const v2 = await slow();
    const deleting = once(rollingOut, async () => {
      for (let count = 0; count < 2; count += 1) {
        await remove(space, await podOf(space, v2.digest));
        await pause(1500);
      }
    });
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: `${kind.toLowerCase()}/web` }), onLine: deleting.onLine });
    await deleting.done();
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  })());

  it.concurrent('old and new pods are evicted through the API, as when a node is drained', inSpace('drained', async (space) => {
    const v1 = await startHealthy(space);
    const v2 = await slow();
    const draining = once(rollingOut, async () => {
      const [old, fresh] = await Promise.all([podOf(space, v1.digest), podOf(space, v2.digest)]);
      await Promise.all([evict(space, old), evict(space, fresh)]);
    });
    const result = await runAction({ inputs: rolloutInputs(space, v2), onLine: draining.onLine });
    await draining.done();
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  }));

  it.concurrent.each([['Evicted'], ['Preempting']])('a kubelet ends a new pod: %s', async (reason) => inSpace('evicted', async (space) => {
    await startHealthy(space);
    const v2 = await slow();
    const ending = once(rollingOut, async () => {
      expect((await fail(space, await podOf(space, v2.digest), reason)).status).toMatchObject({ phase: 'Failed', reason });
    });
    const result = await runAction({ inputs: rolloutInputs(space, v2), onLine: ending.onLine });
    await ending.done();
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  })());

  it.concurrent('the old version crashes meanwhile, again and again', inSpace('oldcrash', async (space) => {
    const dying = await variant('v1', 'crash-after=15s', { tag: 'v1-dying' });
    await startHealthy(space, { image: dying.reference });
    const v2 = await variant('v2', `${calm},slow-ready=20s`);
    const result = await runAction({ inputs: rolloutInputs(space, v2) });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  }));
});

describe('a good version of a StatefulSet', () => {
  it.concurrent('in parallel', inSpace('parallel', async (space) => {
    await startHealthy(space, { kind: 'StatefulSet', replicas: 3, spec: { podManagementPolicy: 'Parallel' } });
    const v2 = await variant('v2');
    expectEnding(await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'statefulset/web' }) }), { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  }));

  it.concurrent('with a partition: the pods below it stay as they are', inSpace('partition', async (space) => {
    const v1 = await startHealthy(space, { kind: 'StatefulSet', replicas: 3, spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } } });
    const [before, v2] = [await space.list('Pod', 'app=web'), await variant('v2')];
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'statefulset/web', smoke: 'service/web/ -> 200 contains v' }) });
    expectEnding(result, { verdict: 'deployed' });
    const after = await space.list('Pod', 'app=web');
    const byName = (pods: Any[]): Any => Object.fromEntries(pods.map((pod) => [pod.metadata.name, [pod.metadata.uid, imagesOf(pod)[0]]]));
    expect(byName(after)).toEqual({ ...byName(before), 'web-2': [expect.any(String), `${v2.name}@${v2.digest}`] });
    expect(await runningImages(space, 'web')).toEqual([v1.reference, `${v2.name}@${v2.digest}`].sort());
  }));
});
