import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant, type HealthyOptions } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { startLoad, type LoadResult } from './harness/load.js';
import { held } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const wrongAnswer = () => variant('v2', `${calm},wrong-answer`);
const rolling = (maxSurge: number | string, maxUnavailable: number | string): Any => ({ strategy: { rollingUpdate: { maxSurge, maxUnavailable } } });

/** uids of the pods that are not going away. */
async function podsOf(space: Space): Promise<string[]> {
  const pods = await space.list('Pod', 'app=web');
  return pods.filter((pod) => !pod.metadata.deletionTimestamp).map((pod) => pod.metadata.uid).sort();
}

const isPaused = async (space: Space): Promise<boolean> => (await space.get('Deployment', 'web')).spec.paused ?? false;

interface Shape {
  readonly what: string;
  readonly healthy: HealthyOptions;
  /** What is said of the first wave. */
  readonly wave: string;
  /** How many of the old pods a bad version leaves alone at least. */
  readonly kept: number;
}

const shapes: readonly Shape[] = [
  { what: 'two replicas', healthy: { replicas: 2 }, wave: 'at most 1 of 2 pods, with every old pod kept', kept: 2 },
  { what: 'one replica', healthy: { replicas: 1 }, wave: 'at most 1 of 1 pods, with every old pod kept', kept: 1 },
  { what: 'maxSurge 0', healthy: { replicas: 3, spec: rolling(0, 1) }, wave: 'at most 1 of 3 pods, with at least 2 old pods kept', kept: 2 },
  { what: 'maxUnavailable 100 %', healthy: { replicas: 2, spec: rolling('25%', '100%') }, wave: 'at most 2 of 2 pods, which may replace every old pod', kept: 0 },
  { what: 'eight replicas, 25 %/25 %', healthy: { replicas: 8 }, wave: 'at most 4 of 8 pods, with at least 6 old pods kept', kept: 6 },
];
const named = shapes.map((shape) => [shape.what, shape] as const);

describe('a version that starts well and answers wrongly', () => {
  it.concurrent.each(named)('%s: only the first wave is ever replaced', async (_, { healthy, wave, kept }) => inSpace('provebad', async (space) => {
    await startHealthy(space, healthy);
    const [before, pods] = [await snapshotOf(space), await podsOf(space)];
    const result = await runAction({ inputs: rolloutInputs(space, await wrongAnswer()) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'smoke-failed' });
    expect(result.log).toContain(`The first pods of deployment/web are checked before the others: ${wave}`);
    expect(result.log).not.toContain('updating the others');
    expect(await snapshotOf(space)).toEqual(before);
    const stayed = (await podsOf(space)).filter((uid) => pods.includes(uid)).length;
    if (stayed < kept) throw new Error(`${stayed} of ${pods.length} old pods stayed, not ${kept}\n${result.lines.map(({ atMs, text }) => `${atMs} ${text}`).join('\n')}`);
    expect(await isPaused(space)).toBe(false);
    expect((await ledgerOf(space)).run).toMatchObject({ phase: 'restored', target: { recorded: { paused: [{ ref: 'deployment/web', minReadySeconds: 0 }] } } });
  })());
});

describe('a good version', () => {
  it.concurrent.each(named.slice(1))('%s: is proved first, goes on, and is not left paused', async (_, { healthy, wave }) => inSpace('provegood', async (space) => {
    await startHealthy(space, healthy);
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2) });
    expectEnding(result, { verdict: 'deployed' });
    expect(result.log).toContain(`The first pods of deployment/web are checked before the others: ${wave}`);
    expect(result.log).toContain('the first pods pass the smoke checks · updating the others');
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    expect(await isPaused(space)).toBe(false);
  })());

  it.concurrent.each([
    ['prove-first: false', {}, { 'prove-first': 'false' }, undefined],
    ['the strategy Recreate', { spec: { strategy: { type: 'Recreate' } } }, {}, 'are not checked before the others: its strategy is Recreate'],
    ['no smoke check that asks it', {}, { smoke: '' }, undefined],
  ] as const)('%s: a plain rollout', async (_, healthy, inputs, said) => inSpace('plain', async (space) => {
    await startHealthy(space, { replicas: 1, ...healthy });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), inputs) });
    expectEnding(result, { verdict: 'deployed' });
    expect(result.log).not.toContain('are checked before the others');
    if (said) expect(result.log).toContain(said);
  })());
});

describe('stopped while it is held', () => {
  it.concurrent('SIGINT: not left paused, every old pod still there', inSpace('provestop', async (space) => {
    await startHealthy(space);
    const [before, pods] = [await snapshotOf(space), await podsOf(space)];
    const result = await runAction({
      inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=40s`)),
      signals: { when: held(space), send: [{ signal: 'SIGINT', afterMs: 0 }] },
    });
    expect(result.outputs.cause).toBe('cancelled');
    expect(await snapshotOf(space)).toEqual(before);
    expect(await podsOf(space)).toEqual(pods);
  }));
});

describe('how many requests a bad version answers', () => {
  /** A bad release under load: the answers that users got. */
  async function underLoad(space: Space, inputs: Readonly<Record<string, string>>): Promise<{ result: ActionResult; load: LoadResult; share: number }> {
    await startHealthy(space, { replicas: 8 });
    const load = startLoad({ host: (await space.get('Service', 'web')).spec.clusterIP, perSecond: 50 });
    const result = await runAction({ inputs: rolloutInputs(space, await wrongAnswer(), inputs) });
    const stopped = await load.stop();
    const bad = Object.entries(stopped.answers).reduce((sum, [answer, count]) => sum + (answer.startsWith('500') ? count : 0), 0);
    return { result, load: stopped, share: bad / stopped.sent };
  }

  it.concurrent('fewer than in a plain rolling update with a check after it', inSpace('share', async (proved) => {
    const first = await underLoad(proved, {});
    await inSpace('share', async (space) => {
      const plain = await underLoad(space, { 'prove-first': 'false' });
      expectEnding(first.result, { verdict: 'rolled-back', cause: 'smoke-failed' });
      expectEnding(plain.result, { verdict: 'rolled-back', cause: 'smoke-failed' });
      const told = [first, plain].map(({ load, share }) => `${(100 * share).toFixed(1)} % of ${load.sent} (${JSON.stringify(load.answers)}, ${load.errors.length} errors)`);
      process.stdout.write(`answered by the bad version: proved first ${told[0]}, plain ${told[1]}\n`);
      expect(first.share).toBeLessThan(plain.share);
    })();
  }));
});
