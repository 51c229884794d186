import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi, type Any } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { deployment } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

describe('several workloads are one unit', () => {
  it.concurrent('when one fails, all go back', inSpace('unit', async (space) => {
    const worker = { container: { env: [{ name: 'ROLE', value: 'worker' }] } };
    await startHealthy(space);
    await startHealthy(space, { name: 'worker', withoutService: true, ...worker });
    await startHealthy(space, { kind: 'CronJob', name: 'nightly' });
    const before = await snapshotOf(space);
    const v2 = await variant('v2', calm, { tag: 'v2-bad-worker', env: { MODE_worker: 'crash' } });
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'deployment/web\ndeployment/worker\ncronjob/nightly' }) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop' });
    expectTold(result, 'deployment/worker');
    expect(await snapshotOf(space)).toEqual(before);
    expect(result.report.changes).toHaveLength(3);
  }));

  it.concurrent('more of them than node takes for a leak of listeners: deployed, and no warning of it', inSpace('many', async (space) => {
    const names = Array.from({ length: 14 }, (_, index) => `web-${index}`);
    const [v1, v2] = await Promise.all([variant('v1'), variant('v2')]);
    await space.apply(...names.map((name) => deployment(name, { image: v1.reference, replicas: 0 })));
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: names.map((name) => `deployment/${name}`).join('\n'), smoke: '' }) });
    expectEnding(result, { verdict: 'deployed' });
    expect(result.report.changes).toHaveLength(14);
  }));
});

describe('workloads that take different times', () => {
  it.concurrent('one that is done waits for the others, whatever their Services lead to meanwhile', inSpace('times', async (space) => {
    await startHealthy(space);
    await startHealthy(space, { kind: 'StatefulSet', name: 'db', container: { env: [{ name: 'ROLE', value: 'db' }] } });
    await startHealthy(space, { kind: 'StatefulSet', name: 'single', replicas: 1, container: { env: [{ name: 'ROLE', value: 'db' }] } });
    const v2 = await variant('v2', calm, { tag: 'v2-slow-db', env: { MODE_db: `${calm},slow-ready=18s` } });
    const smoke = ['web', 'db', 'single'].map((name) => `service/${name}/ -> 200 contains v2`).join('\n');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'deployment/web\nstatefulset/db\nstatefulset/single', smoke }) });
    expectEnding(result, { verdict: 'deployed' });
    for (const name of ['web', 'db', 'single']) expect(await runningImages(space, name)).toEqual([`${v2.name}@${v2.digest}`]);
  }));
});

/** Sets the image as somebody else, in the middle of a run. */
async function meddle(space: Space, name: string, image: string): Promise<void> {
  const [container] = (await space.get('Deployment', name)).spec.template.spec.containers;
  await space.patch('Deployment', name, { spec: { template: { spec: { containers: [{ ...container, image }] } } } });
}

/** Calls back once, when the rollout is under way. */
function whenRollingOut(act: () => Promise<void>): { readonly onLine: (line: string) => void; readonly done: () => Promise<void> } {
  let acting: Promise<void> | undefined;
  return {
    onLine: (line) => {
      if (/^rollout +deployment\//.test(line)) acting ??= act();
    },
    done: async () => {
      if (!acting) throw new Error('the rollout was never seen');
      await acting;
    },
  };
}

describe('somebody else changes the workload in mid-run', () => {
  it.concurrent('nothing of theirs is overwritten', inSpace('superseded', async (space) => {
    await startHealthy(space);
    const [v2, v3] = [await variant('v2', 'slow-ready=30s'), await variant('v3')];
    const meddling = whenRollingOut(() => meddle(space, 'web', v3.reference));
    const result = await runAction({ inputs: rolloutInputs(space, v2), onLine: meddling.onLine });
    await meddling.done();
    expectEnding(result, { verdict: 'rollback-failed', cause: 'superseded' });
    expectTold(result, v3.reference);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v3.reference);
    await space.rolledOut('Deployment', 'web');
    expect(await runningImages(space, 'web')).toEqual([v3.reference]);
  }));

  it.concurrent('what they left alone is put back all the same', inSpace('halfway', async (space) => {
    const v1 = await startHealthy(space);
    await startHealthy(space, { name: 'worker', withoutService: true });
    const [v2, v3] = [await variant('v2', 'slow-ready=30s'), await variant('v3')];
    const meddling = whenRollingOut(() => meddle(space, 'worker', v3.reference));
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'deployment/web\ndeployment/worker' }), onLine: meddling.onLine });
    await meddling.done();
    expectEnding(result, { verdict: 'rollback-failed', cause: 'superseded' });
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v1.reference);
    expect(await imageOf(space, 'Deployment', 'worker')).toBe(v3.reference);
    expectTold(result, 'deployment/worker');
  }));

  it.concurrent('a change of scale is theirs, and stays', inSpace('scale', async (space) => {
    await startHealthy(space);
    const before = await imageOf(space, 'Deployment', 'web');
    const scaling = whenRollingOut(async () => void (await space.patch('Deployment', 'web', { spec: { replicas: 3 } })));
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'crash')), onLine: scaling.onLine });
    await scaling.done();
    expectEnding(result, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(await imageOf(space, 'Deployment', 'web')).toBe(before);
    expect((await space.get('Deployment', 'web')).spec.replicas).toBe(3);
  }));
});

describe('the rollback action', () => {
  it.concurrent('puts back the release before, and then the one after it again', inSpace('back', async (space) => {
    const v1 = await startHealthy(space);
    const v2 = await variant('v2');
    expectEnding(await runAction({ inputs: rolloutInputs(space, v2) }), { verdict: 'deployed' });
    const { kubeconfig, namespace, image, workloads } = rolloutInputs(space, v2) as Record<'kubeconfig' | 'namespace' | 'image' | 'workloads', string>;
    const result = await runAction({ action: 'rollback', inputs: { kubeconfig, namespace, image, workloads, smoke: 'service/web/ -> 200 contains v1' } });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([v1.reference]);
    expect(result.report.changes).toMatchObject([{ workload: 'deployment/web', after: v1.reference, now: v1.reference }]);
  }));

  it.concurrent('never goes to a release that failed', inSpace('skip', async (space) => {
    const v1 = await startHealthy(space);
    const good = await variant('v2');
    expectEnding(await runAction({ inputs: rolloutInputs(space, good) }), { verdict: 'deployed' });
    expectEnding(await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash')) }), { verdict: 'rolled-back', cause: 'crash-loop' });
    const { kubeconfig, namespace, image, workloads } = rolloutInputs(space, good) as Record<'kubeconfig' | 'namespace' | 'image' | 'workloads', string>;
    const result = await runAction({ action: 'rollback', inputs: { kubeconfig, namespace, image, workloads } });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([v1.reference]);
  }));

  it.concurrent('says so when there is nothing to go back to', inSpace('first', async (space) => {
    const v1 = await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({
      action: 'rollback', inputs: { kubeconfig: space.kubeconfig, namespace: space.name, image: v1.name, workloads: 'deployment/web' },
    });
    expect(result.outputs.verdict).toBe('failed');
    expect(result.exitCode).toBe(1);
    expect(await snapshotOf(space)).toEqual(before);
  }));
});

describe('the rollout action', () => {
  it.concurrent('rolls out an image that exists', inSpace('rollout', async (space) => {
    await startHealthy(space);
    const v2 = await variant('v2');
    const result = await runAction({ action: 'rollout', inputs: rolloutInputs(space, v2) });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    expect(result.report.timeline.map((span: Any) => span.stage)).toEqual(expect.arrayContaining(['rollout', 'smoke']));
  }));
});
