import { describe, expect, it } from '@jest/globals';
import { openCluster } from '../../src/kubernetes/client/cluster.js';
import type { Workload } from '../../src/kubernetes/client/objects.js';
import { apiPath, resources } from '../../src/kubernetes/client/resources.js';
import { raiseFence } from '../../src/kubernetes/fence/fence.js';
import { markOf } from '../../src/kubernetes/fence/mark.js';
import { deploy } from '../../src/workflow/deploy.js';
import { rollBack } from '../../src/workflow/rollback.js';
import { first, image, second, TestWorld, third } from './world.js';

/** A world whose app a restore has stopped, which was killed. */
async function stopped(world = new TestWorld()): Promise<TestWorld> {
  const { run } = world.start('restore', {}, { id: 'dead' });
  const cluster = await openCluster(run.ports, run.config.cluster, '/private');
  await raiseFence({ cluster, ports: run.ports }, [{ kind: 'deployment', name: 'api' }], { run: run.id, forMs: 60_000, signal: run.ports.cancelled });
  await cluster.close();
  return world;
}

const appOf = (world: TestWorld): unknown[] => {
  const workload = world.server.get<Workload>(apiPath(resources.deployments, 'web', 'api')) ?? {};
  return [workload.spec?.replicas, markOf(workload)];
};
const warning = 'deployment/api was stopped by a restore of its database at 2026-01-01T00:00:01Z, and is still stopped. Once that restore has ended, it is scaled to 2 again before its image is set.';

describe('an app that a killed restore has left stopped', () => {
  it('is started again by a deployment, which says so and is verified', async () => {
    const world = await stopped();
    const started = world.deployment(second);
    const outcome = await deploy(started.run);
    expect([outcome.failure?.message, outcome.verdict, world.imageNow, appOf(world)]).toEqual([undefined, 'deployed', world.imageOf(second), [2, undefined]]);
    expect([outcome.warnings, outcome.unverified]).toEqual([[warning], []]);
    expect(started.lines).toContain('warning deployment/api, which a restore had stopped at 2026-01-01T00:00:01Z, is started again.');
  });
  it('is started again by a deployment of the version that it has', async () => {
    const world = await stopped();
    const outcome = await deploy(world.deployment(first).run);
    expect([outcome.verdict, appOf(world), outcome.warnings]).toEqual(['unchanged', [2, undefined], [warning]]);
  });
  it('is started again by a rollback', async () => {
    const world = await stopped(await new TestWorld().deployed(second, third));
    const outcome = await rollBack(world.start('rollback', { image, smoke: world.deploying(second).smoke }).run);
    expect([outcome.verdict, world.imageNow, appOf(world)]).toEqual(['deployed', world.imageOf(second), [2, undefined]]);
  });
  it('is restored with its replicas when the new version fails', async () => {
    const world = await stopped();
    world.behaviours.set(second, 'crash');
    const outcome = await deploy(world.deployment(second).run);
    expect([outcome.verdict, world.imageNow, appOf(world)]).toEqual(['rolled-back', world.imageOf(first), [2, undefined]]);
  });
  it('stays stopped in a dry run, whose plan says it', async () => {
    const world = await stopped();
    const outcome = await deploy(world.deployment(second, { dryRun: true }).run);
    expect([outcome.verdict, outcome.plan?.warnings, appOf(world)[0]]).toEqual(['planned', [warning], 0]);
  });
  it('and cannot be started says with which commands it can', async () => {
    const world = await stopped();
    world.server.trouble = ({ method, body }) => (method === 'PATCH' && JSON.stringify(body).includes('/spec/replicas') ? { status: 403, reason: 'Forbidden', message: 'admission webhook "x" denied the request: frozen' } : undefined);
    const started = world.deployment(second, { smoke: [] });
    const outcome = await deploy(started.run);
    expect([outcome.warnings, outcome.unverified]).toEqual([expect.arrayContaining([warning]), [{ subject: 'deployment/api', reason: 'it is scaled to 0 replicas' }]]);
    expect(started.lines.join('\n')).toMatch(/warning deployment\/api could not be started again: .*\n.*scale deployment\/api --replicas=2/);
  });
});
