import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { call, closeApi } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { once } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { snapshotOf } from './harness/snapshot.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const watching = (line: string): boolean => /^watch +health/.test(line);

/** All pods of the new version answer with status 500 from now on. */
async function breakPods(space: Space, { digest }: PushedImage): Promise<void> {
  const pods = (await space.list('Pod', 'app=web')).filter(({ metadata, spec }) => !metadata.deletionTimestamp && spec.containers[0].image.endsWith(digest));
  expect(pods.length).toBeGreaterThan(0);
  await Promise.all(pods.map(({ metadata: { name } }) => call('POST', `/api/v1/namespaces/${space.name}/pods/${name}:8080/proxy/break`)));
}

describe('a version that is watched', () => {
  it.concurrent('and fails only after its smoke checks is rolled back', inSpace('watch', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const image = await variant('v2', calm, { tag: 'late' });
    const moment = once(watching, () => breakPods(space, image));
    const inputs = { ...rolloutInputs(space, image), 'watch': '3m', 'watch-interval': '2s' };
    const result = await runAction({ inputs, onLine: moment.onLine });
    await moment.done();
    expectEnding(result, { verdict: 'rolled-back', cause: 'guard-breached', stage: 'watch' });
    expectTold(result, 'Guard health was breached', 'returned status 500 instead of 200');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('and stays healthy is deployed, with what was seen', inSpace('watch', async (space) => {
    await startHealthy(space);
    const result = await runAction({ inputs: { ...rolloutInputs(space, await variant('v2')), 'watch': '6s', 'watch-interval': '2s' } });
    expectEnding(result, { verdict: 'deployed' });
    expect(result.report.verified.map(({ what }: { what: string }) => what)).toEqual(expect.arrayContaining(['watch of 6s', 'guard health']));
    expect((await ledgerOf(space)).run.phase).toBe('verified');
  }));
});
