import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';
import { digestOf, sameRepository } from '../../image/reference.js';
import { containersOf, imageIn } from '../../kubernetes/observe/workload.js';
import type { ImageChange, ContainerChange } from './image-change.js';

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
  { api, namespace }: Cluster, changes: readonly ImageChange[], workloads: readonly (Workload | undefined)[], signal: AbortSignal,
): Promise<ImageChange[]> {
  return Promise.all(changes.map(async (change, index) => {
    const workload = workloads[index];
    if (!workload || change.containers.every(({ before, after }) => sameRepository(before, after))) return change;
    const operations = change.containers.flatMap(({ name, after }) => containersOf(change.kind, workload)
      .filter(({ container }) => container.name === name).map(({ pointer }) => ({ op: 'replace', path: `${pointer}/image`, value: after })));
    const path = `${apiPath(workloadResource[change.kind], namespace, change.name)}?dryRun=All`;
    const options = { contentType: 'application/json-patch+json', timeoutMs: dryRunWithinMs, signal };
    const answer = await api.send<Workload>('PATCH', path, operations, options).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    return answer ? withStored(change, answer) : change;
  }));
}

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
