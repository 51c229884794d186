import { statusesOf, type ContainerStatus, type Pod } from '../../kubernetes/client/objects.js';
import { follow, type Followed } from '../../kubernetes/observe/follow.js';
import { longestLifeMs } from '../../kubernetes/judge/judge.js';
import { restartKey } from '../../kubernetes/judge/symptom.js';
import { expectation, type OpenRelease } from './open-release.js';
import { imageIn } from '../../kubernetes/observe/workload.js';
import { imageSet, isSet, type ImageChange, type ContainerChange } from './image-change.js';

/** How a version that is there already is looked at. */
export interface Look {
  /** Which images the workloads are expected to hold. */
  readonly images: 'before' | 'after';
  /** ms until it has taken too long. What ended a short while after its start gets a minute more to show that it lives. */
  readonly forMs: number;
  /** ms for which everything must be right. */
  readonly steadyMs: number;
  /** First word of the progress lines. */
  readonly stage: string;
}

/**
 * Judges a version that is there already, although nobody has watched how it came there.
 * @returns what is to be followed from now on, for the smoke checks
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
 * A container that lived for less than a minute and ended may be in a loop, at a moment when it runs: of its ends one
 * counts, as the first, which it has to outlive. How many of them are old nobody knows.
 */
const endedLately = ({ restartCount = 0, lastState }: ContainerStatus): boolean => {
  const { startedAt = '', finishedAt = '' } = lastState?.terminated ?? {};
  return restartCount > 0 && !(Date.parse(finishedAt) - Date.parse(startedAt) >= longestLifeMs);
};

const restartsForgiven = (pods: readonly Pod[]): ReadonlyMap<string, number> => new Map(pods.flatMap((pod) =>
  statusesOf(pod).map((status) => [restartKey(pod, status.name), (status.restartCount ?? 0) - (endedLately(status) ? 1 : 0)] as const)));
