import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { refusePods, silentWebhook } from './harness/admission.js';
import { closeApi } from './harness/api.js';
import { inSpace, rolloutInputs, startHealthy, variant, type HealthyOptions } from './harness/app.js';
import { checkCase, evidenceOf } from './harness/case.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { withSettings } from './harness/workspace.js';

// StatefulSets and DaemonSets have no condition that says why a pod could not be made: it is in events of the workload.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const kinds = [['Deployment'], ['StatefulSet'], ['DaemonSet']] as const;

describe('admission-denied: a policy lets no pod of the new image in', () => {
  it.concurrent.each(kinds)('%s', async (kind) => inSpace('policy', async (space) => {
    const image = await variant('v2');
    let remove: (() => Promise<void>) | undefined;
    try {
      await checkCase(space, {
        cause: 'admission-denied', what: '', healthy: { kind }, patience: { 'admission-denied': '4s' }, sure: [4, 180],
        prepare: async () => {
          remove = await refusePods(space, `${image.name}@${image.digest}`, 'this image is not signed');
        },
        told: ['this image is not signed', `${kind.toLowerCase()}/web`], evidence: /FailedCreate/,
      }, image);
    } finally {
      await remove?.();
    }
  })());
});

describe('admission-denied: a webhook does not answer', () => {
  it.concurrent('Deployment', inSpace('webhook', async (space) => {
    let remove: (() => Promise<void>) | undefined;
    try {
      await checkCase(space, {
        cause: 'admission-denied', what: '', patience: { 'admission-denied': '5s' }, sure: [5, 180],
        prepare: async () => {
          remove = await silentWebhook(space);
        },
        told: ['guard.example.com', 'context deadline exceeded'], evidence: /FailedCreate/, mend: async () => remove?.(),
      }, await variant('v2'));
    } finally {
      await remove?.();
    }
  }));
});

/** No pod more than there are minus one: the one that is replaced does not come back. */
async function shrinkQuota(space: Space): Promise<void> {
  const pods = (await space.list('Pod')).length;
  await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few' }, spec: { hard: { pods: String(pods - 1) } } });
  await space.until('ResourceQuota', 'few', 'is counted', (quota) => quota.status?.used?.pods === String(pods));
}

describe('quota-exceeded where a pod goes before the new one comes', () => {
  const shapes: readonly (readonly [string, HealthyOptions])[] = [
    ['StatefulSet, in order', { kind: 'StatefulSet' }],
    ['StatefulSet, in parallel', { kind: 'StatefulSet', spec: { podManagementPolicy: 'Parallel' } }],
    ['DaemonSet', { kind: 'DaemonSet' }],
  ];
  it.concurrent.each(shapes)('%s: the images are put back, and it is not said that the old version serves while the quota lets no pod in', async (_, healthy) => inSpace('quota', async (space) => {
    const kind = healthy.kind ?? 'Deployment';
    const workloads = `${kind.toLowerCase()}/web`;
    await startHealthy(space, healthy);
    await shrinkQuota(space);
    const [before, running] = [await snapshotOf(space), await runningImages(space, 'web')];
    const result = await withSettings({ patience: { 'quota-exceeded': '4s' } }, async (workspace) =>
      runAction({ workspace, inputs: rolloutInputs(space, await variant('v2'), { workloads }) }));
    expectEnding(result, { verdict: 'rollback-failed', cause: 'quota-exceeded', stage: 'rollout' });
    expectTold(result, 'exceeded quota: few', workloads);
    expect(evidenceOf(result)).toContain('FailedCreate');
    expect(result.report.rollback.notes.join()).toContain('exceeded quota: few');
    expect(await snapshotOf(space)).toEqual(before);
    expect((await ledgerOf(space)).run.phase).toBe('unverified');
    expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity).toBe('');

    await space.remove('ResourceQuota', 'few');
    await space.rolledOut(kind, 'web', 120_000);
    expect(await runningImages(space, 'web')).toEqual(running);
    const v3 = await variant('v3');
    expectEnding(await runAction({ inputs: rolloutInputs(space, v3, { workloads, smoke: 'service/web/ -> 200 contains v3' }) }), { verdict: 'deployed' });
  })());
});
