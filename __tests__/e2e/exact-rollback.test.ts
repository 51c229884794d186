import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { call, closeApi, pathOf, type Any } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { once, rollingOut } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { deployment } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const slow = `${calm},slow-ready=30s`;

/** An autoscaler that owns the replicas. There are no metrics, so that it only keeps them in its bounds. */
const autoscale = (space: Space): Promise<Any> => call('POST', `/apis/autoscaling/v2/namespaces/${space.name}/horizontalpodautoscalers`, {
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 5,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  },
});

/** As the autoscaler does it: by the subresource, in its own name. */
const scaleTo = (space: Space, replicas: number): Promise<Any> =>
  call('PATCH', `${pathOf('Deployment', space.name, 'web')}/scale?fieldManager=autoscaler`, { spec: { replicas } }, 'application/merge-patch+json');

const replicasOf = async (space: Space): Promise<number> => (await space.get('Deployment', 'web')).spec.replicas;

describe('replicas belong to the autoscaler', () => {
  it.concurrent.each([['good', 'v2', calm, 'deployed'], ['bad', 'v2', 'crash', 'rolled-back']] as const)('scaled while a %s version is rolled out: stays scaled', async (_, version, mode, verdict) =>
    inSpace('hpa', async (space) => {
      await startHealthy(space);
      await autoscale(space);
      const scaling = once(rollingOut, () => scaleTo(space, 3));
      const result = await runAction({ inputs: rolloutInputs(space, await variant(version, mode)), onLine: scaling.onLine });
      await scaling.done();
      expectEnding(result, { verdict, cause: verdict === 'deployed' ? undefined : 'crash-loop' });
      expect(await replicasOf(space)).toBe(3);
      const { managedFields } = (await space.get('Deployment', 'web')).metadata;
      const owners = managedFields.filter((each: Any) => each.fieldsV1?.['f:spec']?.['f:replicas']).map((each: Any) => each.manager);
      expect(owners).toContain('autoscaler');
      expect(owners.filter((owner: string) => !['autoscaler', 'e2e'].includes(owner))).toEqual([]);
    })());
});

describe('what undo by revision cannot do', () => {
  it.concurrent('no history at all (revisionHistoryLimit 0)', inSpace('history', async (space) => {
    await startHealthy(space, { replicas: 1, spec: { revisionHistoryLimit: 0 } });
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', `${calm},wrong-answer`), { 'prove-first': 'false' }) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'smoke-failed' });
    // The ReplicaSet of the old version was gone, and was made anew.
    const [old, now] = [before, await snapshotOf(space)].map((all) => Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('ReplicaSet/'))));
    expect(now).toEqual(old);
  }));

  it.concurrent('over a version that is broken: back to the last proven release, not to the broken one', inSpace('wayback', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const good = await variant('v2');
    expectEnding(await runAction({ inputs: rolloutInputs(space, good) }), { verdict: 'deployed' });
    const broken = await variant('v3', 'unready');
    const [container] = (await space.get('Deployment', 'web')).spec.template.spec.containers;
    await space.patch('Deployment', 'web', { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }, template: { spec: { containers: [{ ...container, image: broken.reference }] } } } });
    await space.until('Deployment', 'web', 'is broken', (d) => d.status.observedGeneration === d.metadata.generation && d.status.unavailableReplicas === 1 && d.status.updatedReplicas === 1);

    const result = await runAction({ inputs: rolloutInputs(space, await variant('v4', 'crash'), { smoke: '' }) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(result.log).toContain(`a rollback would restore the last verified release, ${good.name}@${good.digest}`);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(`${good.name}@${good.digest}`);
    expect(await runningImages(space, 'web')).toEqual([`${good.name}@${good.digest}`]);
    expect(result.report.changes).toMatchObject([{ before: broken.reference, now: `${good.name}@${good.digest}` }]);
  }));
});

describe('the workload is not the same any more', () => {
  it.concurrent('deleted in the middle of the run: superseded, and not made anew', inSpace('deleted', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const deleting = once(rollingOut, () => space.remove('Deployment', 'web'));
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', slow)), onLine: deleting.onLine });
    await deleting.done();
    expectEnding(result, { verdict: 'rollback-failed', cause: 'superseded' });
    expectTold(result, 'eployment/web was deleted');
    expect(await space.get('Deployment', 'web')).toBeUndefined();
  }));

  it.concurrent('deleted and made anew by somebody else: superseded, and nothing of theirs is overwritten', inSpace('recreated', async (space) => {
    const v1 = await startHealthy(space, { replicas: 1 });
    const v3 = await variant('v3');
    const recreating = once(rollingOut, async () => {
      await space.remove('Deployment', 'web');
      await space.apply(deployment('web', { image: v3.reference, replicas: 1 }));
    });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', slow)), onLine: recreating.onLine });
    await recreating.done();
    expectEnding(result, { verdict: 'rollback-failed', cause: 'superseded' });
    // It may be seen before the other one is there, or after.
    expectTold(result, 'eployment/web was deleted');
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v3.reference);
    expect(await imageOf(space, 'Deployment', 'web')).not.toBe(v1.reference);
    expect((await space.get('Deployment', 'web')).spec.paused).toBeUndefined();
  }));

  it.concurrent('paused by somebody else in the middle: superseded at once, and left as they want it', inSpace('paused', async (space) => {
    await startHealthy(space);
    const bad = await variant('v2', slow);
    const pausing = once(rollingOut, () => space.patch('Deployment', 'web', { spec: { paused: true } }));
    const result = await runAction({ inputs: rolloutInputs(space, bad, { smoke: '' }), onLine: pausing.onLine });
    await pausing.done();
    expectEnding(result, { verdict: 'rollback-failed', cause: 'superseded' });
    expectTold(result, 'eployment/web was paused by someone else');
    expect((await space.get('Deployment', 'web')).spec.paused).toBe(true);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(`${bad.name}@${bad.digest}`);
  }));
});
