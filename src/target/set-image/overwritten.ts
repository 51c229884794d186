import { ClusterError } from '../../outcome/errors.js';
import type { OpenRelease } from './open-release.js';
import { imageIn } from '../../kubernetes/observe/workload.js';
import { isSet, type ImageChange } from './image-change.js';

/** How long to wait for a watch that lags behind. */
const seenWithinMs = 5000;

/**
 * Fails when the change overwrote an image that someone else set between the last read of a workload and the patch of
 * kubectl, which has no precondition. If the generation grew by more than this change, the watch has seen the others.
 * The overwritten image is recorded: a rollback restores it.
 * @throws ClusterError superseded
 */
export async function refuseOverwritten(release: OpenRelease, generations: ReadonlyMap<string, number>): Promise<void> {
  const found = await Promise.all(release.changes.map((change) => overwrittenIn(release, change, generations.get(change.ref) ?? 0)));
  const first = found.flat()[0];
  if (first === undefined) return;
  throw new ClusterError('superseded', `${first} by someone else right before this run changed it.`, {
    hint: 'Check whether that is the image that you want; the table of workloads shows the current one.',
  });
}

async function overwrittenIn({ watched, written, ports }: OpenRelease, change: ImageChange, after: number): Promise<string[]> {
  const before = written.generationBefore(change.ref);
  if (before === undefined || after <= before + 1) return [];
  const until = ports.clock.monotonic() + seenWithinMs;
  const leftMs = (): number => until - ports.clock.monotonic();
  while ((watched.world.view(change).workload?.metadata?.generation ?? 0) < after && leftMs() > 0) await watched.news(leftMs(), ports.cancelled);
  const between = watched.world.formerly(change).filter(({ metadata }) => (metadata?.generation ?? 0) > before && (metadata?.generation ?? 0) < after);
  return change.containers.flatMap((container) => {
    const other = between.map((workload) => imageIn(change.kind, workload, container.name))
      .findLast((image) => image !== undefined && image !== container.before && !isSet(container, image));
    if (other === undefined) return [];
    written.overwrite(change.ref, container.name, other);
    return [`Container ${container.name} of ${change.ref} was set to ${other}`];
  });
}
