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

/** What became of one workload when the old images were put back. */
export type Restored =
  | (Holding & { readonly result: 'restored' })
  /** It had the old images already: the change had never reached it. */
  | (Holding & { readonly result: 'untouched' })
  /** It was changed, and holds what a rollback would set: there is nothing better to go back to. */
  | (Holding & { readonly result: 'kept' })
  /** Somebody else has changed it, and nothing of theirs was overwritten. */
  | { readonly change: ImageChange; readonly result: 'superseded'; readonly message: string }
  /** @property unanswered a patch was sent, and nobody knows what became of it */
  | { readonly change: ImageChange; readonly result: 'error'; readonly message: string; readonly unanswered: boolean };

interface Holding {
  readonly change: ImageChange;
  readonly generation: number;
  /** Container name → image that it holds now. */
  readonly images: ReadonlyMap<string, string>;
}

/** The patch that puts the old images back where this run's stand, and fails as a whole where anything else does. */
export function restorePatch(
  change: ImageChange, workload: Workload, paused: PausedDeployment | undefined,
): PatchOperation[] | { readonly superseded: string } {
  if (workload.metadata?.uid !== change.uid) return { superseded: `${change.ref} was deleted and made anew during the run` };
  const operations: PatchOperation[] = [];
  for (const wanted of change.containers) {
    const { name, before } = wanted;
    const placed = containersOf(change.kind, workload).find(({ container }) => container.name === name);
    if (!placed) return { superseded: `container ${name} of ${change.ref} was removed during the run` };
    const { image } = placed.container;
    if (image === before || isBack(wanted, image)) continue;
    if (!isSet(wanted, image)) return { superseded: `container ${name} of ${change.ref} was set to ${image} by somebody else` };
    operations.push(
      { op: 'test', path: `${placed.pointer}/name`, value: name },
      { op: 'test', path: `${placed.pointer}/image`, value: image },
      { op: 'replace', path: `${placed.pointer}/image`, value: imageBack(wanted) },
    );
  }
  if (operations.length > 0 && pausedByOthers(workload)) return { superseded: `${change.ref} was paused by somebody else` };
  if (paused) operations.push(...resumeOperations(workload, paused));
  return operations.length === 0 ? [] : [{ op: 'test', path: '/metadata/uid', value: change.uid }, ...operations];
}

/**
 * Whether it is what a rollback puts back: also under the name that admission gives it, unless that is what the run has
 * set. A release is the same with and without its tag; what was there before is put back to the letter.
 */
function isBack(wanted: ContainerChange, image: string | undefined): boolean {
  const back = imageBack(wanted);
  // `null` may stand where the type says that nothing can: objects come from outside.
  if (typeof image !== 'string' || image === back) return image === back;
  return sameImage(image, back) && (!isSet(wanted, image) || (wanted.back !== undefined && sameRepository(wanted.after, back)));
}

/**
 * Puts the old images of one workload back. The tests inside the patch make the API server refuse it when something else
 * was written since it was read. Replicas and everything else are never touched. What was not answered is read again
 * first, and only repeated when it was not done.
 * @param paused the run may have paused the Deployment: the hold is lifted in the same patch
 */
export async function restore({ api, namespace }: Cluster, clock: Clock, change: ImageChange, paused: PausedDeployment | undefined): Promise<Restored> {
  const path = apiPath(workloadResource[change.kind], namespace, change.name);
  let sent = false;
  const attempt = async (): Promise<Restored> => {
    const workload = await api.find<Workload>(workloadResource[change.kind], namespace, change.name);
    const patch = workload ? restorePatch(change, workload, paused) : { superseded: `${change.ref} was deleted during the run` };
    if ('superseded' in patch) {
      if (paused && workload) await liftPause(api, path, change, workload, paused);
      return { change, result: 'superseded', message: patch.superseded };
    }
    // Nothing is left to do: because it was never changed, or because an earlier try that nobody answered was done.
    if (patch.length === 0 || !workload) return holding(change, sent ? 'restored' : isKept(change, workload) ? 'kept' : 'untouched', workload);
    const setsImages = patch.some(({ op, path: of }) => op === 'replace' && of.endsWith('/image'));
    const result = !setsImages && !sent && isKept(change, workload) ? 'kept' : 'restored';
    sent ||= setsImages;
    return holding(change, result, await api.patch<Workload>(path, patch, { timeoutMs: 10_000 }));
  };
  try {
    return await persistently(clock, () => retry(clock, lookingAgain, attempt));
  } catch (error) {
    if (error instanceof ApiError && isOvertaken(error)) {
      return { change, result: 'superseded', message: `${change.ref} was changed by somebody else while the old images were put back: ${error.message}` };
    }
    const unanswered = sent && error instanceof ApiError && error.passing;
    return { change, result: 'error', message: `${change.ref} could not be put back: ${messageOf(error)}`, unanswered };
  }
}

/**
 * A patch that came beside another write is refused as a whole, whatever that was about: a sidecar, a pause, a status. What
 * stands there then says whether it was about the images.
 */
const lookingAgain: RetryPolicy = { delaysMs: Array.from({ length: 4 }, () => 50), retryable: (error) => error instanceof ApiError && isOvertaken(error) };

const isOvertaken = (error: ApiError): boolean => isFailedTest(error) || error.status === 409;

/** What a workload that the run has never changed holds: it is left as it is. */
export async function leaveAlone({ api, namespace }: Cluster, change: ImageChange): Promise<Restored> {
  const workload = await api.find<Workload>(workloadResource[change.kind], namespace, change.name).catch(() => undefined);
  return holding(change, 'untouched', workload);
}

const holding = (change: ImageChange, result: 'restored' | 'untouched' | 'kept', workload: Workload | undefined): Restored => ({
  change, result, generation: workload?.metadata?.generation ?? 0,
  images: new Map(change.containers.map(({ name }) => [name, (workload && imageIn(change.kind, workload, name)) ?? ''])),
});

/** A container of it was changed, and is left as it is. */
const isKept = (change: ImageChange, workload: Workload | undefined): boolean => workload !== undefined && change.containers.some((wanted) => {
  const image = imageIn(change.kind, workload, wanted.name);
  return image !== wanted.before && isSet(wanted, image);
});

/** The images are somebody else's by now; the hold is still this run's, and is lifted. */
async function liftPause(api: Api, path: string, change: ImageChange, workload: Workload, paused: PausedDeployment): Promise<void> {
  const operations = resumeOperations(workload, paused);
  if (operations.length === 0 || workload.metadata?.uid !== change.uid) return;
  await api.patch(path, [{ op: 'test', path: '/metadata/uid', value: change.uid }, ...operations]);
}

/**
 * The commands that put the old images back by hand, as far as they change something for the better.
 * @param now `deployment/api:app` → image that it holds; what is not known may be anything
 */
export const undoArguments = (changes: readonly ImageChange[], now?: ReadonlyMap<string, string>): string[][] => changes.flatMap((change) => {
  const containers = change.containers.filter((each) => imageBack(each) !== '' && !isBack(each, now?.get(`${change.ref}:${each.name}`)));
  if (containers.length === 0 || change.nothingGood) return [];
  return [['set', 'image', change.ref, ...containers.map((container) => `${container.name}=${imageBack(container)}`)]];
});
