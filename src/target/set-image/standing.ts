import { statusesOf, type ContainerStatus, type Pod } from '../../kubernetes/client/objects.js';
import { follow, type Followed } from '../../kubernetes/judge/follow.js';
import { longestLifeMs } from '../../kubernetes/judge/judge.js';
import { restartKey } from '../../kubernetes/judge/symptom.js';
import { expectation, type OpenRelease } from './open-release.js';
import { imageIn } from '../../kubernetes/observe/workload.js';
import { imageSet, isSet, type ImageChange, type ContainerChange } from './image-change.js';

/** How a version that is set already is verified. */
export interface Look {
  /** Which images the workloads are expected to have. */
  readonly images: 'before' | 'after';
  /** Time limit, ms. A container that exited shortly after its start is given a minute more to show that it keeps running. */
  readonly forMs: number;
  /** How long everything must be healthy, ms. */
  readonly steadyMs: number;
  /** First word of the progress lines. */
  readonly stage: string;
}

/**
 * Verifies a version that is set already, without having watched its rollout.
 * @returns what is to be watched from now on, for the smoke checks
 * @throws FailedRollout; CancelledError
 */
export async function standing(release: OpenRelease, { images, forMs, steadyMs, stage }: Look): Promise<Followed[]> {
  const { ports, watched, config, changes } = release;
  const podsOf = (change: ImageChange): readonly Pod[] => watched.world.view(change).newPods;
  const followed = changes.map((change): Followed => {
    const { workload } = watched.world.view(change);
    const expectedImage = (container: ContainerChange): string => {
      const now = workload && imageIn(change.kind, workload, container.name);
      if (images === 'before') return container.before;
      return now !== undefined && isSet(container, now) ? now : imageSet(container);
    };
    const held = new Map(change.containers.map((container) => [container.name, expectedImage(container)]));
    return { workload: change, expected: { ...expectation(release, change, workload?.metadata?.generation ?? 0, 'after'), images: held } };
  });
  const unforgiving = followed.map(({ workload: change, expected }): Followed =>
    ({ workload: change, expected: { ...expected, restartsBefore: restartsForgiven(podsOf(change)) } }));
  const toOutliveMs = changes.some((change) => podsOf(change).flatMap(statusesOf).some(endedLately)) ? longestLifeMs : 0;
  const patience = { deadlineAt: ports.clock.monotonic() + forMs + toOutliveMs, steadyMs, of: config.patienceMs };
  await follow(ports, watched, unforgiving, patience, stage, ports.cancelled);
  return followed;
}

/**
 * A container that exited after less than a minute may be in a crash loop, even if it runs at this moment. One of its exits
 * counts, so it has to run longer than before; how many of them are recent is not known.
 */
const endedLately = ({ restartCount = 0, lastState }: ContainerStatus): boolean => {
  const { startedAt = '', finishedAt = '' } = lastState?.terminated ?? {};
  return restartCount > 0 && !(Date.parse(finishedAt) - Date.parse(startedAt) >= longestLifeMs);
};

const restartsForgiven = (pods: readonly Pod[]): ReadonlyMap<string, number> => new Map(pods.flatMap((pod) =>
  statusesOf(pod).map((status) => [restartKey(pod, status.name), (status.restartCount ?? 0) - (endedLately(status) ? 1 : 0)] as const)));
