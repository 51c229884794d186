import type { Cause } from '../../outcome/causes.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, type Job, type List, type Node, type Pod } from '../../kubernetes/client/objects.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import { jobLabels, jobName, runLabel } from '../../kubernetes/job/job-labels.js';
import { isFinished } from '../../kubernetes/job/job-state.js';
import { openJob, refusedJob, removeJob } from '../../kubernetes/job/open-job.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place, ScratchPlace } from '../place.js';
import type { FoundContainer } from './find-pod.js';
import { hold, holdScript } from './hold.js';
import { ownerOf } from './owner.js';
import { podPlace } from './pod-place.js';
import { scratchPlace } from './scratch.js';
import { containerName, scratchFolder, scratchJob, waitFor } from './scratch-object.js';

/** With pulling the image on another node, and a cluster that has to add one. */
const startMs = 300_000;
const purpose = 'scratch';

/** A pod with the image of the database, which ends when the session that holds it does. @param bytes of the data */
export async function openJobScratch(
  context: DataContext, cluster: Cluster, source: FoundContainer & { readonly place: Place }, signal: AbortSignal, bytes: number,
): Promise<ScratchPlace> {
  const { ports: { clock } } = context;
  await sweep(context, cluster, signal);
  const image = source.place.image;
  if (image === undefined) throw new DataError(context.failure, `The image of ${source.place.words} is not known, so no scratch server can run it.`, { hint: noScratch });
  const owner = await ownerOf(context, source.place, signal);
  const name = jobName({ app: context.app, purpose, run: `${context.id} ${nameOf(source.pod)} ${clock.monotonic()}` });
  const job = scratchJob({ name, context, source, image, owner, bytes, requestsDisk: await nodesHaveDisk(cluster, source.pod, signal) });
  const scope = { cluster, ports: context.ports };
  const failed = (cause: Cause | undefined, message: string, hint: string): DataError => new DataError(cause ?? context.failure, message, { hint });
  const pod = await openJob(scope, { job, container: containerName, words: 'The scratch server', otherwise: noScratch, timeoutMs: startMs, failed }, signal);
  const remove = (): Promise<void> => removeJob(scope, name);
  try {
    const place = { ...podPlace(cluster, { pod, container: containerName }), words: `the scratch pod ${nameOf(pod)}` };
    const held = await hold(clock, place.start(holdScript, { args: [scratchFolder, waitFor], signal }), `The scratch pod ${nameOf(pod)}`, context.failure, signal);
    return scratchPlace(place, held.folder, async () => {
      await held.release();
      await remove();
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

const noScratch = 'Set `verify: archive`: then the dump is read to its end, but not restored.';

/** Those of runs that died: their pods have ended by themselves. One that has not is of a run in progress: a drill takes no lock. */
async function sweep({ app, id, ports }: DataContext, cluster: Cluster, signal: AbortSignal): Promise<void> {
  const labelSelector = `${jobLabels.app}=${app},${jobLabels.purpose}=${purpose},${jobLabels.run}!=${runLabel(id)}`;
  const path = apiPath(resources.jobs, cluster.namespace);
  const { items = [] } = await cluster.api.get<List<Job>>(`${path}?${new URLSearchParams({ labelSelector }).toString()}`, { signal })
    .catch((error: unknown) => { throw refusedJob(cluster, error, 'Scratch servers of earlier runs cannot be listed', noScratch); });
  for (const job of items.filter(isFinished)) await removeJob({ cluster, ports }, nameOf(job));
}

/** As far as the account is allowed to see nodes. Without a request, the pod is the first that a node evicts when its disk is full. */
export async function nodesHaveDisk({ api }: Cluster, { spec }: Pod, signal: AbortSignal): Promise<boolean> {
  if (spec?.nodeName === undefined) return false;
  const path = `/api/v1/nodes/${encodeURIComponent(spec.nodeName)}`;
  const node = await api.get<Node>(path, { signal, attempts: 1 }).catch(() => undefined);
  return node?.status?.allocatable?.['ephemeral-storage'] !== undefined;
}
