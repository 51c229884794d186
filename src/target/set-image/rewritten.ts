import type { ImageName, WorkloadRef } from '../../config/config.js';
import type { PatchOperation } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';
import { digestOf, parseReference, sameRepository } from '../../image/reference.js';
import { containersOf, imageIn } from '../../kubernetes/observe/workload.js';
import type { ImageChange, ContainerChange } from './image-change.js';
import { chosenContainers, type FoundWorkload } from './resolve.js';

/*
 * Admission may rewrite the image that is written to a workload: to a closer registry, a tag to its digest, a short name to
 * the full one. What the API server stores then still counts as set by this run.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#mutating
 */

/** How long to wait for a dry run: the change itself shows the same. */
const dryRunWithinMs = 5000;

/**
 * The changes with the images that the API server would store, by a server-side dry run. Only for workloads with an image
 * of another repository than the one that is set, as after an earlier rewrite. A failed dry run is ignored.
 */
export async function foresee(
  cluster: Cluster, changes: readonly ImageChange[], workloads: readonly (Workload | undefined)[], signal: AbortSignal,
): Promise<ImageChange[]> {
  return Promise.all(changes.map(async (change, index) => {
    const workload = workloads[index];
    if (!workload || change.containers.every(({ before, after }) => sameRepository(before, after))) return change;
    const answer = await stored(cluster, { ref: change, workload }, new Map(change.containers.map(({ name, after }) => [name, after])), signal);
    return answer ? withStored(change, answer) : change;
  }));
}

/**
 * The workloads, each with the containers that run what admission makes of this image, by a server-side dry run. Only where no
 * container has an image of its repository: after a rewrite it has the one of a cache.
 * @param reference the image to set; the digest of an image that is not built yet is left out
 */
export async function findRewritten(
  cluster: Cluster, found: readonly FoundWorkload[], { image, reference }: { readonly image: ImageName; readonly reference: string }, signal: AbortSignal,
): Promise<FoundWorkload[]> {
  return Promise.all(found.map(async (each) => {
    const { ref, workload } = each;
    if (!workload || ref.container !== undefined || chosenContainers(each, image).length > 0) return each;
    const names = containersOf(ref.kind, workload).flatMap(({ container }) => container.name ?? []);
    const answer = await stored(cluster, { ref, workload }, new Map(names.map((name) => [name, reference])), signal);
    const becomes = (name: string): string => (answer && imageIn(ref.kind, answer, name)) ?? '';
    // Admission that gives a sidecar its own image again, whatever is set, does not make it a container of this image.
    const isOf = (name: string): boolean => lastPart(becomes(name)) === lastPart(image) && sameRepository(becomes(name), imageIn(ref.kind, workload, name) ?? '');
    return { ...each, rewritten: names.filter(isOf) };
  }));
}

/** `cache.example/acme/api:1` → `api`: caches and mirrors keep it. */
const lastPart = (image: string): string | undefined => parseReference(image)?.name.split('/').at(-1);

export interface Tried {
  readonly ref: Pick<WorkloadRef, 'kind' | 'name'>;
  readonly workload: Workload;
}

/** What the API server would store of a workload with these images (by container); undefined if the dry run fails. */
async function stored(cluster: Cluster, tried: Tried, images: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Workload | undefined> {
  return dryRun(cluster, tried, images, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return undefined;
  });
}

/** The same. @throws ApiError why the API server would not store it, or that it did not answer within 5 s */
export function dryRun({ api, namespace }: Cluster, { ref, workload }: Tried, images: ReadonlyMap<string, string>, signal: AbortSignal): Promise<Workload> {
  const path = `${apiPath(workloadResource[ref.kind], namespace, ref.name)}?dryRun=All`;
  return api.send<Workload>('PATCH', path, imageOperations(ref.kind, workload, images), { contentType: 'application/json-patch+json', timeoutMs: dryRunWithinMs, signal });
}

/** The patch that sets these images (by container). */
const imageOperations = (kind: WorkloadRef['kind'], workload: Workload, images: ReadonlyMap<string, string>): PatchOperation[] =>
  containersOf(kind, workload).flatMap(({ container, pointer }) => {
    const value = images.get(container.name ?? '');
    return value === undefined ? [] : [{ op: 'replace', path: `${pointer}/image`, value }];
  });

/** The change with the images that the workload contains, where they differ from what is set. */
const withStored = (change: ImageChange, workload: Workload): ImageChange => ({
  ...change,
  containers: change.containers.map((wanted) => {
    const image = imageIn(change.kind, workload, wanted.name);
    return image === undefined || image === wanted.after ? wanted : { ...wanted, becomes: image };
  }),
});

/** Whether another image would run than the wanted one, by its digest if there is one. */
export const becomesAnother = ({ after, becomes }: ContainerChange): boolean =>
  becomes !== undefined && digestOf(after) !== undefined && digestOf(becomes) !== digestOf(after);

/** The images that will be rewritten, in a sentence for each container. */
export const describeRewriting = (changes: readonly ImageChange[]): string[] => changes.flatMap(({ ref, containers }) =>
  containers.flatMap(({ name, after, becomes }) => (becomes === undefined ? [] : [`Container ${name} of ${ref}: admission rewrites ${after} to ${becomes}.`])));
