import type { WorkloadRef } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { within } from '../../ports/within.js';
import { isLeaving, type Workload } from '../client/objects.js';
import { apiPath, workloadResource } from '../client/resources.js';
import { watchWorkloads } from '../observe/watching.js';
import type { FenceScope } from './fence.js';
import { refOf } from './mark.js';

type Ref = Pick<WorkloadRef, 'kind' | 'name'>;

/** Whether all of its pods are ready, as its controller reports it. What has no pods is. */
function isReadyWorkload({ kind }: Ref, { metadata, spec, status }: Workload): boolean {
  if (kind === 'cronjob') return true;
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return false;
  return kind === 'daemonset' ? (status?.numberReady ?? 0) >= (status?.desiredNumberScheduled ?? 0) : (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1);
}

/**
 * Waits until all pods of these workloads are ready.
 * @throws ClusterError not-ready with those that are not, when the time is over; what `signal` aborts with
 */
export async function untilReady({ cluster, ports: { clock } }: FenceScope, refs: readonly Ref[], forMs: number, signal: AbortSignal): Promise<void> {
  if (refs.length === 0) return;
  const pathOf = ({ kind, name }: Ref): string => apiPath(workloadResource[kind], cluster.namespace, name);
  const workloads = await Promise.all(refs.map((ref) => cluster.api.get<Workload>(pathOf(ref), { signal })));
  const watched = await watchWorkloads(cluster, clock, new Set(refs.map(({ kind }) => kind)), workloads);
  const waiting = (): readonly Ref[] => refs.filter((ref) => {
    const workload = watched.world.byName<Workload>(workloadResource[ref.kind], ref.name);
    return !workload || isLeaving(workload) || !isReadyWorkload(ref, workload);
  });
  const late = (): Error => new ClusterError('not-ready', `${waiting().map(refOf).join(', ')} did not become ready within ${Math.round(forMs / 1000)} s.`, {
    hint: `Look at its pods: ${cluster.typed(['get', 'pods'])}`,
  });
  try {
    await within(clock, { ms: forMs, late, signal }, async (over) => {
      while (!watched.sees() || waiting().length > 0) await watched.news(forMs, over);
    });
  } finally {
    watched.close();
  }
}
