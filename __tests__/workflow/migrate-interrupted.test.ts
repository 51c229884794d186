import { describe, expect, it } from '@jest/globals';
import type { MigrateConfig } from '../../src/config/config.js';
import { deploy } from '../../src/workflow/deploy.js';
import { finish } from '../../src/workflow/finish.js';
import { isUnfinished } from '../../src/record/ledger.js';
import { isWrite, type Asked, type Trouble } from '../kubernetes/server/memory-server.js';
import { TestDatabase, undo } from './database.js';
import { first, second, third, TestWorld, type TestRun } from './world.js';

interface Place {
  readonly world: TestWorld;
  readonly database: TestDatabase;
  readonly started: TestRun;
}

function place(changes: Partial<MigrateConfig>, isWrong: boolean): Place {
  const world = new TestWorld();
  const database = new TestDatabase(world);
  if (isWrong) world.behaviours.set(second, 'wrong');
  return { world, database, started: world.deployment(second, database.settings({ rehearse: { hosts: [] }, ...changes }), database.options) };
}

/** What is written but locks, which killed.test.ts is about. */
const isOwn = (asked: Asked): boolean => isWrite(asked) && !/reviews$|\/leases/.test(asked.path);
const nameOf = ({ method, path }: Asked): string => `${method} ${path.split('/').at(-1)?.replace(/-[0-9a-f]{10}$/, '')}`;

/** Does something in the write with this number. @returns its name; undefined if there are not so many */
async function inWrite({ world, started }: Place, index: number, act: (started: TestRun) => Trouble | undefined): Promise<string | undefined> {
  let [count, name] = [-1, undefined as string | undefined];
  const ended = deploy(started.run);
  await Promise.race([ended, new Promise<void>((resolve) => {
    world.server.trouble = (asked) => {
      if (!isOwn(asked) || (count += 1) !== index) return undefined;
      name = nameOf(asked);
      const trouble = act(started);
      resolve();
      return trouble;
    };
  })]);
  return name;
}

/** The migrations that the record has of a run, in a release or ahead of one. */
const recordedOf = ({ world }: Place, run: string): string[] => {
  const all = [...world.ledger?.ahead ?? [], ...world.ledger?.releases.flatMap(({ migrations = [] }) => migrations) ?? []];
  return all.filter((each) => each.run === run).map(({ state }) => state);
};

/** Whatever happens: what is migrated is recorded before, and only what is recorded as applied is followed by a rollout. */
function expectRecorded(write: string, where: Place): void {
  const recorded = recordedOf(where, 'run-1');
  if (where.database.story.includes('migrate') && where.database.head === '0002') expect([write, recorded.length > 0]).toEqual([write, true]);
  // Once it is undone, the version is about to be rolled back.
  const isGoingBack = where.world.ledger?.run.phase === 'restoring' && where.database.head === '0001';
  if (where.world.imageNow === where.world.imageOf(second) && !isGoingBack) expect([write, recorded]).toEqual([write, ['applied']]);
}

/** All writes of a run that is not interrupted, by their number. */
async function eachWrite(body: (index: number) => Promise<string | undefined>): Promise<string[]> {
  const names: string[] = [];
  for (let index = 0; ; index += 1) {
    const name = await body(index);
    if (name === undefined) return names;
    names.push(name);
  }
}

/** Of which ways of a rollback each is played with a version that works and with one that does not. */
const ways: readonly (readonly [what: string, changes: Partial<MigrateConfig>, isWrong: boolean, moment: 'cut' | 'lost'])[] = [
  ['not known', {}, false, 'lost'], ['undone', { undo }, false, 'cut'], ['undone', { undo }, true, 'lost'], ['irreversible', { undo: false }, true, 'cut'],
];

describe.each(ways)('a deployment with a migration (%s, %j) that is killed in one of its writes (version fails: %s, %s)', (_what, changes, isWrong, moment) => {
  it('has recorded it, and is finished by the next one', async () => {
    const names = await eachWrite(async (index) => {
      const here = place(changes, isWrong);
      const { world, database } = here;
      const name = await inWrite(here, index, ({ kill }) => {
        kill();
        return moment;
      });
      if (name === undefined) return undefined;
      const what = `${name} (${index})`;
      world.server.trouble = () => undefined;
      expectRecorded(what, here);
      // What was sent goes on by itself.
      await world.clock.sleep(30_000);
      expectRecorded(what, here);
      const outcome = await deploy(world.deployment(third, database.settings(changes), database.options).run);
      expect([what, outcome.failure?.message, outcome.verdict, world.imageNow, database.head]).toEqual([what, undefined, 'deployed', world.imageOf(third), '0002']);
      expect([what, world.jobs.mostRunning, world.ledger?.run.phase, world.ledger?.ahead, world.ledger?.releases[0]?.head]).toEqual([what, 1, 'verified', undefined, '0002']);
      return name;
    });
    expect(names).toEqual(expect.arrayContaining(['POST jobs', 'PATCH api']));
  });

  it('is finished by its post step', async () => {
    await eachWrite(async (index) => {
      const here = place(changes, isWrong);
      const { world, database } = here;
      const name = await inWrite(here, index, ({ kill }) => {
        kill();
        return moment;
      });
      if (name === undefined) return undefined;
      const what = `${name} (${index})`;
      world.server.trouble = () => undefined;
      const isOpen = isUnfinished(world.ledger);
      await finish(world.deployment(second, database.settings(changes), { id: 'run-1', ...database.options }).run);
      const { phase } = world.ledger?.run ?? {};
      // A rehearsal is not a part of the record: it works on the copy alone.
      if (isOpen) expect([what, world.jobs.running, world.holder]).toEqual([what, 0, '']);
      expect([what, phase]).toEqual([what, expect.not.stringMatching(/in-progress|interrupted|restoring/)]);
      if (phase !== 'verified' && changes.undo !== false) expect([what, world.imageNow]).toEqual([what, world.imageOf(first)]);
      expectRecorded(what, here);
      return name;
    });
  });
});

describe('a deployment with a migration that is cancelled in one of its writes', () => {
  it.each([['undone', { undo }], ['irreversible', { undo: false }]] as const)('ends in time, and leaves nothing that runs to whoever comes after its post step (%s)', async (_what, changes) => {
    const names = await eachWrite(async (index) => {
      const here = place(changes, false);
      const { world, database, started } = here;
      database.programs['migrate'] = { lines: ['migrate…'], afterMs: 20_000, stopMs: 15_000 };
      let [count, name] = [-1, undefined as string | undefined];
      world.server.trouble = (asked) => {
        if (isOwn(asked) && (count += 1) === index) {
          name = nameOf(asked);
          started.cancel();
        }
        return undefined;
      };
      const outcome = await deploy(started.run);
      if (name === undefined) return undefined;
      const what = `${name} (${index})`;
      expect([what, started.sinceCancelled() < 10_000]).toEqual([what, true]);
      world.server.trouble = () => undefined;
      if (started.kept.at(-1)) await finish(world.deployment(second, database.settings(changes), { id: 'run-1', ...database.options }).run);
      expect([what, world.jobs.running, world.holder ?? '']).toEqual([what, 0, '']);
      expectRecorded(what, here);
      if (outcome.verdict !== 'deployed' && changes.undo !== false) expect([what, world.imageNow]).toEqual([what, world.imageOf(first)]);
      return name;
    });
    expect(names.length).toBeGreaterThan(6);
  });
  it('is not migrated when it is cancelled before', async () => {
    const here = place({}, false);
    void here.world.clock.sleep(2000).then(() => here.started.cancel());
    const outcome = await deploy(here.started.run);
    expect([outcome.verdict, outcome.failure?.cause, here.database.story, here.world.ledger, here.started.kept, here.world.holder]).toEqual(['failed', 'cancelled', [], undefined, [], '']);
  });
  it('in its migration says so, and its post step waits until the command has ended', async () => {
    const here = place({ rehearse: false }, false);
    const { world, database, started } = here;
    database.programs['migrate'] = { lines: ['migrate…'], afterMs: 60_000, stopMs: 20_000 };
    void (async () => {
      while (!started.lines.includes('output migrate…')) await world.clock.sleep(100);
      started.cancel();
    })();
    const outcome = await deploy(started.run);
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.stage, world.jobs.running, started.kept]).toEqual(['failed', 'cancelled', 'migrate', 1, ['run-1']]);
    const post = await finish(world.deployment(second, database.settings(), { id: 'run-1', ...database.options }).run);
    expect([post?.verdict, post?.failure?.message, world.jobs.running, world.ledger?.run.phase, world.imageNow]).toEqual(['failed', 'The step was stopped during its migration. Nothing was deployed.', 0, 'restored', world.imageOf(first)]);
    expect(post?.warnings).toEqual([expect.stringContaining('may be applied in part')]);
  });
  it('in a terminal has no post step, and its record says how it ended', async () => {
    const world = new TestWorld();
    const database = new TestDatabase(world);
    database.programs['migrate'] = { lines: ['migrate…'], afterMs: 60_000 };
    const started = world.deployment(second, database.settings(), { ...database.options, hasPost: false });
    void (async () => {
      while (!started.lines.includes('output migrate…')) await world.clock.sleep(100);
      started.cancel();
    })();
    await deploy(started.run);
    expect([world.ledger?.run.phase, world.jobs.running, world.holder]).toEqual(['restored', 0, '']);
  });
});
