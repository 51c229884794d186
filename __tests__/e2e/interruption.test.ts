import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi } from './harness/api.js';
import { faultProxy, type Fault } from './harness/api-fault-proxy.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { eventually, pause } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { cancelAt, runAction, type ActionResult, type SignalPlan } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

jest.setTimeout(180_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const rollingOut = (line: string): boolean => /^rollout +deployment\/web +\d+\/\d+ ready/.test(line);
const aboutToChange = (line: string): boolean => line.includes('set image deployment/web');

/** SIGINT so many ms after the line. */
const cancelAfter = (ms: number, at: SignalPlan['at']): SignalPlan => ({ at, send: [{ signal: 'SIGINT', afterMs: ms }] });

/** Everything that the main step and the post step left for people to read. */
const told = (result: ActionResult): string => [result.log, result.summary, result.post?.log, result.post?.summary].join('\n');

async function restored(space: Space, before: unknown, result: ActionResult): Promise<void> {
  try {
    expect(await snapshotOf(space)).toEqual(before);
  } catch (error) {
    throw new Error(`${String(error)}\n--- main (exit ${result.exitCode ?? result.signal})\n${result.log}\n--- post (exit ${result.post?.exitCode})\n${result.post?.log}`, { cause: error });
  }
}

const signals: readonly (readonly [string, SignalPlan])[] = [
  ['SIGINT, as when a person cancels', cancelAt(rollingOut)],
  ['SIGTERM', { at: rollingOut, send: [{ signal: 'SIGTERM', afterMs: 0 }] }],
  ['SIGINT twice', { at: rollingOut, send: [{ signal: 'SIGINT', afterMs: 0 }, { signal: 'SIGINT', afterMs: 50 }] }],
  ['SIGINT just as the images are set', cancelAt(aboutToChange)],
];

describe('cancelled while it rolls out', () => {
  it.concurrent.each(signals)('%s: the old images are back when the job ends, and it is said', async (_, plan) => inSpace('cancel', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'slow-ready=40s')), signals: plan });
    await restored(space, before, result);
    expect(result.exitCode).toBe(1);
    expect(result.outputs.cause).toBe('cancelled');
    expect(result.outputs.verdict).toMatch(/^(rolled-back|failed)$/);
    expect(result.post?.exitCode).toBe(0);
    expect(result.leftovers).toEqual([]);
  })());

  it.concurrent('before anything was changed: nothing is', inSpace('early', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({
      inputs: rolloutInputs(space, await variant('v2'), { test: 'echo the gate runs\nsleep 20' }),
      signals: { at: (line) => line.includes('the gate runs') && !line.includes('echo'), send: [{ signal: 'SIGINT', afterMs: 0 }] },
    });
    expectEnding(result, { verdict: 'failed', cause: 'cancelled', stage: 'test' });
    expect(result.durationMs).toBeLessThan(20_000);
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('while the API server takes its time over the change: it is taken back when it comes', inSpace('inflight', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const proxy = await faultProxy(space);
    try {
      proxy.set({ when: ({ method, path }) => method === 'PATCH' && path.includes('/deployments/web'), latencyMs: 1500, times: 1 });
      const result = await runAction({
        inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=40s`), { kubeconfig: proxy.kubeconfig }), signals: cancelAfter(700, aboutToChange),
      });
      await pause(2000);
      await restored(space, before, result);
      // Set, and put back: it did come.
      expect((await space.get('Deployment', 'web')).metadata.generation).toBeGreaterThan(2);
      expect(result.outputs.cause).toBe('cancelled');
    } finally {
      await proxy.close();
    }
  }));
});

/** The change of the images takes so long to arrive, whether or not somebody still waits for an answer. */
const slowChange = (ms: number): Fault => ({ when: ({ method, path }) => method === 'PATCH' && path.includes('/deployments/web'), latencyMs: ms, times: 1 });
const sendAfter = (signal: NodeJS.Signals, ms: number, at: SignalPlan['at']): SignalPlan => ({ at, send: [{ signal, afterMs: ms }] });

describe('stopped while the API server takes its time over the change', () => {
  it.concurrent.each([
    ['SIGKILL', []],
    ['SIGINT', ['The change of the images had been sent and was not answered: it may still be made, and will be put back then.']],
  ] as const)('%s: the post step waits for it, and takes it back', async (signal, words) => inSpace('late', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const proxy = await faultProxy(space);
    try {
      proxy.set(slowChange(15_000));
      const result = await runAction({
        inputs: rolloutInputs(space, await variant('v2', calm), { kubeconfig: proxy.kubeconfig }), signals: sendAfter(signal, 700, aboutToChange),
      });
      await restored(space, before, result);
      await pause(5000);
      await restored(space, before, result);
      // Set, and put back: it did come.
      expect((await space.get('Deployment', 'web')).metadata.generation).toBeGreaterThan(2);
      for (const text of words) expect(result.log).toContain(text);
      expect(result.post?.log).toMatch(/may have sent a change of the images that is still under way: waiting for it, at most \d+ s/);
      expect(result.post?.log).toContain('rolled-back: ');
      expect((await ledgerOf(space)).run.phase).toBe('restored');
    } finally {
      await proxy.close();
    }
  })());

  it.concurrent('SIGKILL, and no post step: the next run waits for it, and finishes it before its own work', inSpace('killlate', async (space) => {
    const v1 = await startHealthy(space, { replicas: 1 });
    const proxy = await faultProxy(space);
    try {
      proxy.set(slowChange(25_000));
      const v2 = await variant('v2', calm);
      const dead = await runAction({
        inputs: rolloutInputs(space, v2, { kubeconfig: proxy.kubeconfig }), withoutPost: true, signals: sendAfter('SIGKILL', 700, aboutToChange),
      });
      expect(dead.signal).toBe('SIGKILL');
      const next = await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash')), env: { GITHUB_RUN_ID: '4712' } });
      expect(next.log).toContain('that is still under way: waiting for it, at most');
      // Confirmed, unless that took too long on a machine that has much to do.
      expect(next.report.recovery.result).toMatch(/^(confirmed|restored)$/);
      expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
      expect(await runningImages(space, 'web')).toEqual([next.report.recovery.result === 'confirmed' ? `${v2.name}@${v2.digest}` : v1.reference]);
    } finally {
      await proxy.close();
    }
  }));
});

describe('killed', () => {
  const kill = (at: SignalPlan['at']): SignalPlan => ({ at, send: [{ signal: 'SIGKILL', afterMs: 0 }] });

  it.concurrent.each([
    ['while it rolls out', kill(rollingOut)],
    ['just as the images are set', kill(aboutToChange)],
  ] as const)('%s: the post step puts the old images back and proves it', async (_, plan) => inSpace('kill', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'slow-ready=40s')), signals: plan });
    expect(result.signal).toBe('SIGKILL');
    await restored(space, before, result);
    expect(result.post?.log).toMatch(/rolled.back|put back|restored|nothing/i);
    expect(result.leftovers).toEqual([]);
    expect(result.temporary.filter((file) => !file.startsWith('deploy-report-'))).toEqual([]);
  })());

  it.concurrent('while it puts the old images back: the post step goes on', inSpace('killback', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', 'crash')), signals: kill((line) => /^rollback +deployment\/web/.test(line)) });
    expect(result.signal).toBe('SIGKILL');
    await eventually('the old state', async () => JSON.stringify(await snapshotOf(space)) === JSON.stringify(before), 20_000);
    expect(told(result)).toMatch(/rolled.back|put back|restored/i);
  }));
});

describe('an API server that has its troubles', () => {
  it.concurrent.each([
    ['reads', (request: { method: string }) => request.method === 'GET'],
    ['writes', (request: { method: string }) => request.method !== 'GET'],
  ] as const)('watches that end, then two 503 and two 429 for its %s: deployed all the same', async (_, when) => inSpace('flaky', async (space) => {
    await startHealthy(space);
    const proxy = await faultProxy(space);
    try {
      let begun = false;
      const result = await runAction({
        inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=6s`), { kubeconfig: proxy.kubeconfig }),
        onLine: (line) => {
          if (!rollingOut(line) || begun) return;
          begun = true;
          proxy.set({ when, status: 503, times: 2 }, { when, status: 429, times: 2 });
          proxy.cutAll();
        },
      });
      expect(begun).toBe(true);
      const refused = proxy.requests.filter(({ answered }) => answered !== undefined).map(({ method, path, answered }) => `${answered} ${method} ${path}`);
      expectEnding(result, { verdict: 'deployed' }, refused);
    } finally {
      await proxy.close();
    }
  })());

  it.concurrent('an outage of five seconds in the middle: deployed all the same', inSpace('outage', async (space) => {
    await startHealthy(space);
    const proxy = await faultProxy(space);
    try {
      let outage: Promise<void> | undefined;
      const result = await runAction({
        inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=4s`), { kubeconfig: proxy.kubeconfig }),
        onLine: (line) => {
          if (rollingOut(line)) outage ??= proxy.outage(5000);
        },
      });
      await outage;
      expect(outage).toBeDefined();
      expectEnding(result, { verdict: 'deployed' });
    } finally {
      await proxy.close();
    }
  }));

  it.concurrent('a web page in place of an answer, before anything changed: failed', inSpace('portal', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const proxy = await faultProxy(space);
    try {
      proxy.set({ html: true });
      const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { kubeconfig: proxy.kubeconfig }) });
      expectEnding(result, { verdict: 'failed', cause: 'api-unreachable' });
      expect(await snapshotOf(space)).toEqual(before);
    } finally {
      await proxy.close();
    }
  }));
});
