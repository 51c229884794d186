import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../src/kubernetes/client/objects.js';
import type { DeployError } from '../../../src/outcome/errors.js';
import { standing } from '../../../src/target/set-image/standing.js';
import { nextVersion, pod, running, set } from '../../kubernetes/judge/build.js';
import { simulate, type Simulation } from '../../kubernetes/judge/simulation.js';

/** Runs, and has ended so often, the last time after having lived for so long. */
const endedAfter = (lifeSeconds: number, restartCount: number): ContainerStatus => running({
  restartCount, lastState: { terminated: { exitCode: 1, startedAt: '2026-01-01T00:00:00Z', finishedAt: new Date(Date.UTC(2026, 0, 1) + 1000 * lifeSeconds).toISOString() } },
});

/** Lets one pod of the simulation be seen with this status. */
function tell({ release: { watched, changes: targets } }: Simulation, status: ContainerStatus): void {
  const known = targets.flatMap((target) => watched.world.view(target).newPods)[0];
  watched.world.apply(set({ ...known, metadata: { ...known?.metadata, resourceVersion: nextVersion() }, status: pod('x', { statuses: [status] }).status } as Pod));
}

/** Looks at a version whose pods are all ready, one of them with this status. @returns how it ended and after how many ms */
async function look(status: ContainerStatus | undefined, later?: { readonly status: ContainerStatus; readonly afterMs: number }) {
  const simulation = simulate();
  const { ports: { clock }, release } = simulation;
  const begunAt = clock.monotonic();
  if (status) tell(simulation, status);
  let left = later;
  const news = async (ms: number, signal?: AbortSignal): Promise<void> => {
    await clock.sleep(Math.min(ms, 1000), signal);
    if (left === undefined || clock.monotonic() - begunAt < left.afterMs) return;
    tell(simulation, left.status);
    left = undefined;
  };
  const watched = { ...release.watched, news };
  return standing({ ...release, watched }, { images: 'before', forMs: 20_000, steadyMs: 0, stage: 'recovery' }).then(
    (followed) => ({ end: 'stands', ms: clock.monotonic() - begunAt, followed }),
    (error: unknown) => ({ end: (error as DeployError).code, ms: clock.monotonic() - begunAt, followed: [] }),
  );
}

describe('a version that is there already', () => {
  it('stands at once when nothing is wrong with it', async () => {
    expect(await look(undefined)).toMatchObject({ end: 'stands', ms: 0 });
  });
  it('stands at once when a container of it has ended long after its start, however often', async () => {
    expect(await look(endedAfter(3600, 6))).toMatchObject({ end: 'stands', ms: 0 });
  });
  it.each([[20, 40_000], [29, 58_000], [59, 60_000]])('has to outlive a life of %d s, also when that takes longer than it was given', async (life, ms) => {
    const seen = await look(endedAfter(life, 6));
    expect(seen.end).toBe('stands');
    expect(seen.ms).toBeGreaterThanOrEqual(ms);
    expect(seen.ms).toBeLessThan(ms + 3000);
    expect([...seen.followed.flatMap(({ expected }) => [...expected.restartsBefore.values()])]).toContain(6);
  });
  it('and ends once more is a crash loop', async () => {
    expect(await look(endedAfter(20, 6), { status: endedAfter(20, 7), afterMs: 15_000 })).toMatchObject({ end: 'crash-loop' });
  });
  it('may end for the first time while it is looked at', async () => {
    expect(await look(endedAfter(3600, 0), { status: endedAfter(8, 1), afterMs: 0 })).toMatchObject({ end: 'stands' });
  });
  it('has failed when it is not ready in the time that it was given', async () => {
    const { end, ms } = await look(running({ ready: false }));
    expect(end).toBe('deadline');
    expect(ms).toBeLessThan(21_000);
  });
});
