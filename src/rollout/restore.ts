import { ApiError, type Api, type PatchOperation } from '../cluster/api.js';
import type { Workload } from '../cluster/objects.js';
import type { Cluster } from '../cluster/cluster.js';
import { isFailedTest } from '../cluster/meaning.js';
import { persistently } from '../cluster/persist.js';
import { apiPath, workloadResource } from '../cluster/resources.js';
import type { Clock } from '../ports/clock.js';
import { letGoOperations, type HeldTarget } from './hold.js';
import { containersOf, imageBack, pausedByOthers, type Target } from './workload.js';

/** What became of one workload when the old images were put back. */
export type Restored =
  | { readonly target: Target; readonly result: 'restored'; readonly generation: number; readonly images: 'back' }
  /** It held the old images already: the change had never reached it. */
  | { readonly target: Target; readonly result: 'untouched'; readonly generation: number; readonly images: 'before' | 'back' }
  /** Somebody else has changed it, and nothing of theirs was overwritten. */
  | { readonly target: Target; readonly result: 'superseded'; readonly message: string }
  | { readonly target: Target; readonly result: 'error'; readonly message: string };

/** The patch that puts the old images back where this run's stand, and fails as a whole where anything else does. */
export function restorePatch(target: Target, workload: Workload, held: HeldTarget | undefined): PatchOperation[] | { readonly superseded: string } {
  if (workload.metadata?.uid !== target.uid) return { superseded: `${target.ref} was deleted and made anew during the run` };
  const operations: PatchOperation[] = [];
  for (const wanted of target.containers) {
    const { name, before, after } = wanted;
    const placed = containersOf(target.kind, workload).find(({ container }) => container.name === name);
    if (!placed) return { superseded: `container ${name} of ${target.ref} was removed during the run` };
    if (placed.container.image === imageBack(wanted) || placed.container.image === before) continue;
    if (placed.container.image !== after) return { superseded: `container ${name} of ${target.ref} was set to ${placed.container.image} by somebody else` };
    operations.push(
      { op: 'test', path: `${placed.pointer}/name`, value: name },
      { op: 'test', path: `${placed.pointer}/image`, value: after },
      { op: 'replace', path: `${placed.pointer}/image`, value: imageBack(wanted) },
    );
  }
  if (operations.length > 0 && pausedByOthers(workload)) return { superseded: `${target.ref} was paused by somebody else` };
  if (held) operations.push(...letGoOperations(workload, held));
  return operations.length === 0 ? [] : [{ op: 'test', path: '/metadata/uid', value: target.uid }, ...operations];
}

/**
 * Puts the old images of one workload back. The tests inside the patch make the API server refuse it when something else
 * was written since it was read. Replicas and everything else are never touched. What was not answered is read again
 * first, and only repeated when it was not done.
 * @param held the run may have paused the Deployment: the hold is lifted in the same patch
 */
export async function restore({ api, namespace }: Cluster, clock: Clock, target: Target, held: HeldTarget | undefined): Promise<Restored> {
  const path = apiPath(workloadResource[target.kind], namespace, target.name);
  let sent = false;
  const attempt = async (): Promise<Restored> => {
    const workload = await api.find<Workload>(workloadResource[target.kind], namespace, target.name);
    const patch = workload ? restorePatch(target, workload, held) : { superseded: `${target.ref} was deleted during the run` };
    if ('superseded' in patch) {
      if (held && workload) await liftHold(api, path, target, workload, held);
      return { target, result: 'superseded', message: patch.superseded };
    }
    // Nothing is left to do: because it was never changed, or because an earlier try that nobody answered was done.
    if (patch.length === 0) {
      const generation = workload?.metadata?.generation ?? 0;
      return sent ? { target, result: 'restored', generation, images: 'back' } : { target, result: 'untouched', generation, images: workload ? imagesHeld(target, workload) : 'back' };
    }
    sent = true;
    const patched = await api.patch<Workload>(path, patch, { timeoutMs: 10_000 });
    return { target, result: 'restored', generation: patched.metadata?.generation ?? 0, images: 'back' };
  };
  try {
    return await persistently(clock, attempt);
  } catch (error) {
    if (error instanceof ApiError && (isFailedTest(error) || error.status === 409)) {
      return { target, result: 'superseded', message: `${target.ref} was changed by somebody else while the old images were put back: ${error.message}` };
    }
    return { target, result: 'error', message: `${target.ref} could not be put back: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Which images a workload that needs no patch holds: those of before, or those that a rollback puts back. */
const imagesHeld = (target: Target, workload: Workload): 'before' | 'back' =>
  target.containers.every((wanted) => containersOf(target.kind, workload).some(({ container }) => container.name === wanted.name && container.image === imageBack(wanted))) ? 'back' : 'before';

/** The images are somebody else's by now; the hold is still this run's, and is lifted. */
export async function liftHold(api: Api, path: string, target: Target, workload: Workload, held: HeldTarget): Promise<void> {
  const change = letGoOperations(workload, held);
  if (change.length === 0 || workload.metadata?.uid !== target.uid) return;
  await api.patch(path, [{ op: 'test', path: '/metadata/uid', value: target.uid }, ...change]);
}

/** The commands that put the old images back by hand. */
export const undoArguments = (targets: readonly Target[]): string[][] =>
  targets.map((target) => ['set', 'image', target.ref, ...target.containers.map((container) => `${container.name}=${imageBack(container)}`)]);
