import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeApi } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding } from './harness/ending.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { held, rollingOut } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { runAction, type SignalPlan } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

// Runs that were killed where it is not usual, and what the post step or the next run makes of it.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const kill = (at: SignalPlan['at']): SignalPlan => ({ at, send: [{ signal: 'SIGKILL', afterMs: 0 }] });
const otherRun = { GITHUB_RUN_ID: '4712' };
const referenceOf = (image: PushedImage): string => `${image.name}@${image.digest}`;
const smoke = (version: string): { smoke: string } => ({ smoke: `service/web/ -> 200 contains ${version}` });

describe('rollback: off, and killed while it rolls out', () => {
  it.concurrent('the post step leaves the images and says so; the next run says it too, and goes on', inSpace('leftoff', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const v2 = await variant('v2', `${calm},slow-ready=120s`);
    const dead = await runAction({ inputs: rolloutInputs(space, v2, { rollback: 'off' }), signals: kill(rollingOut) });
    expect(dead.signal).toBe('SIGKILL');
    expect(dead.post?.log).toContain('`rollback` is off');
    expect(dead.post?.log).toContain('deployment/web');
    expect(dead.post?.log).not.toMatch(/put(ting)? back|restor(ed|ing)/);
    expect(await imageOf(space, 'Deployment', 'web')).toBe(referenceOf(v2));
    expect((await space.get('Deployment', 'web')).spec.paused).toBeUndefined();

    const v3 = await variant('v3');
    const next = await runAction({ inputs: rolloutInputs(space, v3, smoke('v3')), env: otherRun });
    expect(next.report.recovery).toMatchObject({ result: 'failed', notes: [expect.stringContaining('`rollback` is off')] });
    expectEnding(next, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v3)]);
  }));
});

/** v1, which takes 12 s to become ready, and after it v2, which is there now. */
async function twoReleases(space: Space): Promise<{ v1: PushedImage; v2: PushedImage }> {
  const v1 = await variant('v1', `${calm},slow-ready=12s`);
  await startHealthy(space, { replicas: 1, image: v1.reference });
  const v2 = await variant('v2');
  expectEnding(await runAction({ inputs: rolloutInputs(space, v2) }), { verdict: 'deployed' });
  return { v1, v2 };
}

const goBack = (space: Space, image: PushedImage, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  kubeconfig: space.kubeconfig, namespace: space.name, image: image.name, workloads: 'deployment/web', smoke: 'service/web/ -> 200 contains v', ...more,
});
const goingBack = kill((line) => /deployment\/web +(?:first pods )?0\/1 ready · .* started, not ready/.test(line));

describe('the rollback action, killed in the middle', () => {
  it.concurrent('the post step: what was there before it is there again', inSpace('backpost', async (space) => {
    const { v2 } = await twoReleases(space);
    const before = await snapshotOf(space);
    const dead = await runAction({ action: 'rollback', inputs: goBack(space, v2), signals: goingBack });
    expect(dead.signal).toBe('SIGKILL');
    expect(await snapshotOf(space)).toEqual(before);
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    expect(dead.post?.log).toContain('rolled-back: ');
    expect((await ledgerOf(space)).run.phase).toBe('restored');
  }));

  it.concurrent('while it is held, and no post step: the next run puts v2 back, and then does its own work', inSpace('backheld', async (space) => {
    const { v1, v2 } = await twoReleases(space);
    const dead = await runAction({ action: 'rollback', inputs: goBack(space, v2), signals: { when: held(space), send: [{ signal: 'SIGKILL', afterMs: 0 }] }, withoutPost: true });
    expect(dead.signal).toBe('SIGKILL');
    expect((await space.get('Deployment', 'web')).spec.paused).toBe(true);
    const next = await runAction({ action: 'rollback', inputs: goBack(space, v2), env: otherRun });
    expect(next.report.recovery).toMatchObject({ result: 'restored' });
    expectEnding(next, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([v1.reference]);
    expect((await space.get('Deployment', 'web')).spec.paused).toBeUndefined();
  }));

  it.concurrent('while nothing holds it, and no post step: it came to its end by itself, and the next run confirms it', inSpace('backgone', async (space) => {
    const { v1, v2 } = await twoReleases(space);
    const dead = await runAction({ action: 'rollback', inputs: goBack(space, v2, { 'prove-first': 'false' }), signals: goingBack, withoutPost: true });
    expect(dead.signal).toBe('SIGKILL');
    const next = await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash'), smoke('v3')), env: otherRun });
    expect(next.report.recovery).toMatchObject({ result: 'confirmed' });
    expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(await runningImages(space, 'web')).toEqual([v1.reference]);
  }));
});

describe('a ledger that somebody has written into', () => {
  it.concurrent('makes no run ask an address that its own settings do not name', inSpace('ledger', async (space) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('v1');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await startHealthy(space, { replicas: 1 });
      const before = await snapshotOf(space);
      const dead = await runAction({ inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=60s`)), withoutPost: true, signals: kill(rollingOut) });
      expect(dead.signal).toBe('SIGKILL');
      await writeChecks(space, [`${address}/outside`, 'service/web/ -> 200 contains v1', 'service/web/../../../secrets']);
      const next = await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash'), smoke('v3')), env: otherRun });
      expect(next.report.recovery).toMatchObject({ result: 'restored' });
      expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
      expect(asked).toEqual([]);
      expect(await snapshotOf(space)).toEqual(before);
    } finally {
      await new Promise((done) => server.close(done));
    }
  }));
});

/** As somebody who may edit ConfigMaps, and nothing else. */
async function writeChecks(space: Space, checks: readonly string[]): Promise<void> {
  const ledger = await ledgerOf(space);
  const run = { ...ledger.run, checks, passedBefore: checks };
  await space.patch('ConfigMap', 'deploy-ledger-app', { data: { 'ledger.json': JSON.stringify({ ...ledger, run }) } });
}
