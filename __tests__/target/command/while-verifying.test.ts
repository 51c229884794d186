import { describe, expect, it } from '@jest/globals';
import { commands, World } from './world.js';

/* What is seen between the end of `deploy` and the success of `verify`, which may be minutes. */

const swift = { command: { ...commands, timeoutMs: 60_000 } };

/** A version that never serves, and what happens when it is verified for the so-many-th time. */
function failing(count: number, then: (world: World) => unknown): World {
  const world = new World();
  world.platform.broken.add('c2');
  let verifies = 0;
  world.before = async (step) => {
    if (step === 'verify' && (verifies += 1) === count) await then(world);
  };
  return world;
}

describe('while `verify` does not succeed', () => {
  it('somebody else who deploys is found at once, and nothing of it is overwritten', async () => {
    // The first is that of the version before.
    const world = failing(3, ({ platform }) => platform.deploy('c3', ''));
    const outcome = await world.deploy(swift);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.message]).toEqual(['rollback-failed', 'superseded', '`current` prints api-00003: someone else deployed during the run.']);
    expect(outcome.failure?.hint).toContain('If no one does, `current` prints something that changes by itself');
    expect(outcome.rollback?.notes).toEqual(['`current` prints api-00003: someone else has deployed that since. It was not overwritten.']);
    expect([world.platform.traffic.commit, world.platform.changes]).toEqual(['c3', ['deploy c2', 'deploy c3']]);
    expect(outcome.undoCommands).toEqual([]);
    expect(outcome.durationMs).toBeLessThan(30_000);
  });

  it('is told as it goes on, and what `current` prints at its end', async () => {
    const world = failing(0, () => undefined);
    const outcome = await world.deploy(swift);
    expect(world.lines).toContain('progress rollout `verify` not yet: internal server error');
    expect([outcome.verdict, outcome.failure?.message]).toEqual(['rolled-back', '`verify` failed: the commands of `command.verify` exited with code 22. It failed for 60 s, and `current` prints api-00002.']);
    expect([outcome.changes[0]?.after, outcome.rollback?.notes]).toEqual(['api-00002', []]);
  });

  it('because traffic stays where it was, the hint says so', async () => {
    const world = failing(0, () => undefined);
    world.platform.deploying = 'pinned';
    const { verdict, failure } = await world.deploy(swift);
    expect([verdict, failure?.message, failure?.hint]).toEqual(['failed', expect.stringMatching(/ and `current` prints api-00001, as before\.$/), expect.stringMatching(/^`deploy` exited with code 0, but traffic did not move/)]);
    expect(world.lines.slice(-3)).toEqual(expect.arrayContaining(['info `current` prints api-00001 as before: nothing to roll back']));
  });

  it('`current` may fail: what it printed before that still counts', async () => {
    const world = failing(4, ({ platform }) => { platform.says = () => undefined; });
    const outcome = await world.deploy(swift);
    expect([outcome.verdict, outcome.failure?.message]).toEqual(['rollback-failed', expect.stringMatching(/ and `current` prints nothing\.$/)]);
    expect(outcome.changes[0]?.after).toBe('api-00002');
  });
});

describe('what `current` prints', () => {
  it('is no name where it is long: it may have been cut', async () => {
    const world = new World();
    world.platform.says = () => 'x'.repeat(1001);
    const { plan } = await world.deploy({ dryRun: true });
    expect([plan?.rollback?.possible, plan?.warnings]).toEqual([false, [expect.stringMatching(/^`current` printed a line of 1001 characters, which is not the name of a version\. So there is no version to roll back to/)]]);
  });

  it('is not waited for at the end of a step that was cancelled', async () => {
    const world = new World();
    world.platform.deploying = 'done, and never answered';
    world.before = async (step) => {
      if (step !== 'deploy') return;
      world.before = async (each) => (each === 'current' ? new Promise<never>(() => undefined) : undefined);
      setImmediate(() => world.cancel());
    };
    const startedAt = world.clock.monotonic();
    const outcome = await world.deploy(swift);
    expect([outcome.verdict, outcome.rollback?.continued, outcome.changes[0]?.now]).toEqual(['rollback-failed', true, undefined]);
    expect(world.clock.monotonic() - startedAt).toBeLessThan(7000);
    world.before = async () => undefined;
    expect(await world.post()).toMatchObject({ verdict: 'rolled-back', changes: [{ now: 'api-00001' }] });
  });

  it('as before, when a post step looks, is told as that', async () => {
    const world = new World();
    world.platform.deploying = 'never answered';
    world.before = async (step) => {
      if (step === 'deploy') setImmediate(() => world.cancel());
    };
    await world.deploy(swift);
    world.before = async () => undefined;
    const post = await world.post();
    expect([post?.verdict, post?.rollback?.notes]).toEqual(['rolled-back', ['`current` printed api-00001 all the time, so there was nothing to roll back.']]);
    expect(world.lines).toContain('info What the command sent before it exited may still take effect. Waiting for it for 15 s');
  });
});
