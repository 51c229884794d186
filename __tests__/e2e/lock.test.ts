import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeApi } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { held, rolledOut, rollingOut } from './harness/moments.js';
import { runAction, type SignalPlan } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const smoke = (version: string): { smoke: string } => ({ smoke: `service/web/ -> 200 contains ${version}` });
/** The machine is gone: no signal to answer to, and no post step. */
const kill = (at: SignalPlan['at']): SignalPlan => ({ at, send: [{ signal: 'SIGKILL', afterMs: 0 }] });
const otherRun = { GITHUB_RUN_ID: '4712' };

describe('two runs of one app', () => {
  it.concurrent('the second waits, says for whom, and comes after; a third that may not wait ends locked', inSpace('lock', async (space) => {
    await startHealthy(space, { replicas: 1 });
    // Long enough for two more runs to come to the lock, on a machine that has much to do.
    const [v2, v3] = [await variant('v2', `${calm},slow-ready=20s`), await variant('v3')];
    let others: ReturnType<typeof both> | undefined;
    const both = () => Promise.all([
      runAction({ inputs: rolloutInputs(space, v3, smoke('v3')), env: otherRun }),
      runAction({ inputs: rolloutInputs(space, v3, { ...smoke('v3'), 'lock-timeout': '1s' }), env: { GITHUB_RUN_ID: '4713' } }),
    ]);
    const first = await runAction({
      inputs: rolloutInputs(space, v2),
      onLine: (line) => {
        if (rollingOut(line)) others ??= both();
      },
    });
    if (!others) throw new Error('the first run never rolled out');
    const [second, third] = await others;
    expectEnding(first, { verdict: 'deployed' });
    expectEnding(second, { verdict: 'deployed' });
    expect(second.log).toMatch(/app is being deployed by another run since \d{4}-\d\d-\d\dT[\d:]+Z \(https:\/\/github\.com\/acme\/app\/actions\/runs\/4711.*waiting for it, at most 600 s/);
    expectEnding(third, { verdict: 'failed', cause: 'locked' });
    expectTold(third, 'app is being deployed by another run since', 'actions/runs/4711', 'did not finish within 1 s');
    expect(await runningImages(space, 'web')).toEqual([`${v3.name}@${v3.digest}`]);
    const { releases } = await ledgerOf(space);
    expect(releases.map((release: { reference: string }) => release.reference)).toEqual([`${v3.name}@${v3.digest}`, `${v2.name}@${v2.digest}`, expect.any(String)]);
    expect((await space.get('Lease', 'deploy-lock-app')).spec.holderIdentity || '').toBe('');
  }));
});

describe('a run that died without a post step', () => {
  it.concurrent('while a Deployment was held: the next run puts back, lets it go on, says so, and deploys', inSpace('dead', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const before = await snapshotOf(space);
    const dead = await runAction({
      inputs: rolloutInputs(space, await variant('v2', `${calm},slow-ready=60s`)), withoutPost: true,
      signals: { when: held(space), send: [{ signal: 'SIGKILL', afterMs: 0 }] },
    });
    expect(dead.signal).toBe('SIGKILL');
    expect((await space.get('Deployment', 'web')).spec.paused).toBe(true);
    expect((await ledgerOf(space)).run.phase).toBe('in-progress');

    // The one that follows is no better, so that what is there in the end is what was there in the beginning.
    const next = await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash'), smoke('v3')), env: otherRun });
    expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
    expect(next.log).toContain('was interrupted during its rollout: finishing it first');
    expect(next.summary).toContain('**Recovery**');
    expect(next.report.recovery).toMatchObject({ result: 'restored', runUrl: expect.stringContaining('/runs/4711') });
    expect(await snapshotOf(space)).toEqual(before);
    expect((await ledgerOf(space)).run.phase).toBe('restored');
  }));

  it.concurrent('after everything was rolled out, before it was proven: the next run confirms it', inSpace('confirm', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const v2 = await variant('v2');
    // A check that is never answered, so that the run cannot be over before it is killed.
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', () => resolve());
    });
    const { smoke: own } = smoke('v2');
    const checks = `${own}\nhttp://127.0.0.1:${(silent.address() as AddressInfo).port}/ -> 200`;
    const dead = await runAction({ inputs: rolloutInputs(space, v2, { smoke: checks }), withoutPost: true, signals: kill(rolledOut) });
    silent.closeAllConnections();
    silent.close();
    expect(dead.signal).toBe('SIGKILL');
    expect((await ledgerOf(space)).run.phase).toBe('in-progress');

    const next = await runAction({ inputs: rolloutInputs(space, await variant('v3', 'crash')), env: otherRun });
    expect(next.report.recovery).toMatchObject({ result: 'confirmed', runUrl: expect.stringContaining('/runs/4711') });
    expect(next.summary).toContain('it had succeeded');
    expectEnding(next, { verdict: 'rolled-back', cause: 'crash-loop' });
    // What was confirmed is what the failed version after it goes back to.
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    expect((await ledgerOf(space)).releases[0]).toMatchObject({ reference: `${v2.name}@${v2.digest}`, verified: true });
  }));
});
