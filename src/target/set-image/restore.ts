import { ApiError, type Api, type PatchOperation } from '../../kubernetes/client/api.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { isFailedTest } from '../../kubernetes/client/meaning.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';
import { sameImage, sameRepository } from '../../image/reference.js';
import { messageOf } from '../../outcome/wording.js';
import type { Clock } from '../../ports/clock.js';
import { resumeOperations } from './pause.js';
import { containersOf, imageIn, pausedByOthers } from '../../kubernetes/observe/workload.js';
import { imageBack, isSet, type ImageChange, type ContainerChange, type PausedDeployment } from './image-change.js';
import { retry, type RetryPolicy } from '../../ports/retry.js';

/** The result of restoring one workload. */
export type Restored =
  | (Holding & { readonly result: 'restored' })
  /** It had the old images already: the change was not applied to it. */
  | (Holding & { readonly result: 'untouched' })
  /** It was changed, and has the images that a rollback would set: there is no better version to restore. */
  | (Holding & { readonly result: 'kept' })
  /** Someone else changed it, and their change was not overwritten. */
  | { readonly change: ImageChange; readonly result: 'superseded'; readonly message: string }
  /** @property unanswered a patch was sent, but not answered: it may have been applied */
  | { readonly change: ImageChange; readonly result: 'error'; readonly message: string; readonly unanswered: boolean };

interface Holding {
  readonly change: ImageChange;
  readonly generation: number;
  /** Container name → its current image. */
  readonly images: ReadonlyMap<string, string>;
}

/** The patch that restores the old images. It fails as a whole if a current image is not the one that this run set. */
export function restorePatch(
  change: ImageChange, workload: Workload, paused: PausedDeployment | undefined,
): PatchOperation[] | { readonly superseded: string } {
  if (workload.metadata?.uid !== change.uid) return { superseded: `${change.ref} was deleted and recreated during the run` };
  const operations: PatchOperation[] = [];
  for (const wanted of change.containers) {
    const { name, before } = wanted;
    const placed = containersOf(change.kind, workload).find(({ container }) => container.name === name);
    if (!placed) return { superseded: `container ${name} of ${change.ref} was removed during the run` };
    const { image } = placed.container;
    if (image === before || isBack(wanted, image)) continue;
    if (!isSet(wanted, image)) return { superseded: `container ${name} of ${change.ref} was set to ${image} by someone else` };
    operations.push(
      { op: 'test', path: `${placed.pointer}/name`, value: name },
      { op: 'test', path: `${placed.pointer}/image`, value: image },
      { op: 'replace', path: `${placed.pointer}/image`, value: imageBack(wanted) },
    );
  }
  if (operations.length > 0 && pausedByOthers(workload)) return { superseded: `${change.ref} was paused by someone else` };
  if (paused) operations.push(...resumeOperations(workload, paused));
  return operations.length === 0 ? [] : [{ op: 'test', path: '/metadata/uid', value: change.uid }, ...operations];
}

/**
 * Whether it is the image that a rollback restores, also under the name that admission gives it, unless that is the image
 * that the run has set. A recorded release matches with and without its tag; the previous image is restored exactly.
 */
function isBack(wanted: ContainerChange, image: string | undefined): boolean {
  const back = imageBack(wanted);
  // `null` is possible despite the type: objects come from outside.
  if (typeof image !== 'string' || image === back) return image === back;
  return sameImage(image, back) && (!isSet(wanted, image) || (wanted.back !== undefined && sameRepository(wanted.after, back)));
}

/**
 * Restores the old images of one workload. The API server rejects the patch by its `test` operations if something else was
 * written since the workload was read. Replicas and everything else are never changed. After a patch that was not answered
 * the workload is read again, and the patch is only repeated if it was not applied.
 * @param paused the run may have paused the Deployment: the pause is lifted in the same patch
 * @param until monotonic ms until which an API server that is unavailable is waited for; a minute at least
 */
export async function restore(
  { api, namespace }: Cluster, clock: Clock, change: ImageChange, paused: PausedDeployment | undefined, until?: number,
): Promise<Restored> {
  const path = apiPath(workloadResource[change.kind], namespace, change.name);
  let sent = false;
  const attempt = async (): Promise<Restored> => {
    const workload = await api.find<Workload>(workloadResource[change.kind], namespace, change.name);
    const patch = workload ? restorePatch(change, workload, paused) : { superseded: `${change.ref} was deleted during the run` };
    if ('superseded' in patch) {
      if (paused && workload) await liftPause(api, path, change, workload, paused);
      return { change, result: 'superseded', message: patch.superseded };
    }
    // Nothing is left to do: it was never changed, or an earlier attempt that was not answered was applied.
    if (patch.length === 0 || !workload) return holding(change, sent ? 'restored' : isKept(change, workload) ? 'kept' : 'untouched', workload);
    const setsImages = patch.some(({ op, path: of }) => op === 'replace' && of.endsWith('/image'));
    const result = !setsImages && !sent && isKept(change, workload) ? 'kept' : 'restored';
    sent ||= setsImages;
    return holding(change, result, await api.patch<Workload>(path, patch, { timeoutMs: 10_000 }));
  };
  try {
    return await persistently(clock, () => retry(clock, lookingAgain, attempt), { until });
  } catch (error) {
    if (error instanceof ApiError && isOvertaken(error)) {
      return { change, result: 'superseded', message: `${change.ref} was changed by someone else while its old images were being restored: ${error.message}` };
    }
    const unanswered = sent && error instanceof ApiError && error.passing;
    return { change, result: 'error', message: `${change.ref} could not be restored: ${messageOf(error)}`, unanswered };
  }
}

/**
 * A patch that conflicts with another write is rejected as a whole, whatever was written: a sidecar, a pause, a status. The
 * workload is read again to see whether the images were changed.
 */
const lookingAgain: RetryPolicy = { delaysMs: Array.from({ length: 4 }, () => 50), retryable: (error) => error instanceof ApiError && isOvertaken(error) };

const isOvertaken = (error: ApiError): boolean => isFailedTest(error) || error.status === 409;

/** The images of a workload that the run has never changed: it is left unchanged. */
export async function leaveAlone({ api, namespace }: Cluster, change: ImageChange): Promise<Restored> {
  const workload = await api.find<Workload>(workloadResource[change.kind], namespace, change.name).catch(() => undefined);
  return holding(change, 'untouched', workload);
}

const holding = (change: ImageChange, result: 'restored' | 'untouched' | 'kept', workload: Workload | undefined): Restored => ({
  change, result, generation: workload?.metadata?.generation ?? 0,
  images: new Map(change.containers.map(({ name }) => [name, (workload && imageIn(change.kind, workload, name)) ?? ''])),
});

/** A container of it was changed by the run, and is left unchanged. */
const isKept = (change: ImageChange, workload: Workload | undefined): boolean => workload !== undefined && change.containers.some((wanted) => {
  const image = imageIn(change.kind, workload, wanted.name);
  return image !== wanted.before && isSet(wanted, image);
});

/** Someone else has set the images meanwhile; the pause is still this run's, and is lifted. */
async function liftPause(api: Api, path: string, change: ImageChange, workload: Workload, paused: PausedDeployment): Promise<void> {
  const operations = resumeOperations(workload, paused);
  if (operations.length === 0 || workload.metadata?.uid !== change.uid) return;
  await api.patch(path, [{ op: 'test', path: '/metadata/uid', value: change.uid }, ...operations]);
}

/**
 * The commands that restore the old images by hand; none where they would not help.
 * @param now `deployment/api:app` → its current image; missing if not known
 */
export const undoArguments = (changes: readonly ImageChange[], now?: ReadonlyMap<string, string>): string[][] => changes.flatMap((change) => {
  const containers = change.containers.filter((each) => imageBack(each) !== '' && !isBack(each, now?.get(`${change.ref}:${each.name}`)));
  if (containers.length === 0 || change.nothingGood) return [];
  return [['set', 'image', change.ref, ...containers.map((container) => `${container.name}=${imageBack(container)}`)]];
});
