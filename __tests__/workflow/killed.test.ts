import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import type { Workload } from '../../src/kubernetes/client/objects.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { deploy } from '../../src/workflow/deploy.js';
import { finish } from '../../src/workflow/finish.js';
import { rollBack } from '../../src/workflow/rollback.js';
import type { Behaviour } from '../kubernetes/server/deployments.js';
import { isWrite, type Asked, type Trouble } from '../kubernetes/server/memory-server.js';
import { first, image, second, third, TestWorld } from './world.js';

/** What becomes of the request in which a process is killed. */
type Moment = 'never' | 'at once' | 'late';

const lateMs = 20_000;
const troubles: Readonly<Record<Moment, Trouble>> = { 'never': 'cut', 'at once': 'lost', 'late': { lateMs } };

const isOwn = (asked: Asked): boolean => isWrite(asked) && !asked.path.endsWith('reviews');
const nameOf = ({ method, path }: Asked): string => `${method} ${path.split('/').at(-1)}`;

/** The writes of a deployment of `second`, in their order. */
async function writesOf(world: TestWorld, settings: Partial<Config>): Promise<string[]> {
  const writes: string[] = [];
  world.server.trouble = (asked) => {
    if (isOwn(asked)) writes.push(nameOf(asked));
    return undefined;
  };
  await deploy(world.deployment(second, settings).run);
  return writes;
}

/** A world in which a deployment of `second` was killed in that write. */
async function killedAt(world: TestWorld, settings: Partial<Config>, index: number, moment: Moment): Promise<TestWorld> {
  const { run, kill } = world.deployment(second, settings);
  let count = -1;
  await new Promise<void>((resolve) => {
    world.server.trouble = (asked) => {
      if (!isOwn(asked) || (count += 1) !== index) return undefined;
      kill();
      resolve();
      return troubles[moment];
    };
    void deploy(run);
  });
  world.server.trouble = () => undefined;
  return world;
}

/** What anybody would want to know of a Deployment: its image, those of its pods, and whether it is held. */
const stateOf = (world: TestWorld) => {
  const spec = world.server.get<Workload>('/apis/apps/v1/namespaces/web/deployments/api')?.spec;
  return [world.imageNow, ...new Set(world.deployments.images('api')), spec?.paused ?? false, spec?.minReadySeconds ?? 0];
};
const all = (world: TestWorld, revision: string) => [world.imageOf(revision), world.imageOf(revision), false, 0];

interface End {
  /** In which the first process was killed. */
  readonly write: string;
  readonly world: TestWorld;
  /** Of the process that came after it. */
  readonly outcome: Outcome | undefined;
}

interface Case {
  readonly settings: Partial<Config>;
  readonly moment?: Moment;
  readonly behaviour?: Behaviour;
  readonly after: (world: TestWorld) => Promise<Outcome | undefined>;
}

/** The writes of a deployment, by its settings and how its version behaves. */
const writesKnown = new Map<string, readonly string[]>();

/** Kills a deployment of `second` in each of its writes, and lets another process come after it. */
async function killedEverywhere({ settings, moment = 'never', behaviour = 'good', after }: Case): Promise<End[]> {
  const make = (): TestWorld => {
    const world = new TestWorld();
    world.behaviours.set(second, behaviour);
    return world;
  };
  const ends: End[] = [];
  const known = `${JSON.stringify(settings)} ${behaviour}`;
  const writes = writesKnown.get(known) ?? await writesOf(make(), settings);
  writesKnown.set(known, writes);
  for (const [index, write] of writes.entries()) {
    // What comes late is what changes the Deployment: its images, the pause, and what lifts it.
    if (moment === 'late' && write !== 'PATCH api') continue;
    const world = await killedAt(make(), settings, index, moment);
    const outcome = await after(world);
    await world.clock.sleep(lateMs);
    ends.push({ write: `${write} (${index})`, world, outcome });
  }
  return ends;
}

const again = (revision: string) => (world: TestWorld) => deploy(world.deployment(revision).run);
const goBack = (world: TestWorld) => rollBack(world.start('rollback', { image, smoke: world.deploying(second).smoke }).run);
const post = (world: TestWorld) => finish(world.deployment(second, {}, { id: 'run-1' }).run);

const ways = [{ proveFirst: false }, { proveFirst: true }].flatMap((settings) => (['never', 'at once', 'late'] as const).map((moment) => [settings, moment] as const));

describe.each(ways)('a deployment (%j) that is killed in one of its writes, which is done %s', (settings, moment) => {
  it('is finished by the same deployment, which can be gone back from', async () => {
    for (const { write, world, outcome } of await killedEverywhere({ settings, moment, after: again(second) })) {
      const isSuccess = outcome && ['deployed', 'unchanged'].includes(outcome.verdict);
      expect([write, isSuccess, ...stateOf(world), world.ledger?.run.phase, world.holder]).toEqual([write, true, ...all(world, second), 'verified', '']);
      expect([write, (await goBack(world)).verdict, ...stateOf(world)]).toEqual([write, 'deployed', ...all(world, first)]);
    }
  });
  it('and whose version is bad is undone by the next one', async () => {
    for (const { write, world, outcome } of await killedEverywhere({ settings, moment, behaviour: 'wrong', after: again(third) })) {
      expect([write, outcome?.verdict, ...stateOf(world), world.ledger?.run.phase, world.holder]).toEqual([write, 'deployed', ...all(world, third), 'verified', '']);
      // What was bad is no release to go back to.
      expect([write, world.ledger?.releases.map(({ reference }) => reference)]).toEqual([write, [third, first].map((revision) => world.imageOf(revision))]);
    }
  });
  it('is undone by a rollback', async () => {
    for (const { write, world, outcome } of await killedEverywhere({ settings, moment, after: goBack })) {
      expect([write, ...stateOf(world)]).toEqual([write, ...all(world, first)]);
      // Where nothing of it was left there is nothing older to go to.
      expect(['deployed', 'failed']).toContain(outcome?.verdict);
    }
  });
  it.each(['good', 'crash'] as const)('is undone by its post step, unless it was done (%s)', async (behaviour) => {
    for (const { write, world, outcome } of await killedEverywhere({ settings, moment, behaviour, after: post })) {
      const { phase } = world.ledger?.run ?? {};
      expect([undefined, 'rolled-back']).toContain(outcome?.verdict);
      expect([write, phase, ...stateOf(world)]).toEqual([write, phase, ...all(world, phase === 'verified' ? second : first)]);
      expect([undefined, 'restored', 'verified']).toContain(phase);
    }
  });
});
