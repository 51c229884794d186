import { within } from '../../ports/within.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, type Job, type List, type Node, type Pod } from '../../kubernetes/client/objects.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import { watchedOf } from '../../kubernetes/job/end-job.js';
import { jobLabels, jobName, runLabel } from '../../kubernetes/job/job-labels.js';
import { hasStarted, symptomsOfJob, viewOf } from '../../kubernetes/job/job-state.js';
import { watchObjects } from '../../kubernetes/observe/watching.js';
import { roleFor } from '../../kubernetes/preflight/role.js';
import { ClusterError } from '../../outcome/errors.js';
import { ApiError } from '../../kubernetes/client/api.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place, ScratchPlace } from '../place.js';
import { refusal, type FoundContainer } from './find-pod.js';
import { hold, holdScript } from './hold.js';
import { ownerOf } from './owner.js';
import { podPlace } from './pod-place.js';
import { scratchPlace } from './scratch.js';
import { containerName, scratchFolder, scratchJob, waitFor } from './scratch-object.js';

/** With pulling the image on another node, and a cluster that has to add one. */
const startMs = 300_000;
const purpose = 'scratch';

/** What an account needs for a scratch server, as rules of a Role. */
const needs = [
  ...['create', 'list', 'watch', 'get', 'delete'].map((verb) => ({ group: 'batch', resource: 'jobs', verb })),
  ...['list', 'watch', 'get'].map((verb) => ({ group: '', resource: 'pods', verb })),
  ...['list', 'watch'].map((verb) => ({ group: '', resource: 'events', verb })),
  { group: '', resource: 'pods/exec', verb: 'create' },
];

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
  await create(cluster, job, signal);
  const remove = (): Promise<void> => removeJob(context, cluster, name);
  try {
    const pod = await started(context, cluster, name, signal);
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

/** Those of runs that died: their pods have ended by themselves, and this run has the lock of the app. */
async function sweep({ app, id }: DataContext, cluster: Cluster, signal: AbortSignal): Promise<void> {
  const labelSelector = `${jobLabels.app}=${app},${jobLabels.purpose}=${purpose},${jobLabels.run}!=${runLabel(id)}`;
  const path = apiPath(resources.jobs, cluster.namespace);
  const { items = [] } = await cluster.api.get<List<Job>>(`${path}?${new URLSearchParams({ labelSelector }).toString()}`, { signal })
    .catch((error: unknown) => { throw forbidden(cluster, error, 'Scratch servers of earlier runs cannot be listed'); });
  for (const job of items) await cluster.api.send('DELETE', `${path}/${nameOf(job)}`, deletion, { signal }).catch(() => undefined);
}

/** As far as the account is allowed to see nodes. Without a request, the pod is the first that a node evicts when its disk is full. */
async function nodesHaveDisk({ api }: Cluster, { spec }: Pod, signal: AbortSignal): Promise<boolean> {
  if (spec?.nodeName === undefined) return false;
  const path = `/api/v1/nodes/${encodeURIComponent(spec.nodeName)}`;
  const node = await api.get<Node>(path, { signal, attempts: 1 }).catch(() => undefined);
  return node?.status?.allocatable?.['ephemeral-storage'] !== undefined;
}

const deletion = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };

async function create(cluster: Cluster, job: Job, signal: AbortSignal): Promise<void> {
  try {
    await cluster.api.send('POST', apiPath(resources.jobs, cluster.namespace), job, { signal });
  } catch (error) {
    // A request without an answer may have been done.
    if (error instanceof ApiError && error.passing && (await cluster.api.find<Job>(resources.jobs, cluster.namespace, nameOf(job), { signal }))) return;
    throw forbidden(cluster, error, 'No Job for a scratch server can be created');
  }
}

function forbidden(cluster: Cluster, error: unknown, what: string): unknown {
  if (!(error instanceof ApiError) || error.status !== 403 || !/ cannot (?:create|list) resource /.test(error.message)) return refusal(error, what);
  const username = /User "([^"]*)"/.exec(error.message)?.[1];
  return new ClusterError('permission-denied', `${what}: ${error.message}.`, {
    hint: `Apply the Role below. Or ${noScratch.charAt(0).toLowerCase()}${noScratch.slice(1)}`, cause: error,
    evidence: [{ title: 'Role with the missing permissions, and its binding', text: roleFor(needs, cluster.namespace, username), ours: true }],
  });
}

/** The pod of the Job, once its container runs. */
async function started(context: DataContext, cluster: Cluster, name: string, signal: AbortSignal): Promise<Pod> {
  const { clock } = context.ports;
  const watched = await watchObjects(cluster, clock, watchedOf(name));
  let why = 'its pod was not created';
  const late = (): Error => new DataError(context.failure, `The scratch server job/${name} did not start within ${startMs / 1000} s: ${why}.`, { hint: `Check why. ${noScratch}` });
  try {
    return await within(clock, { ms: startMs, late, signal }, async (over) => {
      const seenAt = new Map<string, number>();
      for (;;) {
        over.throwIfAborted();
        const view = viewOf(watched.world, name, containerName);
        if (view.pod && hasStarted(view)) return view.pod;
        const symptoms = watched.sees() ? symptomsOfJob(view) : [];
        for (const { key, message, patienceMs, cause, hint } of symptoms) {
          why = message;
          const firstMs = seenAt.get(key) ?? clock.monotonic();
          seenAt.set(key, firstMs);
          if (clock.monotonic() - firstMs >= patienceMs) throw new DataError(cause, `The scratch server job/${name} did not start: ${message}.`, { hint: `${hint ?? 'Fix what the message names.'} Or ${noScratch.charAt(0).toLowerCase()}${noScratch.slice(1)}` });
        }
        await watched.news(1000, over);
      }
    });
  } finally {
    watched.close();
  }
}

/** Its pod ends by itself: a Job that cannot be deleted now is removed by its time to live, or the next run. */
async function removeJob({ ports: { clock } }: DataContext, cluster: Cluster, name: string): Promise<void> {
  const path = apiPath(resources.jobs, cluster.namespace, name);
  await persistently(clock, () => cluster.api.send('DELETE', path, deletion, { timeoutMs: 5000 }), { forMs: 10_000 }).catch(() => undefined);
}
