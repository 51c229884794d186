import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../src/kubernetes/client/objects.js';
import { lateChange, recover, refuseOthersRun, undoRecorded } from '../../src/workflow/recover.js';
import type { Ledger, RunRecord } from '../../src/record/ledger.js';
import type { LedgerStore } from '../../src/record/store.js';
import { World } from '../../src/kubernetes/observe/world.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { newImage, oldImage, pod, running, service, target } from '../kubernetes/judge/build.js';
import { deploymentPath } from '../target/set-image/fake-cluster.js';
import { check, simulate, type Simulation, type SimulationOptions } from '../kubernetes/judge/simulation.js';
import { config } from './runs.js';
import { idleClock, stillCluster } from './still-cluster.js';

const ledger = (changes: Partial<RunRecord> = {}): Ledger => ({
  schema: 1, app: 'api', releases: [],
  run: {
    id: 'dead', startedAt: '2026-01-01T00:00:00.000Z', phase: 'restoring', targets: [target()], held: [], rollback: 'auto', smoke: [check],
    before: { held: [check.text], running: {} }, ...changes,
  },
});

function remembering(): LedgerStore & { readonly phases: readonly string[]; readonly written: readonly Ledger[] } {
  const phases: string[] = [];
  const written: Ledger[] = [];
  return {
    phases, written, read: async () => undefined,
    write: async (next) => {
      phases.push(next.run.phase);
      written.push(next);
    },
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
    const { phase = 'changing' } = options;
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
    const undone = await undoRecorded(release, store, ledger({ phase }));
    const image = simulation.deployment().spec?.template?.spec?.containers?.[0]?.image;
    return { undone, image, phases: store.phases, waitedMs, lines, patches: simulation.cluster.done.filter((each) => each.startsWith('PATCH')).length };
  };

  it.each(['changing', 'stopped'] as const)('is waited for, and put back when it comes late: %s', async (phase) => {
    const onNews = (count: number, simulation: Simulation): void => {
      if (count === 0) set(simulation);
    };
    const finished = await finish(1000, { phase, onNews });
    expect(finished).toMatchObject({ undone: { result: 'restored', untouched: [] }, image: oldImage, patches: 1, phases: ['restoring', 'restored'] });
    expect(finished.lines[0]).toBe('info The run that was stopped may have sent a change of the images that is still under way: waiting for it, at most 59 s');
    expect(finished.waitedMs).toBeLessThan(1000);
  });
  it.each(['changing', 'stopped'] as const)('is waited for until a minute after that run was heard of last, and no longer: %s', async (phase) => {
    const { undone, image, patches, waitedMs } = await finish(10_000, { phase });
    expect([undone.result, undone.untouched, image, patches, waitedMs]).toEqual(['restored', ['deployment/api'], oldImage, 0, 50_000]);
  });
  it.each<readonly [string, number, Parameters<typeof finish>[1]]>([
    ['that run was not heard of for a minute', 60_000, {}],
    ['that run was not heard of for days', 300_000_000, { phase: 'stopped' }],
    ['it is there', 1000, { isThere: true }],
    ['the old images were being put back', 1000, { phase: 'restoring' }],
  ])('is not waited for when %s', async (_when, heardMsAgo, options) => {
    const { waitedMs, lines, image } = await finish(heardMsAgo, options);
    expect([waitedMs, lines.filter((line) => line.includes('still under way')), image]).toEqual([0, [], oldImage]);
  });
  it('is not waited for when its workload was deleted', async () => {
    const { release } = simulate();
    const begunAt = release.ports.clock.monotonic();
    await lateChange({ ...release, watched: { ...release.watched, world: new World() } }, 'changing', begunAt);
    expect(release.ports.clock.monotonic()).toBe(begunAt);
  });
  it('is due until each of its containers has its image', async () => {
    const { release } = simulate();
    const both = [{ ...target(), containers: [{ name: 'app', before: oldImage, after: oldImage }, { name: 'worker', before: oldImage, after: newImage }] }];
    const begunAt = release.ports.clock.monotonic();
    await lateChange({ ...release, targets: both }, 'changing', begunAt);
    expect(release.ports.clock.monotonic() - begunAt).toBe(60_000);
  });
  it('is not waited for any more when this run is cancelled, too', async () => {
    const cancelled = new AbortController();
    const { release } = simulate({ cancelled: cancelled.signal, onNews: () => cancelled.abort(new Error('Stopped by SIGINT.')) });
    await expect(lateChange(release, 'changing', release.ports.clock.monotonic())).rejects.toThrow('Stopped by SIGINT.');
  });
});

describe('a dead run of another repository under the same name', () => {
  const refuse = (action: 'deploy' | 'rollback', image?: string) => () => refuseOthersRun({ action, config: config({ image }) }, ledger({ url: 'https://runs.example/7', repository: 'registry.example/shop/api' }));
  it('is not finished by a rollback that names another image, which is told why', () => {
    expect(refuse('rollback', 'registry.example/billing/api')).toThrow(
      'A run of registry.example/shop/api (https://runs.example/7, started 2026-01-01T00:00:00.000Z) died in the middle of its rollout, and shares the record of api '
      + 'with registry.example/billing/api. Nothing was changed.');
  });
  it('is finished by every other run', () => {
    for (const run of [refuse('deploy', 'registry.example/billing/api'), refuse('rollback'), refuse('rollback', 'registry.example/shop/api')]) expect(run).not.toThrow();
  });
});

describe('what a run that died had brought to its end', () => {
  const look = async (restartCount: number, record = ledger({ phase: 'changing' })) => {
    const clock = idleClock();
    const ports = fakePorts({ clock });
    const lastState = { terminated: { exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:20Z' } };
    const pods = ['a', 'b'].map((name) => pod(name, { owner: 'uid-rs', image: newImage, statuses: [running({ restartCount, ...(restartCount > 0 ? { lastState } : {}) })] }));
    const cluster = stillCluster({ image: newImage, pods });
    const store = remembering();
    const begunAt = clock.monotonic();
    const { result } = await recover({ ports, cluster, config: config({ smoke: [check] }), services: [service('api')] }, store, record, { formerHeardAt: begunAt });
    return { result, phases: store.phases, releases: store.written.at(-1)?.releases, tookMs: clock.monotonic() - begunAt };
  };

  it('is confirmed when it stands and answers rightly', async () => {
    const { result, phases, tookMs } = await look(0);
    expect([result, phases]).toEqual(['confirmed', ['proven']]);
    expect(tookMs).toBeLessThan(10_000);
  });
  it.each([
    [2, ['It was seen to serve.']], [0, ['Nothing runs with the image of deployment/api now: it is scaled to 0 replicas.']],
  ])('is told of as restored with no more than was seen: of %i pods', async (replicas, told) => {
    const ports = fakePorts({ clock: idleClock() });
    const pods = ['a', 'b'].slice(0, replicas).map((name) => pod(name, { owner: 'uid-rs', image: oldImage }));
    const cluster = stillCluster({ image: oldImage, pods, replicas });
    const scope = { ports, cluster, config: config({ smoke: [] }), services: [] };
    const { result, notes } = await recover(scope, remembering(), ledger({ phase: 'restoring', smoke: [], before: { held: [], running: {} } }), { formerHeardAt: 0 });
    expect([result, notes]).toEqual(['restored', told]);
  });
  it('withdraws what it went back from, when it was a rollback', async () => {
    const of = (image: string, at: string) => ({ reference: image, at, proven: true, images: [{ workload: 'deployment/api', container: 'app', image }] });
    const earlier = of(newImage, '2025-01-01T00:00:00.000Z');
    const record = ledger({ phase: 'changing', goesBackTo: earlier });
    const { releases } = await look(0, { ...record, releases: [of(oldImage, '2025-02-01T00:00:00.000Z'), earlier] });
    expect(releases?.map(({ reference, images }) => [reference, images[0]?.withdrawnAt !== undefined])).toEqual([[newImage, false], [oldImage, true]]);
  });
  it('and runs between two crashes has to outlive what it lived before, until it is confirmed', async () => {
    const { result, tookMs } = await look(6);
    expect(result).toBe('confirmed');
    expect(tookMs).toBeGreaterThanOrEqual(40_000);
  });
});
