import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../../src/outcome/outcome.js';
import { commands, World } from './world.js';

/** `verify` does not run so often that each time needs a test of its own. */
const swift = { command: { ...commands, timeoutMs: 20_000 } };
const forever = new Promise<never>(() => undefined);

/** A run whose process is gone when it comes to this step for the so-many-th time: nothing more of it happens. */
async function killedAt(world: World, wanted: string, count: number, when: 'before' | 'after'): Promise<boolean> {
  let left = count;
  let reached = false;
  const gone = new Promise<void>((resolve) => {
    world.before = async (step) => {
      if (step !== wanted || (left -= 1) > 0 || reached) return undefined;
      reached = true;
      // What a command does after its process is gone is done all the same; what the process would do next is not.
      if (when === 'before') resolve();
      else setImmediate(resolve);
      return when === 'before' ? forever : undefined;
    };
  });
  const run = world.deploy(swift);
  await Promise.race([gone, run]);
  return reached;
}

/** The steps of a run that succeeds, and of one that is taken back, in order. */
async function stepsOf(prepare: (world: World) => void): Promise<string[]> {
  const world = new World();
  prepare(world);
  const steps: string[] = [];
  world.before = async (step) => void steps.push(step);
  await world.deploy(swift);
  return steps;
}

const good = (): void => undefined;
const bad = (world: World): void => void world.platform.broken.add('c2');

describe('a run that is killed', () => {
  it.each([['that would succeed', good], ['that would be taken back', bad]])('%s is finished by its post step, at whatever step that was', async (_which, prepare) => {
    const steps = await stepsOf(prepare);
    expect(steps.filter((step) => step.startsWith('record')).length).toBeGreaterThanOrEqual(2);
    for (const [index, step] of steps.entries()) {
      const world = new World();
      prepare(world);
      const count = steps.slice(0, index + 1).filter((each) => each === step).length;
      expect(await killedAt(world, step, count, 'before')).toBe(true);
      const phase = world.ledger?.run.phase;
      const isOver = phase === undefined || phase === 'verified' || phase === 'restored';
      world.before = async () => undefined;
      const outcome: Outcome | undefined = await world.post();
      const where = `${index} ${step}`;
      expect([where, outcome?.verdict]).toEqual([where, isOver ? undefined : 'rolled-back']);
      expect([where, world.platform.traffic.name]).toEqual([where, phase === 'verified' ? 'api-00002' : 'api-00001']);
      expect([where, world.ledger?.run.phase]).toEqual([where, isOver ? phase : 'restored']);
    }
  });

  it('is waited for where its last request may still arrive', async () => {
    const world = new World();
    Object.assign(world.platform, { deploying: 'done, and never answered', switchMs: 8000 });
    await killedAt(world, 'deploy', 1, 'after');
    expect(world.platform.traffic.name).toBe('api-00001');
    const outcome = await world.post();
    expect([outcome?.verdict, world.platform.changes, world.platform.traffic.name]).toEqual(['rolled-back', ['deploy c2', 'rollback api-00001'], 'api-00001']);
  });

  it('and whose record another kind of target has written cannot be finished, and says so', async () => {
    const world = new World();
    await killedAt(world, 'deploy', 1, 'before');
    world.files.set('/private/record.json', (world.files.get('/private/record.json') ?? '').replace('"kind": "command"', '"kind": "other"'));
    await expect(world.post()).rejects.toMatchObject({ code: 'record-unreadable' });
  });
});

describe('a run that is cancelled', () => {
  const cancelAt = (world: World, wanted: string): void => {
    world.before = async (step) => {
      if (step === wanted) setImmediate(() => world.cancel());
    };
  };

  it.each([['deploy', 'never answered'], ['deploy', 'done, and never answered'], ['verify', 'done']] as const)('in `%s` leaves the rollback to its post step: %s', async (step, deed) => {
    const world = new World();
    world.platform.deploying = deed;
    world.platform.broken.add('c2');
    let verifies = 0;
    world.before = async (each) => {
      if (each === step && (step !== 'verify' || (verifies += 1) === 2)) setImmediate(() => world.cancel());
    };
    const cancelledAt = world.clock.monotonic();
    const outcome = await world.deploy();
    expect([outcome.verdict, outcome.failure?.cause, outcome.rollback?.notes]).toEqual([
      'rollback-failed', 'cancelled', ['The step was cancelled, and its remaining seconds are not enough for a rollback: the post step continues.'],
    ]);
    expect(world.clock.monotonic() - cancelledAt).toBeLessThan(7000);
    expect([world.ledger?.run.phase, world.kept, world.platform.changes]).toEqual(['restoring', ['run-1'], ['deploy c2']]);
    world.before = async () => undefined;
    const post = await world.post();
    expect([post?.verdict, world.platform.traffic.name, world.ledger?.run.phase]).toEqual(['rolled-back', 'api-00001', 'restored']);
    expect(world.platform.changes).toEqual(deed === 'never answered' ? ['deploy c2'] : ['deploy c2', 'rollback api-00001']);
  });

  it('before it has changed anything leaves nothing to anybody', async () => {
    const world = new World();
    world.before = async (step) => {
      if (step === 'record in-progress deploy') world.cancel();
    };
    const outcome = await world.deploy();
    expect([outcome.verdict, world.platform.changes, world.kept]).toEqual(['failed', [], ['run-1', '']]);
    expect(await world.post()).toBeUndefined();
  });

  it('goes back at once at a terminal, where no post step comes', async () => {
    const world = new World();
    world.platform.deploying = 'done, and never answered';
    cancelAt(world, 'deploy');
    const outcome = await world.deploy({}, { hasPost: false });
    expect([outcome.verdict, outcome.failure?.cause, world.platform.traffic.name]).toEqual(['rolled-back', 'cancelled', 'api-00001']);
  });

  it('in the middle of its rollback lets that come to its end', async () => {
    const world = new World();
    world.platform.broken.add('c2');
    cancelAt(world, 'rollback');
    const outcome = await world.deploy();
    expect([outcome.verdict, world.platform.traffic.name]).toEqual(['rolled-back', 'api-00001']);
  });
});
