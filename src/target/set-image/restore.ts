import { ApiError, type Api, type PatchOperation } from '../../kubernetes/client/api.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { isFailedTest } from '../../kubernetes/client/meaning.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';
import { sameImage, sameRepository } from '../../image/reference.js';
import { messageOf } from '../../outcome/wording.js';
import type { Clock } from '../../ports/clock.js';
import { letGoOperations } from './hold.js';
import { containersOf, imageIn, pausedByOthers } from '../../kubernetes/observe/workload.js';
import { imageBack, isSet, type ImageChange, type ContainerChange, type PausedDeployment } from './image-change.js';
import { retry, type RetryPolicy } from '../../ports/retry.js';

/** What became of one workload when the old images were put back. */
export type Restored =
  | (Holding & { readonly result: 'restored' })
  /** It held the old images already: the change had never reached it. */
  | (Holding & { readonly result: 'untouched' })
  /** It was changed, and holds what a rollback would set: there is nothing better to go back to. */
  | (Holding & { readonly result: 'kept' })
  /** Somebody else has changed it, and nothing of theirs was overwritten. */
  | { readonly target: ImageChange; readonly result: 'superseded'; readonly message: string }
  /** @property unanswered a patch was sent, and nobody knows what became of it */
  | { readonly target: ImageChange; readonly result: 'error'; readonly message: string; readonly unanswered: boolean };

interface Holding {
  readonly target: ImageChange;
  readonly generation: number;
  /** Container name → image that it holds now. */
  readonly images: ReadonlyMap<string, string>;
}

/** The patch that puts the old images back where this run's stand, and fails as a whole where anything else does. */
export function restorePatch(target: ImageChange, workload: Workload, held: PausedDeployment | undefined): PatchOperation[] | { readonly superseded: string } {
  if (workload.metadata?.uid !== target.uid) return { superseded: `${target.ref} was deleted and made anew during the run` };
  const operations: PatchOperation[] = [];
  for (const wanted of target.containers) {
    const { name, before } = wanted;
    const placed = containersOf(target.kind, workload).find(({ container }) => container.name === name);
    if (!placed) return { superseded: `container ${name} of ${target.ref} was removed during the run` };
    const { image } = placed.container;
    if (image === before || isBack(wanted, image)) continue;
    if (!isSet(wanted, image)) return { superseded: `container ${name} of ${target.ref} was set to ${image} by somebody else` };
    operations.push(
      { op: 'test', path: `${placed.pointer}/name`, value: name },
      { op: 'test', path: `${placed.pointer}/image`, value: image },
      { op: 'replace', path: `${placed.pointer}/image`, value: imageBack(wanted) },
    );
  }
  if (operations.length > 0 && pausedByOthers(workload)) return { superseded: `${target.ref} was paused by somebody else` };
  if (held) operations.push(...letGoOperations(workload, held));
  return operations.length === 0 ? [] : [{ op: 'test', path: '/metadata/uid', value: target.uid }, ...operations];
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
 * @param held the run may have paused the Deployment: the hold is lifted in the same patch
 */
export async function restore({ api, namespace }: Cluster, clock: Clock, target: ImageChange, held: PausedDeployment | undefined): Promise<Restored> {
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
    if (patch.length === 0 || !workload) return holding(target, sent ? 'restored' : isKept(target, workload) ? 'kept' : 'untouched', workload);
    const setsImages = patch.some(({ op, path: of }) => op === 'replace' && of.endsWith('/image'));
    const result = !setsImages && !sent && isKept(target, workload) ? 'kept' : 'restored';
    sent ||= setsImages;
    return holding(target, result, await api.patch<Workload>(path, patch, { timeoutMs: 10_000 }));
  };
  try {
    return await persistently(clock, () => retry(clock, lookingAgain, attempt));
  } catch (error) {
    if (error instanceof ApiError && isOvertaken(error)) {
      return { target, result: 'superseded', message: `${target.ref} was changed by somebody else while the old images were put back: ${error.message}` };
    }
    const unanswered = sent && error instanceof ApiError && error.passing;
    return { target, result: 'error', message: `${target.ref} could not be put back: ${messageOf(error)}`, unanswered };
  }
}

/**
 * A patch that came beside another write is refused as a whole, whatever that was about: a sidecar, a pause, a status. What
 * stands there then says whether it was about the images.
 */
const lookingAgain: RetryPolicy = { delaysMs: Array.from({ length: 4 }, () => 50), retryable: (error) => error instanceof ApiError && isOvertaken(error) };

const isOvertaken = (error: ApiError): boolean => isFailedTest(error) || error.status === 409;

/** What a workload that the run has never changed holds: it is left as it is. */
export async function leaveAlone({ api, namespace }: Cluster, target: ImageChange): Promise<Restored> {
  const workload = await api.find<Workload>(workloadResource[target.kind], namespace, target.name).catch(() => undefined);
  return holding(target, 'untouched', workload);
}

const holding = (target: ImageChange, result: 'restored' | 'untouched' | 'kept', workload: Workload | undefined): Restored => ({
  target, result, generation: workload?.metadata?.generation ?? 0,
  images: new Map(target.containers.map(({ name }) => [name, (workload && imageIn(target.kind, workload, name)) ?? ''])),
});

/** A container of it was changed, and is left as it is. */
const isKept = (target: ImageChange, workload: Workload | undefined): boolean => workload !== undefined && target.containers.some((wanted) => {
  const image = imageIn(target.kind, workload, wanted.name);
  return image !== wanted.before && isSet(wanted, image);
});

/** The images are somebody else's by now; the hold is still this run's, and is lifted. */
export async function liftHold(api: Api, path: string, target: ImageChange, workload: Workload, held: PausedDeployment): Promise<void> {
  const change = letGoOperations(workload, held);
  if (change.length === 0 || workload.metadata?.uid !== target.uid) return;
  await api.patch(path, [{ op: 'test', path: '/metadata/uid', value: target.uid }, ...change]);
}

/**
 * The commands that put the old images back by hand, as far as they change something for the better.
 * @param now `deployment/api:app` → image that it holds; what is not known may be anything
 */
export const undoArguments = (targets: readonly ImageChange[], now?: ReadonlyMap<string, string>): string[][] => targets.flatMap((target) => {
  const containers = target.containers.filter((each) => imageBack(each) !== '' && !isBack(each, now?.get(`${target.ref}:${each.name}`)));
  if (containers.length === 0 || target.nothingGood) return [];
  return [['set', 'image', target.ref, ...containers.map((container) => `${container.name}=${imageBack(container)}`)]];
});
