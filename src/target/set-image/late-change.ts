import { imageIn } from '../../kubernetes/observe/workload.js';
import { isSet, type ImageChange } from './image-change.js';
import type { OpenRelease } from './open-release.js';

/** The API server gives up a request after a minute. */
export const requestLastsMs = 60_000;

/**
 * Waits for a change of images that got no response, until it is applied or cannot be applied any more: the API server
 * completes the request of a client that is gone, and a kubectl whose parent was killed continues.
 * @param sentAt when it was sent at the latest, monotonic ms
 * @param why why it is waited for, as a sentence
 * @returns whether it is applied
 */
export async function changeArrived({ ports, changes, watched }: Pick<OpenRelease, 'ports' | 'changes' | 'watched'>, sentAt: number, why: string): Promise<boolean> {
  const leftMs = (): number => sentAt + requestLastsMs - ports.clock.monotonic();
  const isDue = (change: ImageChange): boolean => {
    const { workload } = watched.world.view(change);
    // A deleted workload cannot be changed any more.
    return workload !== undefined && !change.containers.every((each) => isSet(each, imageIn(change.kind, workload, each.name)));
  };
  if (leftMs() > 0 && changes.some(isDue)) ports.log.info(`${why} Waiting for it for at most ${Math.ceil(leftMs() / 1000)} s`);
  while (leftMs() > 0 && changes.some(isDue)) await watched.news(leftMs(), ports.cancelled);
  return !changes.some(isDue);
}
