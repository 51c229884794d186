import { ClusterError } from '../../outcome/errors.js';
import type { Clock } from '../../ports/clock.js';
import type { Cluster } from '../client/cluster.js';
import { controllerOf, nameOf, uidOf, type Job, type Pod, type ReplicaSet, type Workload } from '../client/objects.js';
import { resources, workloadResource } from '../client/resources.js';
import { isFinished, isOver } from '../job/job-state.js';
import { matches, podSelector } from '../observe/selector.js';
import { watchObjects, type Wanted } from '../observe/watching.js';
import type { World } from '../observe/world.js';
import type { WorkloadRef } from '../../config/config.js';
import { isStopped, refOf } from './mark.js';

type Ref = Pick<WorkloadRef, 'kind' | 'name'>;

/** A workload that was stopped, as it was when it was stopped. */
export interface Stopped {
  readonly ref: Ref;
  readonly workload: Workload;
}

/**
 * Waits until nothing of these workloads runs any more.
 * @throws ClusterError deadline, with what still runs; superseded when somebody starts one of them; what `signal` aborts with
 */
export async function untilStopped(cluster: Cluster, clock: Clock, stopped: readonly Stopped[], forMs: number, signal: AbortSignal): Promise<void> {
  if (stopped.length === 0) return;
  const watched = await watchObjects(cluster, clock, wantedFor(stopped));
  const until = clock.monotonic() + forMs;
  try {
    for (;;) {
      signal.throwIfAborted();
      const left = watched.sees() ? stopped.flatMap((each) => leftOf(watched.world, each)) : ['what could not be read'];
      if (left.length === 0) return;
      const leftMs = until - clock.monotonic();
      if (leftMs <= 0) {
        throw new ClusterError('deadline', `After ${Math.round(forMs / 1000)} s this still runs: ${left.join(', ')}.`, {
          hint: 'Check why it does not end: the grace period of the pod, its finalizers, its node. Then run again.',
        });
      }
      await watched.news(leftMs, signal);
    }
  } finally {
    watched.close();
  }
}

function wantedFor(stopped: readonly Stopped[]): Wanted {
  const kinds = new Set(stopped.map(({ ref }) => ref.kind));
  const selecting = stopped.flatMap(({ workload }) => (workload.spec?.selector ? [workload] : []));
  return [
    ...[...kinds].map((kind) => [workloadResource[kind], {}] as const),
    ...selecting.length > 0 ? [[resources.pods, { labelSelector: podSelector(selecting) }] as const] : [],
    ...kinds.has('deployment') ? [[resources.replicasets, {}] as const] : [],
    ...kinds.has('cronjob') ? [[resources.jobs, {}] as const] : [],
  ];
}

/** What still runs of a workload, in words: `pod api-1`, `job/nightly-1`. @throws ClusterError superseded */
function leftOf(world: World, { ref, workload }: Stopped): string[] {
  const now = world.byName<Workload>(workloadResource[ref.kind], ref.name);
  if (!now) throw new ClusterError('superseded', `${refOf(ref)} was deleted by someone else while it was stopped.`);
  if (!isStopped(ref.kind, now)) {
    const how = ref.kind === 'cronjob' ? 'resumed' : `scaled to ${now.spec?.replicas ?? 1}`;
    throw new ClusterError('superseded', `${refOf(ref)} was ${how} by someone else while it was stopped.`, { hint: 'Find out who did it: a person, an operator, or an autoscaler that scales from 0, such as KEDA. Stop that, then run again.' });
  }
  if (ref.kind === 'cronjob') {
    return world.all<Job>(resources.jobs).filter((job) => controllerOf(job) === uidOf(workload) && !isFinished(job)).map((job) => `job/${nameOf(job)}`);
  }
  const owners = new Set([uidOf(workload), ...world.all<ReplicaSet>(resources.replicasets).filter((set) => controllerOf(set) === uidOf(workload)).map(uidOf)]);
  const selector = workload.spec?.selector ?? {};
  return world.all<Pod>(resources.pods)
    .filter((pod) => !isOver(pod) && (owners.has(controllerOf(pod) ?? '') || (controllerOf(pod) === undefined && matches(selector, pod)))).map((pod) => `pod ${nameOf(pod)}`);
}
