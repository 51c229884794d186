import { describe, expect, it } from '@jest/globals';
import { deploy } from '../../src/workflow/deploy.js';
import { rollBack } from '../../src/workflow/rollback.js';
import type { Asked } from '../kubernetes/server/memory-server.js';
import { first, image, second, third, TestWorld } from './world.js';

const isChange = ({ method, path }: Asked): boolean => method === 'PATCH' && path.endsWith('/deployments/api');
/** The write of a record that names this phase. */
const writes = (phase: string) => ({ method, path, body }: Asked): boolean =>
  method !== 'GET' && path.includes('/configmaps') && JSON.stringify(body).includes(`\\"phase\\": \\"${phase}\\"`);

/** Does something once, before the first request of this kind is answered. */
function at(world: TestWorld, is: (asked: Asked) => boolean, then: () => void): void {
  let isDone = false;
  world.server.trouble = (asked) => {
    if (isDone || !is(asked)) return undefined;
    isDone = true;
    then();
    return undefined;
  };
}

describe('a lock that another run holds', () => {
  it('is waited for, and the run goes on from what the other one has left', async () => {
    const world = new TestWorld();
    const started = world.deployment(third);
    const other = world.deployment(second, {}, { id: 'other' });
    const [outcome, others] = await Promise.all([deploy(started.run), deploy(other.run)]);
    expect([outcome.verdict, others.verdict]).toEqual(['deployed', 'deployed']);
    expect(world.ledger?.releases).toHaveLength(3);
    expect(world.holder).toBe('');
  });
  it('ends the run after `lock-timeout`, with who holds it; nothing is changed', async () => {
    const world = new TestWorld();
    const started = world.deployment(second, { lockTimeoutMs: 60_000 });
    const holding = world.holdLock('other', 300_000);
    const outcome = await deploy(started.run);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, outcome.failure?.message]).toEqual([
      'failed', 'locked', 'rollout', 'api is being deployed by another run since 2026-01-01T00:00:01Z (https://runs.example/other), which did not finish within 60 s.']);
    expect([world.changes, world.ledger, outcome.durationMs]).toEqual([[], undefined, 60_000]);
    await holding;
  });
  it('is taken over once its holder has been silent for 15 s', async () => {
    const world = new TestWorld();
    world.takeLock('other');
    const outcome = await deploy(world.deployment(second).run);
    expect([outcome.verdict, outcome.recovery, outcome.durationMs > 14_000]).toEqual(['deployed', undefined, true]);
  });
});

describe('a lock that is lost', () => {
  it('before the change ends the run, and nothing is changed', async () => {
    const world = new TestWorld();
    const { run, kept } = world.deployment(second);
    at(world, writes('in-progress'), () => world.takeLock('other'));
    const outcome = await deploy(run);
    expect([outcome.verdict, outcome.failure?.cause, world.changes, world.holder, kept]).toEqual(['failed', 'superseded', [], 'other', ['run-1', '']]);
  });
  it.each<[string, boolean, (asked: Asked) => boolean]>([
    ['while the change is sent', false, isChange], ['while the first pods are checked', true, ({ path }) => path.includes('/pods/') && path.includes('/proxy/')],
    ['while it is checked', false, ({ path }) => path.includes('/pods/') && path.includes('/proxy/')],
  ])('%s (prove-first %s) ends the run, and leaves to the other one what is to be restored', async (_when, proveFirst, is) => {
    const world = new TestWorld();
    world.behaviours.set(second, 'wrong');
    const { run } = world.deployment(second, { proveFirst });
    at(world, is, () => world.takeLock('other'));
    const outcome = await deploy(run);
    const patches = world.changes.length;
    expect(outcome.verdict).toBe('rollback-failed');
    expect(outcome.rollback?.notes).toEqual([
      'Another run took over the lock, because this run had not renewed it for 15 s.', 'This run restored nothing: the other run does it.']);
    expect([world.imageNow, world.ledger?.run.phase, world.holder]).toEqual([world.imageOf(second), 'in-progress', 'other']);
    // What the other run does then is not this one's any more: nothing of it comes later.
    await world.clock.sleep(60_000);
    expect([world.changes.length, world.imageNow]).toEqual([patches, world.imageOf(second)]);
  });
  it('is found out by the renewals, also where nothing is written meanwhile', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'unready');
    const { run } = world.deployment(second, { proveFirst: false, timeoutMs: 3_600_000, patienceMs: { 'not-ready': 3_600_000 } });
    const deploying = deploy(run);
    await world.clock.sleep(30_000);
    world.takeLock('other');
    const outcome = await deploying;
    expect([outcome.verdict, outcome.failure?.cause, outcome.durationMs < 60_000]).toEqual(['rollback-failed', 'superseded', true]);
  });
  it('by the time that the record of the verified release cannot be written is no `deployed`', async () => {
    const world = new TestWorld();
    const { run, kept } = world.deployment(second);
    at(world, writes('verified'), () => {
      // The other run took it for dead, and has written a record of its own.
      world.takeLock('other');
      world.keepLedger(world.deadLedger({ id: 'other' }, [first, third]));
    });
    const outcome = await deploy(run);
    expect([outcome.verdict, outcome.failure?.cause, outcome.rollback?.notes.at(-1)]).toEqual(['rollback-failed', 'superseded', 'This run restored nothing: the other run does it.']);
    expect([world.ledger?.run.id, world.holder, kept]).toEqual(['other', 'other', ['run-1']]);
  });
});

describe('the record of a verified release that cannot be written', () => {
  const deployed = async () => {
    const world = new TestWorld();
    const { run, lines } = world.deployment(second);
    world.server.trouble = (asked) => (writes('verified')(asked) ? { status: 403, reason: 'Forbidden', message: 'configmaps "x" is forbidden: User "ci" cannot update resource "configmaps"' } : undefined);
    const outcome = await deploy(run);
    world.server.trouble = () => undefined;
    return { world, lines, outcome };
  };
  it('is a warning while the lock is held, and the release is good', async () => {
    const { world, lines, outcome } = await deployed();
    expect([outcome.verdict, world.imageNow, world.ledger?.run.phase, world.holder]).toEqual(['deployed', world.imageOf(second), 'in-progress', '']);
    expect(lines).toContainEqual(expect.stringMatching(/^warning The release succeeded, but its record could not be updated: /));
  });
  it('is written by the next run, which confirms the release', async () => {
    const { world } = await deployed();
    const outcome = await deploy(world.deployment(third).run);
    expect([outcome.verdict, outcome.recovery?.result]).toEqual(['deployed', 'confirmed']);
    expect(world.ledger?.releases.map(({ reference }) => reference)).toEqual([third, second, first].map((revision) => world.imageOf(revision)));
    expect((await rollBack(world.start('rollback', { image }).run)).commit).toBe(second);
  });
});
