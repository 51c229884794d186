import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi } from './harness/api.js';
import { faultProxy, type FaultProxy } from './harness/api-fault-proxy.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { rollingOut } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

// Credentials that run out, and rights that are taken away, in the middle of a rollout.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const slow = (): ReturnType<typeof variant> => variant('v2', `${calm},slow-ready=8s`);
const isWatch = ({ path }: { path: string }): boolean => path.includes('watch=true');

/** Calls `begin` when the first line of the rollout is seen. */
async function duringRollout(space: Space, image: Awaited<ReturnType<typeof variant>>, begin: (proxy: FaultProxy) => void) {
  const proxy = await faultProxy(space);
  try {
    let begun = false;
    return await runAction({
      inputs: rolloutInputs(space, image, { kubeconfig: proxy.kubeconfig }),
      onLine: (line) => {
        if (begun || !rollingOut(line)) return;
        begun = true;
        begin(proxy);
        proxy.cutAll();
      },
    });
  } finally {
    await proxy.close();
  }
}

describe('while it rolls out', () => {
  it.concurrent.each([[401], [403]])('watching is refused with %i: the old images are set again, and it is not said that they serve', async (status) => inSpace('nowatch', async (space) => {
    await startHealthy(space);
    const [before, running] = [await snapshotOf(space), await runningImages(space, 'web')];
    const result = await duringRollout(space, await slow(), (proxy) => proxy.set({ when: isWatch, status }));
    expectEnding(result, { verdict: 'rollback-failed', cause: 'permission-denied' });
    expectTold(result, 'The account is no longer allowed to watch the cluster', 'The credentials in the kubeconfig have probably expired');
    expect(await snapshotOf(space)).toEqual(before);
    expect(await runningImages(space, 'web')).toEqual(expect.arrayContaining(running));
    expect((await ledgerOf(space)).run.phase).toBe('unverified');
    expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity).toBe('');

    const v3 = await variant('v3');
    expectEnding(await runAction({ inputs: rolloutInputs(space, v3, { smoke: 'service/web/ -> 200 contains v3' }) }), { verdict: 'deployed' });
  })());

  it.concurrent('everything is refused: the commands to go back are printed, and the next run with other credentials finishes it', inSpace('expired', async (space) => {
    const v1 = await startHealthy(space);
    const before = await snapshotOf(space);
    const never = await variant('v2', `${calm},slow-ready=120s`);
    const result = await duringRollout(space, never, (proxy) => proxy.set({ status: 401 }));
    expectEnding(result, { verdict: 'rollback-failed', cause: 'permission-denied' });
    expectTold(result, 'have probably expired', `set image deployment/web web=${v1.reference}`);

    const next = await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash'), { smoke: 'service/web/ -> 200 contains v3' }), env: { GITHUB_RUN_ID: '4712' } });
    expect(next.report.recovery).toMatchObject({ result: 'restored' });
    expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(await snapshotOf(space)).toEqual(before);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v1.reference);
  }));

  it.concurrent('the watches end and are too old to be resumed (410): deployed all the same', inSpace('gone', async (space) => {
    await startHealthy(space);
    let answered: readonly (number | undefined)[] = [];
    const v2 = await slow();
    const result = await duringRollout(space, v2, (proxy) => {
      proxy.set({ when: isWatch, status: 410, times: 6 });
      answered = proxy.requests.map((request) => request.answered);
    });
    expectEnding(result, { verdict: 'deployed' });
    expect(answered.length).toBeGreaterThan(0);
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  }));
});
