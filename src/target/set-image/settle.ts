import { ClusterError } from '../../outcome/errors.js';
import { lastGood } from '../../record/history.js';
import { sameContents, type Ledger } from '../../record/ledger.js';
import type { OpenRelease } from './open-release.js';
import { isFailing } from '../../kubernetes/judge/health.js';
import { takeSnapshot } from './snapshot.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import { type ImageChange, contentsOf } from './image-change.js';

/** Long enough for a drained pod to become ready on another node. */
const settleForMs = 30_000;

/**
 * Gives workloads that are not healthy at this moment time to become so, before the current version counts as broken. It
 * ends at once when everything is healthy, when a pod fails, when an earlier run left the version unverified, and when there
 * is no other release that a rollback would restore.
 * @returns the release with the last snapshots
 * @throws ClusterError superseded when someone else changed an image meanwhile; what the run was cancelled with
 */
export async function settled(release: OpenRelease, ledger: Ledger | undefined): Promise<OpenRelease> {
  const { ports, watched, changes } = release;
  if (!ledger || !isOpen(ledger, release)) return release;
  const until = ports.clock.monotonic() + settleForMs;
  for (let now = release; ; now = { ...release, snapshots: changes.map((change) => takeSnapshot(watched.world, change)) }) {
    const unsettled = now.snapshots.filter(({ unhealthy }) => unhealthy !== undefined);
    const leftMs = until - ports.clock.monotonic();
    const failing = unsettled.some(({ change }) => watched.world.view(change).newPods.some(isFailing));
    if (unsettled.length === 0 || failing || leftMs <= 0) return now;
    if (now === release) ports.log.info(`Waiting at most ${settleForMs / 1000} s for workloads that are not healthy yet: ${unsettled.map(({ change, unhealthy }) => `${change.ref} (${unhealthy})`).join(', ')}`);
    await watched.news(leftMs, ports.cancelled);
    for (const change of changes) stillThere(release, change);
  }
}

/** Whether the release that a rollback restores depends on the health of the current images. */
function isOpen({ run, releases }: Ledger, { changes, snapshots }: OpenRelease): boolean {
  const images = contentsOf(changes, 'before');
  const unsettled = new Set(snapshots.filter(({ unhealthy }) => unhealthy !== undefined).map(({ change }) => change.ref));
  const isLeft = run.phase === 'unverified' && sameContents(run.after, images);
  return !isLeft && lastGood(releases, images, unsettled) !== undefined;
}

/** Checks that the images are still those that a rollback would restore: changes by someone else are not overwritten. */
function stillThere({ watched }: OpenRelease, change: ImageChange): void {
  const { workload } = watched.world.view(change);
  const containers = workload ? containersOf(change.kind, workload) : [];
  const same = change.containers.every(({ name, before }) => containers.some(({ container }) => container.name === name && container.image === before));
  if (!same) throw new ClusterError('superseded', `${change.ref} was changed by someone else while the run waited for it to become healthy.`);
}
