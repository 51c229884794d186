import { describe, expect, it } from '@jest/globals';
import type { RunRecord } from '../../src/record/ledger.js';
import { deploy } from '../../src/workflow/deploy.js';
import { finish } from '../../src/workflow/finish.js';
import { first, second, TestWorld } from './world.js';

/** The post step of a run whose main step has left this in its record, with `second` deployed. */
function left(changes: Partial<RunRecord> = {}, id = 'dead') {
  const world = new TestWorld({ before: second });
  world.keepLedger(world.deadLedger(changes));
  return { world, post: world.deployment(second, {}, { id }) };
}

describe('the post step', () => {
  it.each([['in-progress'], ['interrupted'], ['restoring']] as const)('restores and verifies what the main step has left as %s', async (phase) => {
    const { world, post } = left({ phase });
    const outcome = await finish(post.run);
    expect(outcome).toMatchObject({
      verdict: 'rolled-back', target: 'set-image', namespace: 'web', failure: { cause: 'cancelled', stage: 'rollout', message: 'The step was stopped before the rollout was complete.' },
      changes: [{ subject: 'deployment/api', part: 'app', before: world.imageOf(first), after: world.imageOf(second), now: world.imageOf(first) }],
    });
    expect(outcome?.timeline.map(({ label, result }) => [label, result])).toEqual([['finish the rollback', 'ok']]);
    expect([world.imageNow, world.ledgers.map(({ run }) => run.phase), world.holder]).toEqual([world.imageOf(first), [phase, 'restoring', 'restored'], '']);
    expect(post.lines).toContain('info The main step was stopped during a rollout: restoring the previous version.');
  });
  it('restores also what is good by now: it was stopped', async () => {
    const { world, post } = left();
    expect([(await finish(post.run))?.verdict, world.imageNow]).toEqual(['rolled-back', world.imageOf(first)]);
  });
  it('has failed when what was there before does not serve any more', async () => {
    const { world, post } = left();
    world.behaviours.set(first, 'wrong');
    const outcome = await finish(post.run);
    expect([outcome?.verdict, outcome?.rollback?.notes, world.ledger?.run.phase, world.holder]).toEqual([
      'rollback-failed', [expect.stringMatching(/^Smoke check `service\/api\/` failed: pod\/api-pod-\d+ returned status 500/)], 'unverified', '']);
  });
  it.each<[string, Partial<RunRecord>, string]>([
    ['the run was verified', { phase: 'verified' }, 'dead'], ['the run was restored', { phase: 'restored' }, 'dead'], ['the run was given up', { phase: 'unverified' }, 'dead'],
    ['the record is of another run', {}, 'other'],
  ])('has nothing to do when %s', async (_when, changes, id) => {
    const { world, post } = left(changes, id);
    expect(await finish(post.run)).toBeUndefined();
    expect([world.changes, world.ledgers.length, world.holder]).toEqual([[], 1, undefined]);
  });
  it('has nothing to do when there is no record', async () => {
    const { world, post } = left();
    world.server.remove(world.ledgerPath);
    expect([await finish(post.run), world.changes]).toEqual([undefined, []]);
  });
  it('leaves to the next run what is not to be rolled back, and says so', async () => {
    const { world, post } = left({ rollback: 'off' });
    expect([await finish(post.run), world.changes]).toEqual([undefined, []]);
    expect(post.lines).toContain('warning The main step was stopped during a rollout of deployment/api, and `rollback` is off: what it changed stays in place. The next run checks it first.');
  });
  it('leaves it to another run that has the lock by now', async () => {
    const { world, post } = left();
    const holding = world.holdLock('other', 30_000);
    await expect(finish(post.run)).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('https://runs.example/other') });
    expect([world.changes, world.clock.monotonic() - post.run.startedAt < 10_000]).toEqual([[], true]);
    await holding;
  });
  it('has nothing to do when another run has finished it while the lock was waited for', async () => {
    const { world, post } = left();
    void world.holdLock('other', 500, () => world.keepLedger(world.deadLedger({ id: 'other', phase: 'verified' })));
    expect([await finish(post.run), world.changes, world.holder]).toEqual([undefined, [], '']);
  });
  it('takes the lock that its main step has left', async () => {
    const { world, post } = left();
    world.takeLock('dead');
    expect([(await finish(post.run))?.verdict, world.holder]).toEqual(['rolled-back', '']);
  });
  it('refuses the record of a later version', async () => {
    const { world, post } = left();
    world.keepLedger('{"schema": 9}');
    await expect(finish(post.run)).rejects.toMatchObject({ code: 'record-unreadable' });
    expect(world.changes).toEqual([]);
  });
  it('does not overwrite what somebody else has set since', async () => {
    const { world, post } = left();
    world.deployments.set('api', 'registry.example/acme/api:by-hand');
    const outcome = await finish(post.run);
    expect([outcome?.verdict, outcome?.rollback?.notes, world.imageNow, world.ledger?.run.phase]).toEqual([
      'rollback-failed', ['Container app of deployment/api was set to registry.example/acme/api:by-hand by someone else. It was not overwritten.'],
      'registry.example/acme/api:by-hand', 'unverified',
    ]);
  });
  it('needs none of the workloads that the settings name', async () => {
    const { world } = left();
    const { run } = world.deployment(second, { workloads: [{ kind: 'deployment', name: 'other' }] }, { id: 'dead' });
    expect([(await finish(run))?.verdict, world.imageNow]).toEqual(['rolled-back', world.imageOf(first)]);
  });
  it('finishes what a main step was killed in, and the next run finds nothing left to do', async () => {
    const world = new TestWorld();
    const { run, kill, kept } = world.deployment(second);
    world.server.trouble = ({ method, path }) => {
      if (method === 'GET' && path.includes('/pods/')) kill();
      return undefined;
    };
    void deploy(run);
    while (world.changes.length === 0 || kept.length === 0) await world.clock.sleep(1000);
    await world.clock.sleep(5000);
    world.server.trouble = () => undefined;
    expect([kept, world.ledger?.run.phase, world.holder]).toEqual([['run-1'], 'in-progress', 'run-1']);
    expect((await finish(world.deployment(second, {}, { id: 'run-1' }).run))?.verdict).toBe('rolled-back');
    expect(await deploy(world.deployment(second).run)).toMatchObject({ verdict: 'deployed', recovery: undefined });
  });
});
