import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { call, closeApi } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { evidenceOf } from './harness/case.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages } from './harness/snapshot.js';

// What is there before a run is broken, or is what the run itself sets.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const referenceOf = ({ name, digest }: PushedImage): string => `${name}@${digest}`;

/** As `kubectl set image` does it by hand. */
async function setByHand(space: Space, kind: string, image: string): Promise<void> {
  const [container] = (await space.get(kind, 'web')).spec.template.spec.containers;
  await space.patch(kind, 'web', { spec: { template: { spec: { containers: [{ ...container, image }] } } } });
}

const isBroken = (space: Space): Promise<unknown> =>
  space.until('Pod', 'web-1', 'is broken', ({ status }) => status.containerStatuses?.some(({ state, restartCount }: { state: { waiting?: { reason: string } }; restartCount: number }) =>
    /BackOff|ErrImagePull/.test(state.waiting?.reason ?? '') || restartCount > 1));

describe('a StatefulSet that waits for a broken pod', () => {
  it.concurrent.each([['crashes', 'crash'], ['does not exist', undefined]] as const)('of an image that %s: the good version is deployed over it, and the log of that pod is kept', async (what, mode) => inSpace('stuck', async (space) => {
    const v1 = await startHealthy(space, { kind: 'StatefulSet' });
    await setByHand(space, 'StatefulSet', mode ? (await variant('v9', mode)).reference : `${v1.name}:no-such-tag`);
    await isBroken(space);
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'statefulset/web:web', timeout: '90s' }) });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    expect(result.log).toContain('delete pod web-1');
    expect(result.summary).toContain('Pod web-1 of statefulset/web is deleted, because it is broken');
  })());

  it.concurrent('left by a run: another bad version is taken back to the last good one, and so does the rollback action', inSpace('left', async (space) => {
    await startHealthy(space, { kind: 'StatefulSet' });
    const [v2, bad] = [await variant('v2'), await variant('v3', 'crash')];
    const workloads = 'statefulset/web';
    expectEnding(await runAction({ inputs: rolloutInputs(space, v2, { workloads }) }), { verdict: 'deployed' });
    expectEnding(await runAction({ inputs: rolloutInputs(space, bad, { workloads, rollback: 'off' }) }), { verdict: 'rollback-failed', cause: 'crash-loop' });

    const another = await runAction({ inputs: rolloutInputs(space, await variant('v4', 'crash'), { workloads }) });
    expectEnding(another, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    expect(evidenceOf(another)).toContain('Pod web-1 of statefulset/web is deleted, because it is broken');

    expectEnding(await runAction({ inputs: rolloutInputs(space, bad, { workloads, rollback: 'off' }) }), { verdict: 'rollback-failed', cause: 'crash-loop' });
    const inputs = { kubeconfig: space.kubeconfig, namespace: space.name, image: v2.name, workloads, smoke: 'service/web/ -> 200 contains v2' };
    expectEnding(await runAction({ action: 'rollback', inputs }), { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
  }));
});

describe('the release that is gone back to is what the run itself has set', () => {
  it.concurrent('and it fails: rollback-failed, not that no workload was changed', inSpace('kept', async (space) => {
    await startHealthy(space, { spec: { strategy: { type: 'Recreate' } } });
    const [v2, bad] = [await variant('v2'), await variant('v3', 'crash')];
    expectEnding(await runAction({ inputs: rolloutInputs(space, v2) }), { verdict: 'deployed' });
    expectEnding(await runAction({ inputs: rolloutInputs(space, bad, { rollback: 'off', smoke: '' }) }), { verdict: 'rollback-failed', cause: 'crash-loop' });
    await call('PATCH', `/api/v1/namespaces/${space.name}`, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } }, 'application/merge-patch+json');

    const inputs = { kubeconfig: space.kubeconfig, namespace: space.name, image: v2.name, workloads: 'deployment/web', smoke: 'service/web/ -> 200 contains v2' };
    const result = await runAction({ action: 'rollback', inputs });
    expectEnding(result, { verdict: 'rollback-failed', cause: 'admission-denied' });
    expect(result.summary).not.toContain('No workload was changed');
    expect(result.summary).toContain('There was no healthy version to roll back to');
    expectTold(result, 'there is no other version to restore');
    expect(result.report).toMatchObject({ changes: [{ before: referenceOf(bad), after: referenceOf(v2), now: referenceOf(v2) }], undoCommands: [] });
    expect((await ledgerOf(space)).run.phase).toBe('unverified');
    expect(await imageOf(space, 'Deployment', 'web')).toBe(referenceOf(v2));
  }));
});

describe('a sidecar whose tag is moved', () => {
  it.concurrent('is no part of the rollback: it is told, and the run ends rolled-back', inSpace('sidecar', async (space) => {
    const agent = await variant('agent', calm, { tag: `agent-${space.name}`, env: { PORT: '8081' } });
    const sidecar = { name: 'agent', image: `${agent.name}:${agent.tag}`, imagePullPolicy: 'Always', resources: { requests: { cpu: '1m', memory: '8Mi' } } };
    const v1 = await startHealthy(space, { sidecars: [sidecar] });
    await variant('agent2', calm, { tag: agent.tag, env: { PORT: '8081' } });
    const result = await runAction({
      inputs: rolloutInputs(space, await variant('v2', `${calm},wrong-answer`), { workloads: 'deployment/web:web', 'prove-first': 'false', smoke: 'service/web/ -> 200' }),
    });
    expectEnding(result, { verdict: 'rolled-back', cause: 'smoke-failed' });
    expectTold(result, 'Container agent of deployment/web runs another digest');
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v1.reference);
  }));
});
