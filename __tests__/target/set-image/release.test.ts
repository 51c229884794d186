import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { CancelledError, RolloutError, type DeployError } from '../../../src/outcome/errors.js';
import { FailedRollout } from '../../../src/kubernetes/judge/follow.js';
import { proveRelease } from '../../../src/target/set-image/prove.js';
import { undoRelease } from '../../../src/target/set-image/undo.js';
import { newImage, nextVersion, oldImage, running, set as setObject } from '../../kubernetes/judge/build.js';
import { deploymentPath } from './fake-cluster.js';
import { check, simulate, type Behaviour, type Simulation, type SimulationOptions } from '../../kubernetes/judge/simulation.js';
import type { Undone } from '../../../src/target/target.js';
import { rollOut } from './roll-out.js';
import { runningOf } from '../../../src/target/set-image/release.js';

const times = (count: number, image: string) => Array.from({ length: count }, () => image);
const imageOf = (workload: Workload) => workload.spec?.template?.spec?.containers?.[0]?.image;

/** What is left of a hold: whether it is paused, and minReadySeconds. */
const holdOf = (simulation: Simulation) => [simulation.deployment().spec?.paused ?? false, simulation.deployment().spec?.minReadySeconds ?? 0];

const unopposed = async () => undefined;

interface Ended {
  readonly simulation: Simulation;
  readonly error?: DeployError;
  readonly undone?: Undone;
}

/** What the stages of a release do: roll out, ask, and undo when that fails. */
async function run(options: SimulationOptions = {}): Promise<Ended> {
  const simulation = simulate(options);
  const { release } = simulation;
  try {
    const { followed } = await rollOut(release, unopposed);
    await proveRelease(release, followed, release.config.smoke, release.ports.clock.monotonic() + release.config.timeoutMs, release.ports.cancelled);
    return { simulation };
  } catch (thrown) {
    const error = thrown as DeployError;
    const journal = { restoring: async () => undefined, resumed: false };
    return { simulation, error, undone: await undoRelease(release, error, journal) };
  }
}

describe('a good release', () => {
  it('is on every pod in the end, and the command was printed', async () => {
    const { simulation, error } = await run();
    expect([error, simulation.images()]).toEqual([undefined, times(3, newImage)]);
    expect(simulation.ports.lines).toContain(`command kubectl set image deployment/api app=${newImage}`);
    expect(simulation.cluster.done.filter((each) => each.startsWith('PATCH'))).toEqual([]);
  });

  it.each([1, 2, 3, 8])('of %d pods that is proved first is held at its first wave, and let go on', async (replicas) => {
    const { simulation, error } = await run({ replicas, proveFirst: true });
    expect([error, simulation.images()]).toEqual([undefined, times(replicas, newImage)]);
    expect(simulation.deployment().spec).not.toHaveProperty('paused');
    expect(simulation.deployment().spec).not.toHaveProperty('minReadySeconds');
    expect(simulation.cluster.done.filter((each) => each.startsWith('PATCH')).length).toBe(2);
    expect(simulation.ports.lines).toContain('progress rollout deployment/api the first pods pass the smoke checks · updating the others');
  });

  it('that is proved first goes on when somebody lifts its pause', async () => {
    const lift = (_count: number, { cluster, deployment, release }: Simulation) => {
      const { paused, ...spec } = deployment().spec ?? {};
      const isSeen = release.watched.world.view(release.changes[0] as never).workload?.spec?.paused;
      if (paused && isSeen) cluster.put(deploymentPath, { ...deployment(), spec } as Workload);
    };
    const { simulation, error } = await run({ proveFirst: true, onNews: lift });
    expect([error, simulation.images(), holdOf(simulation)]).toEqual([undefined, times(3, newImage), [false, 0]]);
    expect(simulation.ports.lines).toContain('progress rollout deployment/api the first pods pass the smoke checks · updating the others');
  });

  it('goes on when an autoscaler changes the number of pods meanwhile', async () => {
    const scale = (count: number, { cluster, deployment }: Simulation) => {
      if (count === 5) cluster.put(deploymentPath, { ...deployment(), spec: { ...deployment().spec, replicas: 5 } } as Workload);
    };
    const { simulation, error } = await run({ onNews: scale });
    expect([error, simulation.images(), simulation.deployment().spec?.replicas]).toEqual([undefined, times(5, newImage), 5]);
  });
});

describe('a release that crashes', () => {
  it('is named, its log is kept, and what was there before is back', async () => {
    const { simulation, error, undone } = await run({ after: 'crash' });
    expect(error).toBeInstanceOf(FailedRollout);
    expect([error?.code, error?.message]).toEqual(['crash-loop', expect.stringMatching(/^Container app of pod pod-\d+ exited twice, last with exit code 1\.$/)]);
    expect(undone).toMatchObject({ result: 'restored', notes: [] });
    expect(undone?.evidence.map(({ title }) => title)).toContainEqual(expect.stringMatching(/^log of container app of pod pod-\d+, before its last restart$/));
    expect([simulation.images(), imageOf(simulation.deployment()), simulation.survivors()]).toEqual([times(3, oldImage), oldImage, 3]);
  });
});

describe('a release that starts and answers wrongly', () => {
  it('is found by its smoke check, and what was there before is back', async () => {
    const { simulation, error, undone } = await run({ after: 'wrong' });
    expect([error?.code, error?.message]).toEqual(['smoke-failed', expect.stringMatching(/^Smoke check `service\/api\/` failed: pod\/pod-\d+ returned status 500 instead of 200: .*\.$/)]);
    expect([undone?.result, simulation.images(), simulation.survivors()]).toEqual(['restored', times(3, oldImage), 0]);
  });
  it('never replaces an old pod when it is proved first, and is not left paused', async () => {
    const { simulation, error, undone } = await run({ after: 'wrong', proveFirst: true });
    expect([error?.code, undone?.result, simulation.images(), simulation.survivors()]).toEqual(['smoke-failed', 'restored', times(3, oldImage), 3]);
    expect(simulation.deployment().spec).not.toHaveProperty('paused');
    expect(simulation.deployment().spec).not.toHaveProperty('minReadySeconds');
  });
  it.each([1, 2])('keeps the old pods even where its first wave is as large as the whole, of %d', async (replicas) => {
    const { undone, simulation } = await run({ after: 'wrong', proveFirst: true, replicas, minReadySeconds: 3 });
    expect([undone?.result, simulation.images(), simulation.survivors()]).toEqual(['restored', times(replicas, oldImage), replicas]);
    expect(simulation.deployment().spec).toMatchObject({ minReadySeconds: 3 });
  });
});

describe('a rollback', () => {
  it('puts nothing back where nothing was changed', async () => {
    const { release } = simulate();
    const journal = { restoring: async () => undefined, resumed: false };
    expect(await undoRelease(release, new RolloutError('deadline', 'x'), journal)).toMatchObject({ result: 'untouched', notes: [], evidence: [], untouched: ['deployment/api'], restoredAfterMs: undefined });
  });

  it('overwrites nothing of somebody else, and says so', async () => {
    const hotfix = (count: number, { cluster, deployment }: Simulation) => {
      const template = { ...deployment().spec?.template, spec: { containers: [{ name: 'app', image: 'hotfix:1' }] } };
      if (count === 4) cluster.put(deploymentPath, { ...deployment(), spec: { ...deployment().spec, template } } as Workload);
    };
    const { simulation, error, undone } = await run({ onNews: hotfix });
    expect([error?.code, error?.message]).toEqual(['superseded', 'Container app of deployment/api was set to hotfix:1 by someone else during the run.']);
    expect(undone).toMatchObject({
      result: 'failed', notes: expect.arrayContaining(['Container app of deployment/api was set to hotfix:1 by someone else. It was not overwritten.']),
    });
    expect(imageOf(simulation.deployment())).toBe('hotfix:1');
  });

  it('is not called done when other digests run than before: the tag was moved', async () => {
    const { simulation, error } = await run({ after: 'crash' });
    const { release } = simulation;
    const other = { ...release, snapshots: release.snapshots.map((each) => ({ ...each, running: new Map([['app', new Set([`sha256:${'f'.repeat(64)}`])]]) })) };
    expect(runningOf(other)).toEqual({ 'deployment/api:app': [`sha256:${'f'.repeat(64)}`] });
    const journal = { restoring: async () => undefined, resumed: true };
    expect(await undoRelease(other, error as DeployError, journal)).toMatchObject({
      result: 'failed', notes: [expect.stringMatching(/^Container app of deployment\/api runs sha256:1+ now, but ran sha256:f+ before: its tag was moved meanwhile\.$/)],
    });
  });

  it('says which checks prove nothing of the old version', async () => {
    const text = { ...check, text: 'service/api/ contains v2', contains: newImage };
    const simulation = simulate({ after: 'crash', smoke: [text] });
    const release = { ...simulation.release, passedBefore: new Set<string>() };
    const error = await rollOut(release, unopposed).then(() => undefined, (thrown: unknown) => thrown);
    const undone = await undoRelease(release, error as DeployError, { restoring: async () => undefined, resumed: false });
    expect([undone.result, undone.notes]).toEqual(
      ['restored', ['Smoke check `service/api/ contains v2` failed before the run too, so it cannot verify the old version.']]);
  });

  it('comes first when the ledger cannot be written, and says that it could not', async () => {
    const simulation = simulate({ after: 'crash' });
    const error = await rollOut(simulation.release, unopposed).then(() => undefined, (thrown: unknown) => thrown);
    const restoring = () => Promise.reject(new Error('etcd is full'));
    const undone = await undoRelease(simulation.release, error as DeployError, { restoring, resumed: false });
    expect([undone.result, undone.notes, simulation.images()]).toEqual(['restored', ['The record could not be written: etcd is full.'], times(3, oldImage)]);
  });

  it('is patched while its record is not answered, and does not wait for it', async () => {
    const simulation = simulate({ after: 'crash' });
    const error = await rollOut(simulation.release, unopposed).then(() => undefined, (thrown: unknown) => thrown);
    const { clock } = simulation.ports;
    let recordedAt = Infinity;
    const restoring = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      recordedAt = simulation.cluster.done.length;
    };
    const begunAt = clock.monotonic();
    const undone = await undoRelease(simulation.release, error as DeployError, { restoring, resumed: false });
    expect(undone.restoredAfterMs).toBeLessThanOrEqual(clock.monotonic() - begunAt);
    const patchedAt = simulation.cluster.done.findIndex((each) => each.startsWith('PATCH'));
    expect([undone.result, patchedAt < recordedAt, imageOf(simulation.deployment())]).toEqual(['restored', true, oldImage]);
  });

  it('says that the record was not written in time, where it never is', async () => {
    const simulation = simulate({ after: 'crash' });
    const error = await rollOut(simulation.release, unopposed).then(() => undefined, (thrown: unknown) => thrown);
    const undone = await undoRelease(simulation.release, error as DeployError, { restoring: () => new Promise(() => undefined), resumed: false });
    expect([undone.result, undone.notes]).toEqual(['restored', ['The record could not be written in time.']]);
  });

  it('goes to what stood there right before the change, when somebody set that since the run had looked', async () => {
    const hotfix = 'registry.example/api:hotfix';
    const simulation = simulate();
    const { cluster, deployment: now } = simulation;
    // Between what kubectl reads and what it patches.
    const kubectl: typeof cluster.kubectl = async (args) => {
      const template = { ...now().spec?.template, spec: { containers: [{ name: 'app', image: hotfix }] } };
      cluster.put(deploymentPath, { ...now(), spec: { ...now().spec, template } } as Workload);
      simulation.release.watched.world.apply(setObject({ ...now(), kind: 'Deployment', metadata: { ...now().metadata, resourceVersion: nextVersion() } }));
      return cluster.kubectl(args);
    };
    const release = { ...simulation.release, cluster: { ...cluster, kubectl } };
    const error = await rollOut(release, unopposed).then(() => undefined, (thrown: unknown) => thrown) as DeployError;
    expect([error.code, error.message]).toEqual(['superseded', `Container app of deployment/api was set to ${hotfix} by someone else right before this run changed it.`]);
    const undone = await undoRelease(release, error, { restoring: async () => undefined, resumed: false });
    expect([undone.result, imageOf(now())]).toEqual(['restored', hotfix]);
  });

  it('is not asked of an autoscaler that changed the number of pods in that moment', async () => {
    const simulation = simulate();
    const { cluster, deployment: now } = simulation;
    const kubectl: typeof cluster.kubectl = async (args) => {
      cluster.put(deploymentPath, { ...now(), spec: { ...now().spec, replicas: 4 } } as Workload);
      simulation.release.watched.world.apply(setObject({ ...now(), kind: 'Deployment', metadata: { ...now().metadata, resourceVersion: nextVersion() } }));
      return cluster.kubectl(args);
    };
    await rollOut({ ...simulation.release, cluster: { ...cluster, kubectl } }, unopposed);
    expect(simulation.images()).toEqual(times(4, newImage));
  });

  it('to the very image that has failed is none: nothing better is there, and the change counts', async () => {
    const simulation = simulate({ after: 'crash' });
    const containers = [{ name: 'app', before: oldImage, after: newImage, back: newImage }];
    const release = { ...simulation.release, changes: simulation.release.changes.map((each) => ({ ...each, containers })) };
    const error = await rollOut(release, unopposed).then(() => undefined, (thrown: unknown) => thrown) as DeployError;
    expect(await undoRelease(release, error, { restoring: async () => undefined, resumed: false })).toMatchObject({
      result: 'failed', nothingGood: true, untouched: [],
      notes: [`deployment/api is set to ${newImage}, which is the last verified release and has failed now: there is no other version to restore.`],
    });
    expect([imageOf(simulation.deployment()), simulation.cluster.done.filter((each) => each.startsWith('PATCH'))]).toEqual([newImage, []]);
  });

  it('does not say of a workload that has not failed that it has', async () => {
    const simulation = simulate({ after: 'crash' });
    const containers = [{ name: 'app', before: oldImage, after: newImage, back: newImage }];
    const release = { ...simulation.release, changes: simulation.release.changes.map((each) => ({ ...each, containers })) };
    const error = await rollOut(release, unopposed).then(() => undefined, (thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FailedRollout);
    const other = new FailedRollout((error as FailedRollout).failed.map((each) => ({ ...each, workload: { ...each.workload, ref: 'deployment/worker' } })));
    const { notes } = await undoRelease(release, other, { restoring: async () => undefined, resumed: false });
    expect(notes).toEqual([`deployment/api is set to ${newImage}, which is the last verified release. It is left unchanged: another workload failed.`]);
  });

  it('does not answer for a sidecar that this run had not set, and tells that it is another one', async () => {
    const { simulation, error } = await run({ after: 'crash' });
    const { release } = simulation;
    const digest = `sha256:${'f'.repeat(64)}`;
    const { world } = release.watched;
    const injected = world.view(release.changes[0] as never).newPods.map((each) => ({
      ...each, metadata: { ...each.metadata, resourceVersion: '999999' },
      status: { ...each.status, containerStatuses: [...each.status?.containerStatuses ?? [], running({ name: 'mesh', imageID: digest })] },
    }));
    for (const each of injected) world.apply(setObject({ ...each, kind: 'Pod' }));
    const snapshots = release.snapshots.map((each) => ({ ...each, running: new Map([...each.running, ['mesh', new Set([`sha256:${'e'.repeat(64)}`])] as const]) }));
    expect(await undoRelease({ ...release, snapshots }, error as DeployError, { restoring: async () => undefined, resumed: true })).toMatchObject({
      result: 'restored',
      notes: [`Container mesh of deployment/api runs another digest (${digest}) than before the run. The run did not set its image, so it does not restore it.`],
    });
  });

  it('does not say that nothing was overwritten where a patch was sent and not answered', async () => {
    const simulation = simulate({ after: 'crash' });
    const error = await rollOut(simulation.release, unopposed).then(() => undefined, (thrown: unknown) => thrown);
    for (let count = 0; count < 2000; count += 1) simulation.cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(0, 'NoAnswer', 'no answer') });
    const undone = await undoRelease(simulation.release, error as DeployError, { restoring: async () => undefined, resumed: false });
    expect([undone.result, undone.notes[0]]).toEqual(['failed', 'Deployment/api could not be restored: no answer. A patch was sent but not answered: it may have been applied.']);
  });

  it('after a cancellation gathers nothing, and is proved in the time that is left', async () => {
    const stop = new AbortController();
    const { simulation, error, undone } = await run({
      proveFirst: true, cancelled: stop.signal, onNews: (count) => void (count === 6 && stop.abort(new CancelledError('SIGINT'))),
    });
    expect([error?.code, undone?.evidence, imageOf(simulation.deployment()), simulation.deployment().spec?.paused]).toEqual(['cancelled', [], oldImage, undefined]);
  });

  it('that is cancelled in its middle ends in the time that is left', async () => {
    const stop = new AbortController();
    const onNews = (_count: number, { deployment, cluster }: Simulation): void => {
      const isBack = cluster.done.some((each) => each.startsWith('PATCH')) && imageOf(deployment()) === oldImage;
      if (isBack && !stop.signal.aborted) stop.abort(new CancelledError('SIGINT'));
    };
    const { simulation, error, undone } = await run({ after: 'wrong', minReadySeconds: 60, cancelled: stop.signal, onNews });
    expect([error?.code, undone?.result, undone?.notes, imageOf(simulation.deployment())]).toEqual([
      'smoke-failed', 'failed', ['The step was cancelled before the previous version was verified.'], oldImage,
    ]);
    expect(undone?.tookMs).toBeLessThan(9000);
  });
});

describe('whatever the API server does', () => {
  const trouble = fc.record({
    method: fc.constantFrom('GET', 'PATCH'), at: fc.nat(30), status: fc.constantFrom(429, 500, 503, 'lose' as const),
  });
  const behaviour = fc.constantFrom<Behaviour>('good', 'wrong', 'crash');

  it('the release is everywhere and proven, or nowhere and the old one proven; never half, never paused', async () => {
    const troublesome = fc.array(trouble, { maxLength: 6 });
    const [count, seconds] = [fc.integer({ min: 1, max: 4 }), fc.nat(2)];
    await fc.assert(fc.asyncProperty(behaviour, fc.boolean(), count, seconds, troublesome, async (after, proveFirst, replicas, minReadySeconds, troubles) => {
      let heldAt = Infinity;
      const onNews = (count: number, { cluster, deployment }: Simulation) => {
        if (deployment().spec?.paused) heldAt = Math.min(heldAt, count);
        for (const { method, at, status } of troubles) {
          if (at === count) cluster.troubles.push({ method, trouble: status === 'lose' ? status : new ApiError(status, '', 'away') });
        }
      };
      const { simulation, error, undone } = await run({ after, proveFirst, replicas, minReadySeconds, onNews });
      const ended = [error?.code, undone?.result, simulation.images(), holdOf(simulation)];
      const cause = after === 'crash' ? 'crash-loop' : 'smoke-failed';
      expect(ended).toEqual(after === 'good' ? [undefined, undefined, times(replicas, newImage), [false, minReadySeconds]] : [cause, 'restored', times(replicas, oldImage), [false, minReadySeconds]]);
      // Until the API server has taken the pause, the controller goes on replacing pods.
      if (after === 'wrong' && proveFirst && troubles.every(({ at }) => at >= heldAt)) expect(simulation.survivors()).toBe(replicas);
    }), { numRuns: 60 });
  }, 60_000);

  it('a cancellation at any moment leaves what was there before, not paused', async () => {
    await fc.assert(fc.asyncProperty(behaviour, fc.boolean(), fc.nat(40), async (after, proveFirst, at) => {
      const stop = new AbortController();
      const onNews = (count: number) => void (count === at && stop.abort(new CancelledError('SIGTERM')));
      const { simulation, error, undone } = await run({ after, proveFirst, cancelled: stop.signal, onNews });
      if (!error) return expect(simulation.images()).toEqual(times(3, newImage));
      expect(undone?.result).not.toBe('untouched');
      expect([imageOf(simulation.deployment()), holdOf(simulation)]).toEqual([oldImage, [false, 0]]);
    }), { numRuns: 40 });
  }, 60_000);
});
