import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { imageActions, type ActionName } from '../../src/outcome/action.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { verdicts, verdictTable } from '../../src/outcome/verdict.js';
import { deploy } from '../../src/workflow/deploy.js';
import { checkPullRequest } from '../../src/workflow/pull-request.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { checking } from './checking.js';
import { build, first, gate, image, second, TestWorld } from './world.js';

type Scenario = (action: ActionName) => Promise<{ readonly outcome: Outcome; readonly world: TestWorld }>;

/** A run of the action, over `first` that was there and, for a rollback, `second` that was deployed over it. */
async function perform(action: ActionName, settings: Partial<Config> = {}, prepare: (world: TestWorld) => void = () => undefined) {
  const world = action === 'rollback' ? await new TestWorld().deployed(second) : new TestWorld();
  prepare(world);
  if (action === 'pr-check') return { world, outcome: await checkPullRequest(checking(world, settings).given) };
  const { smoke } = world.deploying(second);
  const own: Partial<Config> = action === 'build' ? { image, build, gate } : action === 'rollback' ? { image, smoke } : world.deploying(second);
  const { run } = world.start(action, { ...own, ...settings });
  return { world, outcome: await (action === 'rollback' ? rollBack(run) : deploy(run)) };
}

/** The version that the run sets behaves in this way. */
const behaving = (action: ActionName, behaviour: 'wrong' | 'crash') => (world: TestWorld) => void world.behaviours.set(action === 'rollback' ? first : second, behaviour);

const scenarios: Readonly<Record<string, Scenario>> = {
  'deployed': (action) => perform(action),
  'unchanged': async (action) => {
    if (action !== 'rollback') return perform(action, {}, (world) => void world.deployments.set('api', world.imageOf(second)));
    // A revision by its number: what is there already may be named as well.
    const world = await new TestWorld().deployed(second);
    return { world, outcome: await rollBack(world.start('rollback', { image, to: second.slice(0, 12) }).run) };
  },
  'planned': (action) => perform(action, { dryRun: true }),
  'checked': (action) => perform(action),
  'tested': (action) => perform(action, { gate, image: undefined, build: undefined, digest: undefined, workloads: [], smoke: [] }),
  'built': (action) => perform(action, { image, build, digest: undefined, workloads: [], smoke: [] }),
  'failed': (action) => (action === 'build' ? perform(action, {}, (world) => void (world.registry.buildFails = 'ERROR: failed to solve: no'))
    : perform(action, { workloads: [{ kind: 'deployment', name: 'other' }] })),
  'rolled-back': (action) => perform(action, {}, behaving(action, 'crash')),
  'rollback-failed': (action) => perform(action, { rollback: 'off' }, behaving(action, 'wrong')),
};

describe('every verdict of every action', () => {
  const named = imageActions.flatMap((action) =>
    verdicts.filter((verdict) => verdictTable[verdict].actions.includes(action)).map((verdict) => [action, verdict] as const));

  it.each(named)('%s can end as %s', async (action, verdict) => {
    const { outcome, world } = await scenarios[verdict]?.(action) ?? {};
    expect([outcome?.verdict, outcome?.failure?.message && verdictTable[verdict].success]).toEqual([verdict, outcome?.failure && false]);
    // Whatever the end: nobody holds the lock, and what the record says is an end too.
    expect([undefined, '']).toContain(world?.holder);
    expect(['verified', 'restored', 'unverified', undefined]).toContain(world?.ledger?.run.phase);
  });
  it.each(imageActions.filter((action) => action !== 'pr-check'))('%s, planned, writes nothing', async (action) => {
    const { world } = await perform(action, { dryRun: true }, ({ server }) => void server.seen.splice(0));
    expect(world.server.seen.filter((each) => !each.startsWith('GET'))).toEqual([]);
  });
});

describe('what is there after each verdict', () => {
  it.each(imageActions.filter((action) => action !== 'build' && action !== 'pr-check').flatMap((action) => [
    [action, 'deployed', 'new'], [action, 'failed', 'old'], [action, 'rolled-back', 'old'], [action, 'rollback-failed', 'new'],
  ] as const))('of %s, when it %s, is the %s version', async (action, verdict, which) => {
    const [before, after] = action === 'rollback' ? [second, first] : [first, second];
    const { outcome, world } = await scenarios[verdict]?.(action) ?? {};
    expect(world?.imageNow).toBe(world?.imageOf(which === 'new' ? after : before));
    const isOneVersion = new Set(world?.deployments.images('api')).size === 1;
    expect(isOneVersion).toBe(true);
    if (outcome && outcome.changes.length > 0) expect(outcome.changes.map(({ now }) => now)).toEqual([world?.imageNow]);
  });
});
