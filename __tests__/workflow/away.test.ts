import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { deploy } from '../../src/workflow/deploy.js';
import { isWrite, type Asked, type Trouble } from '../kubernetes/server/memory-server.js';
import { first, second, third, TestWorld } from './world.js';

const isChange = ({ method, path }: Asked): boolean => method === 'PATCH' && path.endsWith('/deployments/api');
const isRecord = (asked: Asked): boolean => isWrite(asked) && /\/configmaps(?:\/|$)/.test(asked.path);
const isOwn = (asked: Asked): boolean => isWrite(asked) && !asked.path.endsWith('reviews');
const internal: Trouble = { status: 500, reason: 'InternalError', message: 'Internal error occurred: failed calling webhook "policy.example": no endpoints available' };

interface Written {
  readonly what: string;
  /** ms since the run began. */
  readonly at: number;
}

/** A deployment of `second`, while requests come to this trouble from the moment on when `from` is true. */
async function deployWhile(
  trouble: (asked: Asked) => Trouble | undefined, settings: Partial<Config> = {},
  { from = () => true, world = new TestWorld() }: { readonly from?: (world: TestWorld) => boolean; readonly world?: TestWorld } = {},
) {
  const started = world.deployment(second, settings);
  const { run, lines, kept } = started;
  const written: Written[] = [];
  world.server.trouble = (asked) => {
    if (isOwn(asked)) written.push({ what: `${asked.method} ${asked.path.split('/').at(-1)}`, at: world.clock.monotonic() - run.startedAt });
    return from(world) ? trouble(asked) : undefined;
  };
  const outcome = await deploy(run);
  world.server.trouble = () => undefined;
  return { world, outcome, written, lines, kept };
}

const minute = 60_000;

describe('an API server that answers every write with 500', () => {
  it('ends a run at its lock, in the time that the lock may take, and says so', async () => {
    const { world, outcome, written, lines } = await deployWhile((asked) => (isOwn(asked) ? internal : undefined), { lockTimeoutMs: 10_000 });
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, outcome.failure?.message]).toEqual([
      'failed', 'admission-denied', 'rollout', expect.stringMatching(/^The lock of api could not be acquired: .*failed calling webhook "policy\.example"/)]);
    expect(outcome.durationMs).toBeLessThan(15_000);
    // It is tried again now and then, and not in a tight loop; that is said once.
    expect(written.length).toBeLessThan(40);
    expect(lines.filter((line) => line.startsWith('warning The lock of api could not be acquired'))).toHaveLength(1);
    expect([world.changes.filter((each) => !each.startsWith('GET')), world.ledger]).toEqual([[], undefined]);
  });
  it('from its record on ends it with nothing changed, within minutes', async () => {
    const { world, outcome } = await deployWhile((asked) => (isOwn(asked) ? internal : undefined), {}, { from: ({ holder }) => holder !== undefined });
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow, world.changes]).toEqual(['failed', 'admission-denied', world.imageOf(first), []]);
    expect(outcome.durationMs).toBeLessThan(4 * minute);
  });
  it('from its change on ends it with nothing changed, within minutes, and is told to look again', async () => {
    const { world, outcome, kept } = await deployWhile((asked) => (isOwn(asked) ? internal : undefined), {}, { from: ({ ledger }) => ledger !== undefined });
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow]).toEqual(['failed', 'admission-denied', world.imageOf(first)]);
    expect(outcome.durationMs).toBeLessThan(5 * minute);
    // The record still calls it unfinished: the post step looks at it, and the next run does.
    expect([kept, world.ledger?.run.phase]).toEqual([['run-1'], 'in-progress']);
    expect(await deploy(world.deployment(third).run)).toMatchObject({ verdict: 'deployed', recovery: { result: 'restored' } });
  });
  it('from its failure on ends it within minutes, as not rolled back, with what to do by hand', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'wrong');
    const from = (): boolean => world.deployments.images('api').every((each) => each === world.imageOf(second));
    const { outcome, kept } = await deployWhile((asked) => (isOwn(asked) ? internal : undefined), { proveFirst: false }, { world, from });
    expect([outcome.verdict, outcome.failure?.cause, world.imageNow, kept]).toEqual(['rollback-failed', 'smoke-failed', world.imageOf(second), ['run-1']]);
    expect(outcome.rollback?.notes.join(' ')).toMatch(/The record could not be written.*Deployment\/api could not be restored: .*failed calling webhook/);
    expect(outcome.undoCommands).toEqual([`kubectl --namespace=web set image deployment/api app=${world.imageOf(first)}`]);
    expect(outcome.durationMs).toBeLessThan(5 * minute);
  });
  it('for a moment is waited for, and costs nothing but that moment', async () => {
    let left = 10;
    const { outcome } = await deployWhile((asked) => (isOwn(asked) && (left -= 1) >= 0 ? internal : undefined));
    expect([outcome.verdict, outcome.durationMs < minute]).toEqual(['deployed', true]);
  });
});

describe('a record that cannot be written while the version is undone', () => {
  it.each<[string, Trouble]>([['is refused', internal], ['is not answered', 'silent'], ['is answered by nobody', 'cut']])(
    'does not keep the old version waiting: it %s', async (_how, trouble) => {
      const world = new TestWorld();
      world.behaviours.set(second, 'crash');
      const isRestoring = (asked: Asked): boolean => isRecord(asked) && /restor/.test(JSON.stringify(asked.body));
      const { outcome, written } = await deployWhile((asked) => (isRestoring(asked) ? trouble : undefined), { proveFirst: false }, { world });
      const rollout = outcome.timeline.find(({ stage }) => stage === 'rollout');
      const undoneAt = written.filter(({ what }) => what === 'PATCH api').at(-1)?.at ?? Infinity;
      expect(undoneAt - (rollout?.endMs ?? 0)).toBeLessThan(1000);
      expect([outcome.verdict, world.imageNow]).toEqual(['rolled-back', world.imageOf(first)]);
      expect(outcome.rollback?.notes.join(' ')).toMatch(/^The record could not be written/);
    });
});

describe('a change that nobody answers', () => {
  /** Each try is cut, as behind an admission webhook that takes too long, and one of them is done much later. */
  async function unanswered(settings: Partial<Config>, arrivesAfterMs?: number) {
    const world = new TestWorld();
    let isSent = false;
    const { outcome, kept } = await deployWhile((asked) => {
      if (!isChange(asked) || asked.agent === 'deploy-action') return undefined;
      if (!isSent && arrivesAfterMs !== undefined) void world.clock.sleep(arrivesAfterMs).then(() => world.deployments.set('api', world.imageOf(second)));
      isSent = true;
      return 'cut';
    }, { proveFirst: false, ...settings }, { world });
    await world.clock.sleep(5 * minute);
    return { world, outcome, kept };
  }

  it('is waited for before it is said that nothing was changed, and restored when it comes late', async () => {
    const { world, outcome } = await unanswered({}, 90_000);
    expect([outcome.verdict, outcome.failure?.stage, world.imageNow, world.ledger?.run.phase]).toEqual(['rolled-back', 'rollout', world.imageOf(first), 'restored']);
    expect(outcome.changes.map(({ now }) => now)).toEqual([world.imageOf(first)]);
  });
  it('stays where the settings say so, and is not called unchanged', async () => {
    const { world, outcome } = await unanswered({ rollback: 'off' }, 90_000);
    expect([outcome.verdict, world.imageNow]).toEqual(['rollback-failed', world.imageOf(second)]);
  });
  it('was not made when a minute later it is not there', async () => {
    const { world, outcome } = await unanswered({});
    expect([outcome.verdict, world.imageNow, world.ledger?.run.phase]).toEqual(['failed', world.imageOf(first), 'restored']);
    expect(outcome.failure?.message).toMatch(/^kubectl set image got no answer.* A minute later, when the API server has given up the request, it was not applied\.$/);
    expect(outcome.durationMs).toBeLessThan(3 * minute);
  });
  it('is left to the post step when the run is cancelled while it waits', async () => {
    const world = new TestWorld();
    const started = world.deployment(second, { proveFirst: false });
    world.server.trouble = (asked) => (isChange(asked) && asked.agent !== 'deploy-action' ? 'cut' : undefined);
    void world.clock.sleep(80_000).then(() => started.cancel());
    const outcome = await deploy(started.run);
    expect([outcome.verdict, world.ledger?.run.phase, started.kept]).toEqual(['rollback-failed', 'interrupted', ['run-1']]);
    expect(started.sinceCancelled()).toBeLessThan(10_000);
  });
});

describe('an API server that does not answer', () => {
  it('a read is asked again, and the run goes on', async () => {
    let left = 4;
    const { outcome } = await deployWhile(({ method }) => (method === 'GET' && (left -= 1) >= 0 ? 'cut' : undefined));
    expect(outcome.verdict).toBe('deployed');
  });
  it('at all is reported, and nothing is changed', async () => {
    const { world, outcome } = await deployWhile(() => 'cut');
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, world.changes]).toEqual(['failed', 'api-unreachable', 'preflight', []]);
    expect(outcome.durationMs).toBeLessThan(minute);
  });
  it('a change has made it or not: it is looked at before it is sent again', async () => {
    let isLost = false;
    const { world, outcome } = await deployWhile((asked) => (isChange(asked) && !isLost && (isLost = true) ? 'lost' : undefined), { proveFirst: false });
    expect([outcome.verdict, world.imageNow]).toEqual(['deployed', world.imageOf(second)]);
  });
  it('a write of the record, though it was done, is not taken for that of another run', async () => {
    const lost = new Set<string>();
    const { outcome, world } = await deployWhile((asked) => (isRecord(asked) && !lost.has(asked.method) && lost.add(asked.method) ? 'lost' : undefined));
    expect([outcome.verdict, world.ledger?.run.phase, [...lost]]).toEqual(['deployed', 'verified', ['POST', 'PUT']]);
  });
  it('an undo, though it was done, is looked at and counts', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    let isLost = false;
    const isUndo = (asked: Asked): boolean => isChange(asked) && world.imageNow === world.imageOf(second) && asked.agent === 'deploy-action';
    const { outcome } = await deployWhile((asked) => (isUndo(asked) && !isLost && (isLost = true) ? 'lost' : undefined), { proveFirst: false }, { world });
    expect([outcome.verdict, world.imageNow, isLost]).toEqual(['rolled-back', world.imageOf(first), true]);
  });
});
