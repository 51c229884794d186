import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { deploy } from '../../src/workflow/deploy.js';
import { first, second, TestWorld } from './world.js';

const watch: Partial<Config> = { watch: { forMs: 60_000, intervalMs: 10_000, health: { failures: 3 } } };

/** Lets the new version answer as this says once it is watched: one letter for each look, F fails. The last one goes on. */
function answering(world: TestWorld, looks: string): () => number {
  const { app } = world.server;
  let startedAt: number | undefined;
  const look = (): number => (startedAt === undefined ? 0 : Math.floor((world.clock.monotonic() - startedAt) / 10_000));
  world.server.app = (kind, name) => {
    if (world.ledger?.run.marks.includes('watch')) startedAt ??= world.clock.monotonic() - 10_000;
    const isWrong = startedAt !== undefined && (looks[Math.min(look(), looks.length) - 1] ?? '') === 'F';
    return isWrong && world.ledger?.run.phase === 'in-progress' ? { status: 500, body: '' } : app(kind, name);
  };
  return look;
}

describe('a watched release', () => {
  it('is deployed when its pods and its checks hold for as long, and is verified only then', async () => {
    const world = new TestWorld();
    const { run } = world.deployment(second, watch);
    const startedAt = world.clock.monotonic();
    const { verdict, verified, timeline } = await deploy(run);
    expect(verdict).toBe('deployed');
    expect(verified?.map(({ what, seen }) => `${what}: ${seen}`)).toEqual(expect.arrayContaining([
      'watch of 1m: 2 pods stayed healthy', 'guard health: held in 6 looks: the smoke check passes',
    ]));
    expect(world.clock.monotonic() - startedAt).toBeGreaterThanOrEqual(60_000);
    expect(timeline.map(({ stage, result }) => `${stage} ${result}`)).toEqual(expect.arrayContaining(['smoke ok', 'watch ok']));
    const phases = world.ledgers.map(({ run: { phase, marks } }) => `${phase} ${marks.at(-1) ?? ''}`);
    expect(phases.slice(-2)).toEqual(['in-progress watch', 'verified watch']);
  });

  it.each([
    ['FFF', 3], ['FFSFFF', 6], ['SSSFFF', 6],
  ])('whose looks are %s is rolled back at look %d', async (looks, at) => {
    const world = new TestWorld();
    const lookNow = answering(world, looks);
    const { run, lines } = world.deployment(second, watch);
    const { verdict, failure } = await deploy(run);
    expect([verdict, failure?.cause, failure?.stage]).toEqual(['rolled-back', 'guard-breached', 'watch']);
    expect(failure?.message).toMatch(/^Guard health was breached: `service\/api\/`: pod\/api-pod-\d returned status 500 instead of 200/);
    const evidence = failure?.evidence.find(({ title }) => title === 'What the guards saw')?.text.split('\n') ?? [];
    expect(evidence.map((line) => (line.includes('fail:') ? 'F' : 'S')).join('')).toBe(looks);
    expect(lookNow()).toBeGreaterThanOrEqual(at);
    expect([world.imageNow, world.holder, world.ledger?.run.phase]).toEqual([world.imageOf(first), '', 'restored']);
    expect(lines.some((line) => line.startsWith('progress watch health '))).toBe(true);
  });

  it('that fails now and then, but never three times in a row, is deployed', async () => {
    const world = new TestWorld();
    answering(world, 'FFSFFS');
    expect(await deploy(world.deployment(second, watch).run)).toMatchObject({ verdict: 'deployed', warnings: [] });
  });

  it('whose last looks failed is unproven, which is a warning', async () => {
    const world = new TestWorld();
    answering(world, 'SSSSFF');
    const { verdict, warnings } = await deploy(world.deployment(second, watch).run);
    expect([verdict, warnings]).toEqual(['deployed', ['Guard health is unproven: it failed in the last 2 looks, and 3 in a row would be a breach.']]);
  });

  it('whose pods crash late is rolled back for that, without waiting for a look', async () => {
    const world = new TestWorld();
    const { run } = world.deployment(second, { watch: { forMs: 3_600_000, intervalMs: 600_000, health: { failures: 3 } } });
    const crashing = world.clock.sleep(100_000).then(() => {
      world.behaviours.set(second, 'crash');
      world.takeLock(world.holder ?? '');
    });
    const { verdict, failure } = await deploy(run);
    await crashing;
    expect([verdict, failure?.cause, failure?.stage]).toEqual(['rolled-back', 'crash-loop', 'watch']);
    expect(world.clock.monotonic()).toBeLessThan(600_000);
  });

  it('is rolled back when the run is cancelled meanwhile', async () => {
    const world = new TestWorld();
    const { run, cancel } = world.deployment(second, watch, { hasPost: false });
    void world.clock.sleep(30_000).then(cancel);
    const { verdict, failure } = await deploy(run);
    expect([verdict, failure?.cause, failure?.stage, world.imageNow]).toEqual(['rolled-back', 'cancelled', 'watch', world.imageOf(first)]);
  });

  it('of a run that died meanwhile is confirmed by the next run, which says so', async () => {
    const world = new TestWorld();
    const { run, kill } = world.deployment(second, watch);
    void deploy(run);
    await world.clock.sleep(30_000);
    expect(world.ledger?.run.marks).toContain('watch');
    kill();
    await world.clock.sleep(20_000);
    const { verdict, recovery } = await deploy(world.deployment(second).run);
    expect([verdict, recovery?.result, recovery?.notes]).toEqual(['unchanged', 'confirmed', expect.arrayContaining(['It was not watched to the end.'])]);
  });

  it('that is there already is not watched again', async () => {
    const world = new TestWorld({ before: second });
    const { run, lines } = world.deployment(second, watch);
    const startedAt = world.clock.monotonic();
    expect(await deploy(run)).toMatchObject({ verdict: 'unchanged' });
    expect([world.clock.monotonic() - startedAt < 30_000, lines.includes('info this version is there already: it is not watched again')]).toEqual([true, true]);
  });

  it('without smoke checks is watched for its pods alone', async () => {
    const world = new TestWorld();
    const { verdict, verified } = await deploy(world.deployment(second, { ...watch, smoke: [] }).run);
    expect([verdict, verified?.map(({ what }) => what)]).toEqual(['deployed', ['deployment/api', 'watch of 1m']]);
  });

  it('is planned in a dry run', async () => {
    const { plan } = await deploy(new TestWorld().deployment(second, { ...watch, dryRun: true }).run);
    expect(plan?.steps.find(({ stage }) => stage === 'watch')?.title).toBe('watch the new version for 1m');
  });
});
