import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi } from './harness/api.js';
import { faultProxy, type FaultProxy } from './harness/api-fault-proxy.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { eventually } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { cancelAt, runAction, type ActionResult, type SignalPlan } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const rollingOut = (line: string): boolean => /^rollout +deployment\/web +\d+\/\d+ ready/.test(line);
const aboutToChange = (line: string): boolean => line.includes('set image deployment/web');

/** Everything that the main step and the post step left for people to read. */
const told = (result: ActionResult): string => [result.log, result.summary, result.post?.log, result.post?.summary].join('\n');

async function restored(space: Space, before: unknown, result: ActionResult): Promise<void> {
  try {
    expect(await snapshotOf(space)).toEqual(before);
  } catch (error) {
    throw new Error(`${String(error)}\n--- main (exit ${result.exitCode ?? result.signal})\n${result.log}\n--- post (exit ${result.post?.exitCode})\n${result.post?.log}`, { cause: error });
  }
}

/** A cancelled step verifies for five seconds. Where a busy machine needs more, the post step continues, and says how it ended. */
function expectTakenBack({ outputs, report, post }: ActionResult): void {
  if (outputs.verdict !== 'rollback-failed') return expect(['rolled-back', 'failed']).toContain(outputs.verdict);
  expect(report.rollback.continued).toBe(true);
  expect(post?.log).toContain('rolled-back: ');
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
    expectTakenBack(result);
    expect(result.post?.exitCode).toBe(0);
    expect(result.leftovers).toEqual([]);
  })());

  it.concurrent('before anything was changed: nothing is', inSpace('early', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({
      inputs: rolloutInputs(space, await variant('v2'), { test: 'echo the gate runs\nsleep 100\necho and ends' }),
      signals: { at: (line) => line.includes('the gate runs') && !line.includes('echo'), send: [{ signal: 'SIGINT', afterMs: 0 }] },
    });
    expectEnding(result, { verdict: 'failed', cause: 'cancelled', stage: 'test' });
    expect(result.lines.map(({ text }) => text)).not.toContain('and ends');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('while the API server takes its time over the change: it is taken back when it comes', inSpace('inflight', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const { proxy, sent, letThrough, made } = await heldChange(space);
    try {
      void sent.then(() => setTimeout(letThrough, 800));
      const result = await runAction({
        inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=40s`), { kubeconfig: proxy.kubeconfig }), signals: { when: sent, send: [{ signal: 'SIGINT', afterMs: 0 }] },
      });
      await made();
      await restored(space, before, result);
      // Set, and put back: it did come.
      expect((await space.get('Deployment', 'web')).metadata.generation).toBeGreaterThan(2);
      expect(result.outputs.cause).toBe('cancelled');
    } finally {
      letThrough();
      await proxy.close();
    }
  }));
});

interface HeldChange {
  readonly proxy: FaultProxy;
  /** Resolves when the change of the images has been sent. */
  readonly sent: Promise<unknown>;
  /** Lets it reach the API server, whether or not somebody still waits for an answer. */
  readonly letThrough: () => void;
  /** Resolves when the API server has made it. */
  readonly made: () => Promise<unknown>;
}

/** A proxy that holds the first change of the Deployment back. */
async function heldChange(space: Space): Promise<HeldChange> {
  const isChange = ({ method, path }: { method: string; path: string }): boolean => method === 'PATCH' && path.includes('/deployments/web');
  const proxy = await faultProxy(space);
  let letThrough = (): void => undefined;
  const heldUntil = new Promise<void>((resolve) => (letThrough = resolve));
  proxy.set({ when: isChange, heldUntil, times: 1 });
  const made = (): Promise<unknown> => eventually('the API server has made the change', async () => proxy.requests.find(isChange)?.status === 200);
  return { proxy, sent: proxy.arrived(isChange), letThrough, made };
}

const waitsForChange = /may have sent a change of the images that is still in progress. Waiting for it for at most \d+ s/;

describe('stopped while the API server takes its time over the change', () => {
  it.concurrent.each([
    ['SIGKILL', []],
    ['SIGINT', ['The change was sent but not answered, so it may still be made. It is then rolled back.']],
  ] as const)('%s: the post step waits for it, and takes it back', async (signal, words) => inSpace('late', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const { proxy, sent, letThrough, made } = await heldChange(space);
    try {
      const result = await runAction({
        inputs: rolloutInputs(space, await variant('v2', calm), { kubeconfig: proxy.kubeconfig }), signals: { when: sent, send: [{ signal, afterMs: 0 }] },
        onPostLine: (line) => waitsForChange.test(line) && letThrough(),
      });
      expect(result.post?.log).toMatch(waitsForChange);
      await made();
      await restored(space, before, result);
      // Set, and put back: it did come.
      expect((await space.get('Deployment', 'web')).metadata.generation).toBeGreaterThan(2);
      for (const text of words) expect(result.log).toContain(text);
      expect(result.post?.log).toContain('rolled-back: ');
      expect((await ledgerOf(space)).run.phase).toBe('restored');
    } finally {
      letThrough();
      await proxy.close();
    }
  })());

  it.concurrent('SIGKILL, and no post step: the next run waits for it, and finishes it before its own work', inSpace('killlate', async (space) => {
    const v1 = await startHealthy(space, { replicas: 1 });
    const { proxy, sent, letThrough } = await heldChange(space);
    try {
      const v2 = await variant('v2', calm);
      const dead = await runAction({
        inputs: rolloutInputs(space, v2, { kubeconfig: proxy.kubeconfig }), withoutPost: true, signals: { when: sent, send: [{ signal: 'SIGKILL', afterMs: 0 }] },
      });
      expect(dead.signal).toBe('SIGKILL');
      const next = await runAction({
        inputs: rolloutInputs(space, await variant('v3', 'crash')), env: { GITHUB_RUN_ID: '4712' }, onLine: (line) => waitsForChange.test(line) && letThrough(),
      });
      expect(next.log).toMatch(waitsForChange);
      // Confirmed, unless that took too long on a machine that has much to do.
      expect(next.report.recovery.result).toMatch(/^(confirmed|restored)$/);
      expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
      expect(await runningImages(space, 'web')).toEqual([next.report.recovery.result === 'confirmed' ? `${v2.name}@${v2.digest}` : v1.reference]);
    } finally {
      letThrough();
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
    await eventually('the old state', async () => JSON.stringify(await snapshotOf(space)) === JSON.stringify(before));
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
