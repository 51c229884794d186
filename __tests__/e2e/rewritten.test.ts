import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { rewriteImages } from './harness/admission.js';
import { closeApi } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages } from './harness/snapshot.js';

// Admission that makes another image of the one that is set.

jest.setTimeout(240_000);
afterAll(() => {
  closeApi();
  closeImages();
});

/** The same registry under another name, as a cache has it. */
const cached = (image: string): string => image.replace(/^127\.0\.0\.1:/, 'localhost:');

const rewriting = (label: string, rewrite: (image: string) => string, body: (space: Space) => Promise<void>) => inSpace(label, async (space) => {
  const stop = await rewriteImages(space, rewrite);
  try {
    await body(space);
  } finally {
    await stop();
  }
});

describe('a webhook that rewrites the registry of each image', () => {
  it.concurrent('the good version is deployed, and unchanged the next time; the bad one is taken back; the rollback action goes back', rewriting('cache', cached, async (space) => {
    const v1 = await startHealthy(space);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(cached(v1.reference));
    const workloads = 'deployment/web:web';

    const v2 = await variant('v2');
    const v2Cached = cached(`${v2.name}@${v2.digest}`);
    // The container is found without its name.
    const good = await runAction({ inputs: rolloutInputs(space, v2, { workloads: 'deployment/web' }) });
    expectEnding(good, { verdict: 'deployed' });
    expect(good.log).toContain(`admission rewrites ${v2.name}@${v2.digest} to ${v2Cached}`);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v2Cached);
    expect((await ledgerOf(space)).releases[0].contents).toMatchObject([{ version: v2Cached }]);
    expectEnding(await runAction({ inputs: rolloutInputs(space, v2, { workloads }) }), { verdict: 'unchanged' });

    for (const [mode, more] of [['crash', {}], [`${calm},wrong-answer`, { 'prove-first': 'false' }]] as const) {
      const bad = await runAction({ inputs: rolloutInputs(space, await variant('v3', mode), { workloads, ...more }) });
      expectEnding(bad, { verdict: 'rolled-back', cause: mode === 'crash' ? 'crash-loop' : 'smoke-failed' });
      expect(await imageOf(space, 'Deployment', 'web')).toBe(v2Cached);
      expect(await runningImages(space, 'web')).toEqual([v2Cached]);
    }

    const inputs = { kubeconfig: space.kubeconfig, namespace: space.name, image: v2.name, workloads: 'deployment/web', smoke: 'service/web/ -> 200 contains v1' };
    expectEnding(await runAction({ action: 'rollback', inputs }), { verdict: 'deployed' });
    expect(await imageOf(space, 'Deployment', 'web')).toBe(cached(v1.reference));
  }));

  it.concurrent('one that sets another digest: what was there before is back', inSpace('another', async (space) => {
    const v1 = await startHealthy(space);
    const [v2, v3] = [await variant('v2'), await variant('v3')];
    const stop = await rewriteImages(space, (image) => (image.endsWith(v2.digest) ? v3.reference : image));
    const result = await runAction({ inputs: rolloutInputs(space, v2) }).finally(stop);
    expectEnding(result, { verdict: 'rolled-back', cause: 'superseded' });
    expect(result.log).toContain(`but is set to ${v3.reference} a moment later`);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v1.reference);
  }));
});
