import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deploy } from '../../src/workflow/deploy.js';
import { finish } from '../../src/workflow/finish.js';
import type { Asked } from '../kubernetes/server/memory-server.js';
import { first, second, TestWorld, type TestRun } from './world.js';

const isChange = ({ method, path }: Asked): boolean => method === 'PATCH' && path.endsWith('/deployments/api');

/** What the API server answers while nothing listens in a pod yet. */
const starting = { status: 503, body: JSON.stringify({ kind: 'Status', reason: 'ServiceUnavailable', message: 'error trying to reach service: connection refused', code: 503 }) };

/** Cancels a run at the first request that is one of these. */
function cancelAt(world: TestWorld, started: TestRun, is: (asked: Asked) => boolean): void {
  const { trouble } = world.server;
  let isDone = false;
  world.server.trouble = (asked) => {
    if (!isDone && is(asked)) {
      isDone = true;
      started.cancel();
    }
    return trouble(asked);
  };
}

async function cancelled(world: TestWorld, started: TestRun) {
  const outcome = await deploy(started.run);
  // GitHub kills what has not ended 10 s after it was cancelled.
  expect(started.sinceCancelled()).toBeLessThan(10_000);
  return { outcome, kept: started.kept };
}

/** Nothing was changed, nothing is recorded as open, and nobody holds the lock. */
const isUntouched = (outcome: Outcome, world: TestWorld): void => {
  expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.message, outcome.rollback]).toEqual(['failed', 'cancelled', 'Stopped by SIGTERM.', undefined]);
  expect([world.imageNow, world.holder ?? '']).toEqual([world.imageOf(first), '']);
  expect(['restored', undefined]).toContain(world.ledger?.run.phase);
};

describe('a deployment that is cancelled before its change', () => {
  it('has changed nothing when it is cancelled at once', async () => {
    const world = new TestWorld();
    const started = world.deployment(second);
    started.cancel();
    const { outcome } = await cancelled(world, started);
    isUntouched(outcome, world);
    expect(outcome.failure?.stage).toBe('preflight');
  });
  it('has changed nothing when its test gate is cancelled', async () => {
    const world = new TestWorld();
    const started = world.whole({}, { gate: async () => {
      started.cancel();
      return new Promise(() => undefined);
    } });
    const { outcome } = await cancelled(world, started);
    isUntouched(outcome, world);
    expect(outcome.failure?.stage).toBe('test');
  });
  it('has changed nothing when it is cancelled while it waits for the lock', async () => {
    const world = new TestWorld();
    const started = world.deployment(second);
    const holding = world.holdLock('other', 300_000);
    void world.clock.sleep(60_000).then(() => started.cancel());
    const { outcome } = await cancelled(world, started);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, world.changes]).toEqual(['failed', 'cancelled', 'rollout', []]);
    await holding;
  });
  it.each<[string, (asked: Asked) => boolean]>([
    ['takes the lock', ({ method, path }) => method === 'POST' && path.endsWith('/leases')],
    ['writes its record', ({ method, path }) => method === 'POST' && path.endsWith('/configmaps')],
    ['confirms the lock', ({ method, path }) => method === 'PATCH' && path.includes('/leases/')],
  ])('has changed nothing when it is cancelled while it %s', async (_what, is) => {
    const world = new TestWorld();
    const started = world.deployment(second);
    cancelAt(world, started, is);
    const { outcome, kept } = await cancelled(world, started);
    isUntouched(outcome, world);
    expect([world.changes, kept.at(-1) ?? '']).toEqual([[], '']);
  });
});

describe('a deployment that is cancelled in the middle of its change', () => {
  it.each<[string, boolean, (asked: Asked) => boolean]>([
    ['is sent', false, isChange], ['is sent to the first pods', true, isChange],
    ['is checked', false, ({ path }) => path.includes('/pods/') && path.includes('/proxy/')], ['is checked on its first pods', true, ({ path }) => path.includes('/pods/') && path.includes('/proxy/')],
  ])('is rolled back when it is cancelled while it %s (prove-first %s)', async (_what, proveFirst, is) => {
    const world = new TestWorld();
    const started = world.deployment(second, { proveFirst });
    cancelAt(world, started, is);
    const { outcome, kept } = await cancelled(world, started);
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow, world.ledger?.run.phase, world.holder]).toEqual(['rolled-back', 'cancelled', world.imageOf(first), 'restored', '']);
    expect(kept).toEqual(['run-1', '']);
  });
  it('is left to the post step when the restored version cannot be verified in the seconds that are left', async () => {
    const world = new TestWorld();
    const started = world.deployment(second, { proveFirst: false });
    cancelAt(world, started, ({ path }) => path.includes('/pods/') && path.includes('/proxy/'));
    const { app } = world.server;
    world.server.app = (kind, name) => (world.imageNow === world.imageOf(first) && world.changes.length > 1 ? starting : app(kind, name));
    const { outcome, kept } = await cancelled(world, started);
    expect([outcome.verdict, kept, world.ledger?.run.phase, world.holder]).toEqual(['rollback-failed', ['run-1'], 'restoring', 'run-1']);
    world.server.app = app;
    const post = await finish(world.deployment(second, {}, { id: 'run-1' }).run);
    expect([post?.verdict, world.imageNow, world.ledger?.run.phase, world.holder]).toEqual(['rolled-back', world.imageOf(first), 'restored', '']);
  });
  it('says that the change may still be made when nobody has answered it, and the post step restores it', async () => {
    const world = new TestWorld();
    const started = world.deployment(second, { proveFirst: false });
    let isSent = false;
    world.server.trouble = (asked) => {
      if (!isChange(asked) || isSent) return undefined;
      isSent = true;
      started.cancel();
      return 'silent';
    };
    const { outcome, kept } = await cancelled(world, started);
    expect([outcome.verdict, kept, world.ledger?.run.phase, world.holder]).toEqual(['rollback-failed', ['run-1'], 'interrupted', 'run-1']);
    expect(outcome.rollback?.notes).toContain('The change was sent but not answered, so it may still be made. It is then rolled back.');
    // So its end is not the end yet: only the post step notifies of it.
    expect(outcome.rollback?.continued).toBe(true);
    // It comes late, while the post step waits for it.
    void world.clock.sleep(20_000).then(() => world.deployments.set('api', world.imageOf(second)));
    const post = await finish(world.deployment(second, {}, { id: 'run-1' }).run);
    expect([post?.verdict, world.imageNow, world.ledger?.run.phase]).toEqual(['rolled-back', world.imageOf(first), 'restored']);
  });
});

describe('a deployment that is cancelled in its undo', () => {
  it('restores all the same, and leaves the verification to the post step where there is no time for it', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    const started = world.deployment(second, { proveFirst: false });
    cancelAt(world, started, (asked) => isChange(asked) && world.imageNow === world.imageOf(second));
    const { app } = world.server;
    world.server.app = (kind, name) => (world.changes.length > 1 ? starting : app(kind, name));
    const { outcome, kept } = await cancelled(world, started);
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow, kept, world.ledger?.run.phase]).toEqual(['rollback-failed', 'crash-loop', world.imageOf(first), ['run-1'], 'restoring']);
    expect(outcome.rollback?.notes).toContain('The step was cancelled before the previous version was verified.');
    world.server.app = app;
    const post = await finish(world.deployment(second, {}, { id: 'run-1' }).run);
    expect([post?.verdict, world.ledger?.run.phase, world.holder]).toEqual(['rolled-back', 'restored', '']);
  });
  it('is rolled back when there is time for it', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    const started = world.deployment(second, { proveFirst: false });
    cancelAt(world, started, (asked) => isChange(asked) && world.imageNow === world.imageOf(second));
    const { outcome, kept } = await cancelled(world, started);
    expect([outcome.verdict, outcome.failure?.cause, world.ledger?.run.phase, kept]).toEqual(['rolled-back', 'crash-loop', 'restored', ['run-1', '']]);
  });
  it('has no post step to leave anything to in a terminal, and says so in the record', async () => {
    const world = new TestWorld();
    const started = world.deployment(second, { proveFirst: false }, { hasPost: false });
    cancelAt(world, started, ({ path }) => path.includes('/pods/') && path.includes('/proxy/'));
    const { app } = world.server;
    world.server.app = (kind, name) => (world.changes.length > 1 ? starting : app(kind, name));
    const { outcome } = await cancelled(world, started);
    expect([outcome.verdict, world.ledger?.run.phase, world.holder]).toEqual(['rollback-failed', 'unverified', '']);
  });
});
