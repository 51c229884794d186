import { describe, expect, it } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.js';
import { undoRecorded } from '../../src/pipeline/recover.js';
import type { Ledger, LedgerStore, RunRecord } from '../../src/rollout/ledger.js';
import { newImage, oldImage, target } from '../rollout/build.js';
import { deploymentPath } from '../rollout/fake-cluster.js';
import { check, simulate, type Simulation, type SimulationOptions } from '../rollout/simulation.js';

const ledger = (changes: Partial<RunRecord> = {}): Ledger => ({
  schema: 1, app: 'api', releases: [],
  run: {
    id: 'dead', startedAt: '2026-01-01T00:00:00.000Z', phase: 'restoring', targets: [target()], held: [], rollback: 'auto', smoke: [check],
    before: { held: [check.text], running: {} }, ...changes,
  },
});

function remembering(): LedgerStore & { readonly phases: readonly string[] } {
  const phases: string[] = [];
  return { phases, read: async () => undefined, write: async ({ run }) => void phases.push(run.phase) };
}

describe('what a run that died had sent and got no answer to', () => {
  const arrive = (at: number) => (count: number, { cluster, deployment }: Simulation) => {
    const now = deployment();
    const template = { ...now.spec?.template, spec: { containers: [{ name: 'app', image: newImage }] } };
    if (count === at) cluster.put(deploymentPath, { ...now, spec: { ...now.spec, template } } as Workload);
  };
  const undo = async (sentMsAgo: number | undefined, options: SimulationOptions = {}) => {
    const simulation = simulate(options);
    const { clock } = simulation.ports;
    const begunAt = clock.monotonic();
    const store = remembering();
    const underWaySince = sentMsAgo === undefined ? undefined : new Date(clock.now() - sentMsAgo).toISOString();
    const undone = await undoRecorded(simulation.release, store, ledger({ underWaySince }));
    const image = simulation.deployment().spec?.template?.spec?.containers?.[0]?.image;
    return { undone, image, phases: store.phases, tookMs: clock.monotonic() - begunAt, patches: simulation.cluster.done.filter((each) => each.startsWith('PATCH')).length };
  };

  it('is waited for, and put back when it comes late', async () => {
    expect(await undo(1000, { onNews: arrive(0) })).toMatchObject({ undone: { result: 'restored', untouched: [] }, image: oldImage, patches: 1, phases: ['restoring', 'restored'] });
  });
  it('is waited for until a minute after it was sent, and no longer', async () => {
    const { undone, image, patches, tookMs } = await undo(10_000);
    expect([undone.result, undone.untouched, image, patches]).toEqual(['restored', ['deployment/api'], oldImage, 0]);
    expect(tookMs).toBeGreaterThanOrEqual(50_000);
    expect(tookMs).toBeLessThan(60_000);
  });
  it.each([60_000, 3_600_000])('is not waited for when it was sent %d ms ago', async (sentMsAgo) => {
    expect((await undo(sentMsAgo)).tookMs).toBeLessThan(10_000);
  });
  it('is waited for no longer than a minute, also when the clock of that run was ahead', async () => {
    const { tookMs } = await undo(-3_600_000);
    expect(tookMs).toBeGreaterThanOrEqual(60_000);
    expect(tookMs).toBeLessThan(70_000);
  });
  it('is not waited for when nothing was under way', async () => {
    expect((await undo(undefined)).tookMs).toBeLessThan(10_000);
  });
});
