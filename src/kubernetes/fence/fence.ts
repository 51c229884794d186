import type { WorkloadRef } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { messageOf } from '../../outcome/wording.js';
import type { Ports } from '../../ports/ports.js';
import { retry, type RetryPolicy } from '../../ports/retry.js';
import { ApiError } from '../client/api.js';
import type { Cluster } from '../client/cluster.js';
import { isFailedTest, meaningOf } from '../client/meaning.js';
import type { Workload } from '../client/objects.js';
import { persistently } from '../client/persist.js';
import { apiPath, workloadResource } from '../client/resources.js';
import { checkFence } from './check.js';
import { fenceAnnotation, isDamaged, isStopped, lowerArguments, lowerPatch, markOf, raisePatch, refOf, type FenceMark } from './mark.js';
import { untilStopped, type Stopped } from './stopped.js';

/*
 * A fence around a database: the workloads that use it are stopped, so nothing writes to it while it is exchanged. What they had
 * is recorded at each of them before it is stopped.
 */

export interface FenceScope {
  readonly cluster: Cluster;
  readonly ports: Pick<Ports, 'clock' | 'log'>;
}

type Ref = Pick<WorkloadRef, 'kind' | 'name'>;

export interface Raising {
  /** Id of the run. */
  readonly run: string;
  /** How long the pods may take to end, ms. */
  readonly forMs: number;
  readonly signal: AbortSignal;
}

/** A workload that is fenced, by this run or another. */
export interface Fenced {
  readonly ref: Ref;
  readonly mark: FenceMark;
  /** Somebody has started it since. */
  readonly isStarted: boolean;
}

/** What became of one workload. */
export interface Lowered {
  /** `deployment/api` */
  readonly ref: string;
  /** `untouched`: it was not fenced. `superseded`: somebody has started it meanwhile, and theirs stays. */
  readonly result: 'restored' | 'untouched' | 'superseded' | 'error';
  /** A sentence, except for `restored` and `untouched`. */
  readonly message?: string;
  /** Commands that restore it by hand; only of an error. */
  readonly commands?: readonly string[];
}

/**
 * Stops the workloads, and waits until no pod of them is left. Deployments and StatefulSets are scaled to 0, CronJobs are suspended
 * and their Jobs waited for. It can be called again, also by another process. If it fails, what it has stopped is started again.
 * @throws ClusterError not-deployable, superseded, deadline; what `signal` aborts with
 */
export async function raiseFence(scope: FenceScope, refs: readonly Ref[], raising: Raising): Promise<void> {
  const { cluster, ports: { clock, log } } = scope;
  const [problem] = checkFence(refs, []).problems;
  if (problem) throw new ClusterError(problem.cause, problem.message, { hint: problem.hint });
  const stopped: Stopped[] = [];
  try {
    for (const ref of refs) {
      raising.signal.throwIfAborted();
      stopped.push({ ref, workload: await stop(scope, ref, raising) });
      log.info(`${refOf(ref)} is stopped${describe(stopped.at(-1))}`);
    }
    await untilStopped(cluster, clock, stopped, raising.forMs, raising.signal);
  } catch (error) {
    // A request that was cut may have been done.
    const lowered = await lowerFence(scope, refs.slice(0, stopped.length + 1), raising.run);
    for (const { message } of lowered) if (message !== undefined) log.warning(message);
    throw error;
  }
}

function describe(stopped: Stopped | undefined): string {
  const { replicas } = (stopped && markOf(stopped.workload)) ?? {};
  return replicas === undefined ? '' : ` (it had ${replicas} replica${replicas === 1 ? '' : 's'})`;
}

/** @throws ClusterError superseded when a workload was started since, or something of it runs */
export async function confirmFence({ cluster, ports: { clock } }: FenceScope, refs: readonly Ref[], signal: AbortSignal): Promise<void> {
  const stopped = await Promise.all(refs.map(async (ref): Promise<Stopped> => ({ ref, workload: await read(cluster, ref) })));
  await untilStopped(cluster, clock, stopped, 0, signal);
}

/**
 * Starts what a fence has stopped: exactly what was there before. It can be called again, by any process. Does not reject.
 * @param run whose fence it must be; undefined: that of any run, for whoever has the lock of the app
 */
export async function lowerFence(scope: FenceScope, refs: readonly Ref[], run?: string): Promise<Lowered[]> {
  return Promise.all(refs.map(async (ref): Promise<Lowered> => {
    try {
      return await start(scope, ref, run);
    } catch (error) {
      const { cluster } = scope;
      const workload = await read(cluster, ref).catch(() => undefined);
      const mark = workload && markOf(workload);
      return {
        ref: refOf(ref), result: 'error', message: `${refOf(ref)} could not be started again: ${messageOf(error).replace(/\.?$/, '.')}`,
        commands: mark ? lowerArguments(ref.kind, ref.name, mark).map(cluster.typed) : [],
      };
    }
  }));
}

/** Those of these workloads that are fenced, by whatever run. One that does not exist is not. */
export async function findFenced({ cluster: { api, namespace }, ports: { clock } }: FenceScope, refs: readonly Ref[], signal: AbortSignal): Promise<Fenced[]> {
  const found = await Promise.all(refs.map(async (ref) => {
    const workload = await persistently(clock, () => api.find<Workload>(workloadResource[ref.kind], namespace, ref.name, { signal }), { signal });
    const mark = workload && markOf(workload);
    return workload && mark ? [{ ref, mark, isStarted: !isStopped(ref.kind, workload) }] : [];
  }));
  return found.flat();
}

const read = async ({ api, namespace }: Cluster, { kind, name }: Ref): Promise<Workload> => {
  const workload = await api.find<Workload>(workloadResource[kind], namespace, name);
  if (!workload) throw new ClusterError('config-invalid', `${refOf({ kind, name })} does not exist in namespace ${namespace}.`);
  return workload;
};

/** Someone has written the workload since it was read: it is read again. */
const again: RetryPolicy = { delaysMs: [50, 100, 200, 400], retryable: (error) => error instanceof ApiError && (isFailedTest(error) || error.status === 409) };

async function stop({ cluster, ports: { clock } }: FenceScope, ref: Ref, { run, signal }: Raising): Promise<Workload> {
  const attempt = async (): Promise<Workload> => {
    const workload = await read(cluster, ref);
    const patch = raisePatch(ref.kind, workload, { run, at: new Date(clock.now()).toISOString() });
    return patch.length === 0 ? workload : cluster.api.patch<Workload>(apiPath(workloadResource[ref.kind], cluster.namespace, ref.name), patch);
  };
  try {
    return await persistently(clock, () => retry(clock, again, attempt), { signal });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { cause, hint } = meaningOf(error);
    throw new ClusterError(cause, `${refOf(ref)} could not be stopped: ${error.message}.`, { hint, cause: error });
  }
}

async function start({ cluster, ports: { clock, log } }: FenceScope, ref: Ref, run: string | undefined): Promise<Lowered> {
  let isDone = false;
  const attempt = async (): Promise<Lowered> => {
    const workload = await read(cluster, ref);
    if (isDamaged(workload)) {
      throw new ClusterError('record-unreadable', `the annotation ${fenceAnnotation} of ${refOf(ref)}, which says how many replicas it had, was edited by hand`);
    }
    const isOthers = run !== undefined && markOf(workload)?.run !== run;
    const patch = isOthers ? undefined : lowerPatch(ref.kind, workload);
    // A patch that was not answered has been applied.
    if (!patch) return { ref: refOf(ref), result: isDone ? 'restored' : 'untouched' };
    const wasStarted = !isStopped(ref.kind, workload);
    isDone = !wasStarted;
    await cluster.api.patch<Workload>(apiPath(workloadResource[ref.kind], cluster.namespace, ref.name), patch);
    if (!wasStarted) return { ref: refOf(ref), result: 'restored' };
    const how = ref.kind === 'cronjob' ? 'resumed' : `scaled to ${workload.spec?.replicas ?? 1}`;
    return { ref: refOf(ref), result: 'superseded', message: `${refOf(ref)} was ${how} by someone else while it was stopped. That was not overwritten.` };
  };
  const lowered = await persistently(clock, () => retry(clock, again, attempt));
  if (lowered.result === 'restored') log.info(`${refOf(ref)} is started again`);
  return lowered;
}
