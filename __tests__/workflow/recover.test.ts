import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import type { Ledger, Release } from '../../src/record/ledger.js';
import { setImage } from '../../src/target/set-image/target.js';
import { recover, refuseOthersRun } from '../../src/workflow/recover.js';
import { running } from '../kubernetes/judge/build.js';
import { podsOf } from '../kubernetes/server/deployments.js';
import { ledgerOf } from '../target/set-image/ledgers.js';
import { config } from './runs.js';
import { first, second, TestWorld } from './world.js';

describe('a dead run of another repository under the same name', () => {
  const refuse = (action: 'deploy' | 'rollback', image?: string) => () =>
    refuseOthersRun({ action, config: config({ image }) }, ledgerOf({ url: 'https://runs.example/7', repository: 'registry.example/shop/api' }));
  it('is not finished by a rollback that names another image, which is told why', () => {
    expect(refuse('rollback', 'registry.example/billing/api')).toThrow(
      'A run of registry.example/shop/api (https://runs.example/7, started 2026-01-01T00:00:00.000Z) was interrupted during its rollout, and shares the record of api '
      + 'with registry.example/billing/api. Nothing was changed.');
  });
  it('is finished by every other run', () => {
    for (const run of [refuse('deploy', 'registry.example/billing/api'), refuse('rollback'), refuse('rollback', 'registry.example/shop/api')]) expect(run).not.toThrow();
  });
});

/** Finishes what the record says, in a cluster in which nothing happens by itself. */
async function finishDead(world: TestWorld, ledger: Ledger) {
  world.deployments.stop();
  world.keepLedger(ledger);
  const { run } = world.deployment(second);
  const target = await setImage.open(run, run.config, 'deploy');
  const lock = await target.store.lock({ id: run.id }, 1000);
  const begunAt = world.clock.monotonic();
  try {
    const recovery = await recover(run, target, ledger, lock);
    const tookMs = world.clock.monotonic() - begunAt;
    return { ...recovery, tookMs, phases: world.ledgers.slice(1).map(({ run: { phase } }) => phase), releases: world.ledger?.releases };
  } finally {
    await lock.release();
    await target.close?.();
  }
}

describe('what a run that died had brought to its end', () => {
  const restarted = (world: TestWorld, restartCount: number): void => {
    const lastState = { terminated: { exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:20Z' } };
    for (const pod of podsOf(world.server)) {
      const containerStatuses = [{ ...running({ restartCount, lastState }), imageID: world.imageOf(second) }];
      world.server.put(apiPath(resources.pods, 'web', pod.metadata?.name ?? ''), { ...pod, status: { ...pod.status, containerStatuses } } as Pod);
    }
  };

  it('is confirmed when it stands and answers rightly', async () => {
    const world = new TestWorld({ before: second });
    const { result, phases, tookMs, notes } = await finishDead(world, world.deadLedger());
    expect([result, phases, notes]).toEqual(['confirmed', ['verified'], ['Its images are on every workload.', 'It passes its smoke check.']]);
    expect(tookMs).toBeLessThan(10_000);
  });
  it('is confirmed by the checks that it had itself, and those that cannot run are named', async () => {
    const world = new TestWorld({ before: second });
    const checks = ['service/api/ -> 200', 'service/api/health', 'https://shop.example/'];
    const asked: string[] = [];
    const { app } = world.server;
    world.server.trouble = ({ path }) => void (/proxy\/health$/.test(path) && asked.push(path));
    world.server.app = app;
    const { result, notes } = await finishDead(world, world.deadLedger({ checks, passedBefore: [], unrecordedChecks: 2 }));
    expect([result, notes]).toEqual(['confirmed', [
      'Its images are on every workload.', 'It passes 2 smoke checks.',
      'Smoke check `https://shop.example/` of that run did not run: the settings of this run do not contain it.',
      '2 smoke checks of that run did not run: a check with a query or a secret is not stored in the record.',
    ]]);
    expect(asked.length).toBeGreaterThan(0);
  });
  it('claims no check where none ran', async () => {
    const world = new TestWorld({ before: second });
    const { result, notes } = await finishDead(world, world.deadLedger({ checks: [], passedBefore: [], unrecordedChecks: 1 }));
    expect([result, notes]).toEqual(['confirmed', ['Its images are on every workload.', '1 smoke check of that run did not run: a check with a query or a secret is not stored in the record.']]);
  });
  it('is not confirmed by a run that was cancelled in the middle of it, and is restored', async () => {
    const world = new TestWorld({ before: second });
    expect(await finishDead(world, world.deadLedger({ phase: 'interrupted', passedBefore: [] }))).toMatchObject({ phases: ['restoring', 'unverified'], changed: ['deployment/api'] });
    expect(world.imageNow).toBe(world.imageOf(first));
  });
  it.each([
    [2, ['It is verified.']], [0, ['deployment/api is not verified: it is scaled to 0 replicas.']],
  ])('is told of as restored with no more than was seen: of %i pods', async (replicas, told) => {
    const world = new TestWorld({ before: first, replicas });
    expect(await finishDead(world, world.deadLedger({ phase: 'restoring', checks: [], passedBefore: [] }))).toMatchObject({ result: 'restored', notes: told });
  });
  it('says when its images stay because `rollback` is off', async () => {
    const world = new TestWorld({ before: first });
    expect(await finishDead(world, world.deadLedger({ phase: 'restoring', rollback: 'off' }))).toMatchObject({
      result: 'failed', notes: ['`rollback` is off: the new images stay where they were set.'], phases: ['unverified'],
    });
  });
  it('withdraws what it went back from, when it was a rollback', async () => {
    const world = new TestWorld({ before: second });
    const of = (revision: string, at: string): Release => {
      const version = world.imageOf(revision);
      return { reference: version, at, verified: true, contents: [{ subject: 'deployment/api', part: 'app', version }] };
    };
    const earlier = of(second, '2025-01-01T00:00:00.000Z');
    const { releases } = await finishDead(world, { ...world.deadLedger({ goesBackTo: earlier }), releases: [of(first, '2025-02-01T00:00:00.000Z'), earlier] });
    expect(releases?.map(({ reference, contents }) => [reference, contents[0]?.withdrawnAt !== undefined]))
      .toEqual([[world.imageOf(second), false], [world.imageOf(first), true]]);
  });
  it('and runs between two crashes has to outlive what it lived before, until it is confirmed', async () => {
    const world = new TestWorld({ before: second });
    restarted(world, 6);
    const { result, tookMs } = await finishDead(world, world.deadLedger());
    expect(result).toBe('confirmed');
    expect(tookMs).toBeGreaterThanOrEqual(40_000);
  });
});
