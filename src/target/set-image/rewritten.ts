import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';
import { digestOf, sameRepository } from '../../image/reference.js';
import { containersOf, imageIn } from '../../kubernetes/observe/workload.js';
import type { ImageChange, ContainerChange } from './image-change.js';

/*
 * Admission may rewrite an image on its way into a workload: to a registry that is nearer, a tag to its digest, a short
 * name to the whole one. What the API server stored is then the run's own, under another name.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#mutating
 */

/** A dry run that a webhook keeps waiting is not waited for: the change itself shows the same. */
const dryRunWithinMs = 5000;

/**
 * The targets with what the API server would make of their images, by a server-side dry run. It is tried where a workload
 * holds an image of another repository than the one that is set, as it does where its image was rewritten before. A dry
 * run that is refused says nothing.
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

/** The target with what a workload holds in its containers, where that is not what is set. */
const withStored = (change: ImageChange, workload: Workload): ImageChange => ({
  ...change,
  containers: change.containers.map((wanted) => {
    const image = imageIn(change.kind, workload, wanted.name);
    return image === undefined || image === wanted.after ? wanted : { ...wanted, becomes: image };
  }),
});

/** What would run is another image than the one that is wanted: by its digest, where one is wanted. */
export const becomesAnother = ({ after, becomes }: ContainerChange): boolean =>
  becomes !== undefined && digestOf(after) !== undefined && digestOf(becomes) !== digestOf(after);

/** What is going to be rewritten, in a sentence for each container. */
export const describeRewriting = (changes: readonly ImageChange[]): string[] => changes.flatMap(({ ref, containers }) =>
  containers.flatMap(({ name, after, becomes }) => (becomes === undefined ? [] : [`Container ${name} of ${ref}: the cluster stores ${becomes} when ${after} is set (admission rewrites it).`])));
