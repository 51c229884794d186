import type { Cause } from '../../outcome/causes.js';
import { ClusterError, type DeployError } from '../../outcome/errors.js';
import { within } from '../../ports/within.js';
import { ApiError } from '../client/api.js';
import type { Cluster } from '../client/cluster.js';
import { meaningOf } from '../client/meaning.js';
import { nameOf, type Job, type Pod } from '../client/objects.js';
import { persistently } from '../client/persist.js';
import { apiPath, resources } from '../client/resources.js';
import { roleFor } from '../preflight/role.js';
import { watchObjects } from '../observe/watching.js';
import { watchedOf, type JobScope } from './end-job.js';
import { hasStarted, symptomsOfJob, viewOf } from './job-state.js';

/** A Job whose pod is not there to run a command, but to be used by `kubectl exec`. */
export interface OpenJob {
  readonly job: Job;
  readonly container: string;
  /** What it is, for messages: `The pod that mounts the volume backups`. */
  readonly words: string;
  /** What to do without it, in whole sentences. */
  readonly otherwise: string;
  /** With pulling the image, and a cluster that has to add a node. ms */
  readonly timeoutMs: number;
  /** The error for what keeps it from starting; a ClusterError unless given. `cause` is undefined when it is not known in time. */
  readonly failed?: (cause: Cause | undefined, message: string, hint: string) => DeployError;
}

/** What an account needs for it, as rules of a Role. */
const needs = [
  ...['create', 'list', 'watch', 'get', 'delete'].map((verb) => ({ group: 'batch', resource: 'jobs', verb })),
  ...['list', 'watch', 'get'].map((verb) => ({ group: '', resource: 'pods', verb })),
  ...['list', 'watch'].map((verb) => ({ group: '', resource: 'events', verb })),
  { group: '', resource: 'pods/exec', verb: 'create' },
];

/**
 * Creates the Job, and waits until its container runs.
 * @returns its pod. Whoever has opened it removes the Job
 * @throws ClusterError, or what `failed` makes; what `signal` aborts with. Nothing is left then
 */
export async function openJob(scope: JobScope, open: OpenJob, signal: AbortSignal): Promise<Pod> {
  await create(scope, open, signal);
  try {
    return await started(scope, open, signal);
  } catch (error) {
    await removeJob(scope, nameOf(open.job));
    throw error;
  }
}

async function create(scope: JobScope, { job, words, otherwise }: OpenJob, signal: AbortSignal): Promise<void> {
  const { cluster: { api, namespace } } = scope;
  try {
    await api.send('POST', apiPath(resources.jobs, namespace), job, { signal });
  } catch (error) {
    // A request without an answer may have been done.
    const isCertain = error instanceof ApiError && !error.passing;
    if (!isCertain && !signal.aborted && await api.find<Job>(resources.jobs, namespace, nameOf(job), { signal }).catch(() => undefined)) return;
    if (!isCertain) await removeJob(scope, nameOf(job));
    signal.throwIfAborted();
    throw refusedJob(scope.cluster, error, `${words} could not be created`, otherwise);
  }
}

/**
 * What to throw when the API server does not allow Jobs to be created or listed: with the Role that it takes.
 * @param what as the subject of a sentence without its end
 * @param otherwise what to do without it, in whole sentences
 */
export function refusedJob(cluster: Cluster, error: unknown, what: string, otherwise: string): unknown {
  if (!(error instanceof ApiError)) return error;
  const message = `${what}: ${error.message}.`;
  if (error.status !== 403 || !/ cannot (?:create|list) resource /.test(error.message)) {
    const { cause, hint } = meaningOf(error);
    return new ClusterError(cause, message, { hint, cause: error });
  }
  return new ClusterError('permission-denied', message, {
    hint: `Apply the Role below. Otherwise: ${otherwise}`, cause: error,
    evidence: [{ title: 'Role with the missing permissions, and its binding', text: roleFor(needs, cluster.namespace, /User "([^"]*)"/.exec(error.message)?.[1]), ours: true }],
  });
}

async function started({ cluster, ports: { clock } }: JobScope, open: OpenJob, signal: AbortSignal): Promise<Pod> {
  const { words, otherwise, container, timeoutMs } = open;
  const name = nameOf(open.job);
  const { failed = (cause, message, hint) => new ClusterError(cause ?? 'deadline', message, { hint }) } = open;
  const watched = await watchObjects(cluster, clock, watchedOf(name));
  let why = 'its pod was not created';
  const late = (): Error => failed(undefined, `${words} (job/${name}) did not start within ${timeoutMs / 1000} s: ${why}.`, otherwise);
  try {
    return await within(clock, { ms: timeoutMs, late, signal }, async (over) => {
      const seenAt = new Map<string, number>();
      for (;;) {
        over.throwIfAborted();
        const view = viewOf(watched.world, name, container);
        if (view.pod && hasStarted(view)) return view.pod;
        for (const { key, message, patienceMs, cause, hint } of watched.sees() ? symptomsOfJob(view) : []) {
          why = message;
          const firstMs = seenAt.get(key) ?? clock.monotonic();
          seenAt.set(key, firstMs);
          if (clock.monotonic() - firstMs >= patienceMs) throw failed(cause, `${words} (job/${name}) did not start: ${message}.`, `${hint ?? 'Fix what the message names.'} Otherwise: ${otherwise}`);
        }
        await watched.news(1000, over);
      }
    });
  } finally {
    watched.close();
  }
}

/** Its pod ends by itself: a Job that cannot be deleted now is removed by its time to live. Does not reject. */
export async function removeJob({ cluster, ports: { clock } }: JobScope, name: string): Promise<void> {
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' };
  await persistently(clock, () => cluster.api.send('DELETE', apiPath(resources.jobs, cluster.namespace, name), body, { timeoutMs: 5000 }), { forMs: 10_000 }).catch(() => undefined);
}
