import { describe, expect, it } from '@jest/globals';
import { deploy } from '../../src/workflow/deploy.js';
import { finish, notFinished } from '../../src/workflow/finish.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { first, second, third, TestWorld } from './world.js';

describe('a run knows how the last run of its app ended', () => {
  it('nothing, if it is the first', async () => expect((await deploy(new TestWorld().deployment(second).run)).lastRun).toBeUndefined());
  it('well', async () => {
    const world = await new TestWorld().deployed(second);
    expect((await deploy(world.deployment(third).run)).lastRun).toMatchObject({ failed: false, runUrl: 'https://runs.example/run-1' });
  });
  it('badly, whatever it does itself', async () => {
    const world = new TestWorld();
    world.behaviours.set(second, 'crash');
    expect((await deploy(world.deployment(second).run)).verdict).toBe('rolled-back');
    const unchanged = await deploy(world.deployment(first).run);
    expect([unchanged.verdict, unchanged.lastRun]).toEqual(['unchanged', expect.objectContaining({ failed: true, runUrl: 'https://runs.example/run-1' })]);
    const again = await deploy(world.deployment(third).run);
    expect([again.verdict, again.lastRun?.failed]).toEqual(['deployed', true]);
    expect((await deploy(world.deployment(second).run)).lastRun?.failed).toBe(false);
  });
  it('when it rolls back by hand', async () => {
    const world = await new TestWorld().deployed(second, third);
    const outcome = await rollBack(world.start('rollback').run);
    expect([outcome.verdict, outcome.lastRun?.failed]).toEqual(['deployed', false]);
  });
  it('when it has finished an interrupted one first', async () => {
    const world = new TestWorld({ before: second });
    world.keepLedger(world.deadLedger({ url: 'https://runs.example/dead' }));
    world.behaviours.set(second, 'wrong');
    const outcome = await deploy(world.deployment(third).run);
    expect([outcome.verdict, outcome.recovery?.result, outcome.lastRun]).toEqual(['deployed', 'restored', expect.objectContaining({ failed: true, runUrl: 'https://runs.example/dead' })]);
  });
});

describe('a post step that could not finish', () => {
  it('has an end: what is deployed is not known', async () => {
    const world = new TestWorld({ before: second });
    world.keepLedger('{"schema": 9}');
    const { run } = world.deployment(second, {}, { id: 'dead' });
    const thrown: unknown = await finish(run).catch((error: unknown) => error);
    expect(notFinished(run, thrown)).toMatchObject({ verdict: 'rollback-failed', app: 'api', failure: { cause: 'record-unreadable', stage: 'rollback' }, rollback: { notes: [] } });
  });
});
