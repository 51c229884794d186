import { describe, expect, it } from '@jest/globals';
import { historyOf } from '../../src/entry/history.js';
import { deploy } from '../../src/workflow/deploy.js';
import { finish } from '../../src/workflow/finish.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { first, image, second, third, TestWorld } from './world.js';

const pastOf = (world: TestWorld) => (world.ledger?.past ?? []).map(({ id, result, cause, wentBack }) => [id, result, cause, wentBack].filter((part) => part !== undefined).join(' '));

describe('the record remembers', () => {
  it('a deployment, with its commit and when that was made', async () => {
    const world = new TestWorld();
    const { figures } = await deploy(world.whole().run);
    expect(world.ledger?.past).toEqual([{
      id: 'run-1', result: 'verified', commit: second, committedAt: new Date(1_700_000_000_000).toISOString(), repository: image, changedAt: expect.any(String), endedAt: expect.any(String),
    }]);
    expect(figures).toMatchObject({ changes: 1, deployments: 1, failures: 0, leadTime: { of: 1 } });
  });
  it('one that was rolled back, with the cause', async () => {
    const world = await new TestWorld().deployed(second);
    world.behaviours.set(third, 'crash');
    const { figures, verdict } = await deploy(world.deployment(third).run);
    expect([verdict, pastOf(world)]).toEqual(['rolled-back', ['run-2 restored crash-loop', 'run-1 verified']]);
    expect(figures).toMatchObject({ changes: 2, deployments: 1, failures: 1, failureRate: 0.5, restore: { of: 1 } });
  });
  it('a rollback, which makes the deployment before it a failed change', async () => {
    const world = await new TestWorld().deployed(second, third);
    const { verdict, figures } = await rollBack(world.start('rollback', { image }).run);
    expect([verdict, pastOf(world)]).toEqual(['deployed', ['run-3 verified true', 'run-2 verified', 'run-1 verified']]);
    expect(figures).toMatchObject({ changes: 2, deployments: 2, failures: 1 });
  });
  it('no run that changed nothing', async () => {
    const world = await new TestWorld().deployed(second);
    const { verdict, figures } = await deploy(world.deployment(second).run);
    expect([verdict, pastOf(world), figures]).toEqual(['unchanged', ['run-1 verified'], undefined]);
  });
  it('an interrupted run once it is finished, by the post step or by the next run', async () => {
    const world = new TestWorld();
    world.keepLedger(world.deadLedger({ id: 'dead' }));
    await finish(world.start('deploy', world.deploying(second), { id: 'dead' }).run);
    expect(pastOf(world)).toEqual(['dead restored cancelled']);
    const other = new TestWorld();
    other.keepLedger(other.deadLedger({ id: 'dead' }));
    await deploy(other.deployment(second).run);
    expect(pastOf(other)).toEqual(['run-1 verified', expect.stringMatching(/^dead /)]);
  });
});

it('the history of an app is what its record holds', async () => {
  const world = await new TestWorld().deployed(second);
  const history = historyOf({ app: 'api', environment: 'production', image }, world.ledger, 'web', world.clock.now());
  expect(history).toMatchObject({
    app: 'api', environment: 'production', namespace: 'web', runs: [{ id: 'run-1', verdict: 'deployed', wentBack: false, commit: second }], figures: { deployments: 1 },
    releases: [{ reference: world.imageOf(second), verified: true, withdrawn: false }, { reference: world.imageOf(first), verified: true }],
  });
  expect(historyOf({ app: 'api', image: 'ghcr.io/other/api' }, world.ledger, 'web', 0)).toMatchObject({ runs: [], releases: [] });
  expect(historyOf({ app: 'api' }, undefined, undefined, 0)).toEqual({ app: 'api', environment: undefined, namespace: undefined, figures: undefined, runs: [], releases: [] });
});
