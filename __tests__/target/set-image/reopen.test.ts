import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import type { RunRecord } from '../../../src/record/ledger.js';
import type { RecordStore } from '../../../src/record/store.js';
import { ImageRelease } from '../../../src/target/set-image/image-release.js';
import { lateChange } from '../../../src/target/set-image/reopen.js';
import { undoRecorded } from '../../../src/workflow/recover.js';
import { newImage, oldImage, target } from '../../kubernetes/judge/build.js';
import { run } from '../../workflow/runs.js';
import { simulate, type Simulation, type SimulationOptions } from '../../kubernetes/judge/simulation.js';
import { deploymentPath } from './fake-cluster.js';
import { ledgerOf } from './ledgers.js';

/** A store that keeps the phases that are written. */
function remembering(): RecordStore & { readonly phases: readonly string[] } {
  const phases: string[] = [];
  return {
    phases, read: async () => undefined, write: async ({ run }) => void phases.push(run.phase),
    lock: () => Promise.reject(new Error('nobody takes a lock here')),
  };
}

describe('what a run that died had sent and got no answer to', () => {
  const set = ({ cluster, deployment }: Simulation): void => {
    const now = deployment();
    const template = { ...now.spec?.template, spec: { containers: [{ name: 'app', image: newImage }] } };
    cluster.put(deploymentPath, { ...now, spec: { ...now.spec, template } } as Workload);
  };
  /** @param heardMsAgo when that run was heard of last */
  const finish = async (heardMsAgo: number, options: SimulationOptions & { readonly phase?: RunRecord['phase']; readonly isThere?: boolean } = {}) => {
    const { phase = 'in-progress' } = options;
    const simulation = simulate(options);
    const { release, ports: { clock, lines } } = simulation;
    if (options.isThere) {
      set(simulation);
      for (let news = 0; news < 2; news += 1) await release.watched.news(0);
    }
    const begunAt = clock.monotonic();
    await lateChange(release, phase, begunAt - heardMsAgo);
    const waitedMs = clock.monotonic() - begunAt;
    const store = remembering();
    const undone = await undoRecorded({ ...run(), ports: simulation.ports }, { change: new ImageRelease(release), target: { store } }, ledgerOf({ phase }));
    const image = simulation.deployment().spec?.template?.spec?.containers?.[0]?.image;
    return { undone, image, phases: store.phases, waitedMs, lines, patches: simulation.cluster.done.filter((each) => each.startsWith('PATCH')).length };
  };

  it.each(['in-progress', 'interrupted'] as const)('is waited for, and put back when it comes late: %s', async (phase) => {
    const onNews = (count: number, simulation: Simulation): void => {
      if (count === 0) set(simulation);
    };
    const finished = await finish(1000, { phase, onNews });
    expect(finished).toMatchObject({ undone: { result: 'restored', untouched: [] }, image: oldImage, patches: 1, phases: ['restoring', 'restored'] });
    expect(finished.lines[0]).toBe('info The interrupted run may have sent a change of the images that is still in progress. Waiting for it for at most 59 s');
    expect(finished.waitedMs).toBeLessThan(1000);
  });
  it.each(['in-progress', 'interrupted'] as const)('is waited for until a minute after that run was heard of last, and no longer: %s', async (phase) => {
    const { undone, image, patches, waitedMs } = await finish(10_000, { phase });
    expect([undone.result, undone.untouched, image, patches, waitedMs]).toEqual(['restored', ['deployment/api'], oldImage, 0, 50_000]);
  });
  it.each<readonly [string, number, Parameters<typeof finish>[1]]>([
    ['that run was not heard of for a minute', 60_000, {}],
    ['that run was not heard of for days', 300_000_000, { phase: 'interrupted' }],
    ['it is there', 1000, { isThere: true }],
    ['the old images were being put back', 1000, { phase: 'restoring' }],
  ])('is not waited for when %s', async (_when, heardMsAgo, options) => {
    const { waitedMs, lines, image } = await finish(heardMsAgo, options);
    expect([waitedMs, lines.filter((line) => line.includes('still under way')), image]).toEqual([0, [], oldImage]);
  });
  it('is not waited for when its workload was deleted', async () => {
    const { release } = simulate();
    const begunAt = release.ports.clock.monotonic();
    await lateChange({ ...release, watched: { ...release.watched, world: new World() } }, 'in-progress', begunAt);
    expect(release.ports.clock.monotonic()).toBe(begunAt);
  });
  it('is due until each of its containers has its image', async () => {
    const { release } = simulate();
    const both = [{ ...target(), containers: [{ name: 'app', before: oldImage, after: oldImage }, { name: 'worker', before: oldImage, after: newImage }] }];
    const begunAt = release.ports.clock.monotonic();
    await lateChange({ ...release, changes: both }, 'in-progress', begunAt);
    expect(release.ports.clock.monotonic() - begunAt).toBe(60_000);
  });
  it('is not waited for any more when this run is cancelled, too', async () => {
    const cancelled = new AbortController();
    const { release } = simulate({ cancelled: cancelled.signal, onNews: () => cancelled.abort(new Error('Stopped by SIGINT.')) });
    await expect(lateChange(release, 'in-progress', release.ports.clock.monotonic())).rejects.toThrow('Stopped by SIGINT.');
  });
});
