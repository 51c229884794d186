import type { Api } from '../client/api.js';
import { controllerOf, isLeaving, nameOf, statusesOf, uidOf, type List, type Pod, type Workload } from '../client/objects.js';
import { apiPath, resources } from '../client/resources.js';
import type { WorkloadKind } from '../../config/config.js';
import { unreadyForMs, unreadyPatienceMs } from '../judge/awaited.js';
import { isCreating, stateOf } from '../judge/pod-state.js';
import { isReady } from '../judge/symptom.js';
import { podSelector } from '../observe/selector.js';
import { isFailing } from '../judge/health.js';
import { desiredReplicas } from '../observe/workload.js';
import { nothingFound, type Checked } from '../../outcome/finding.js';

/**
 * Warns of the pods of a StatefulSet that its controller would wait for indefinitely: a run deletes them after the change.
 * Pods that are only not ready yet are given the time to become ready.
 */
export async function checkStuck(
  api: Api, namespace: string, { ref, kind, workload }: { readonly ref: string; readonly kind: WorkloadKind; readonly workload: Workload },
  now: number, signal: AbortSignal,
): Promise<Checked> {
  const { spec, status } = workload;
  const isWhole = (status?.readyReplicas ?? 0) >= desiredReplicas(workload);
  if (kind !== 'statefulset' || spec?.podManagementPolicy === 'Parallel' || isWhole) return nothingFound;
  const query = new URLSearchParams({ labelSelector: podSelector([workload]) ?? '' });
  const { items = [] } = await api.get<List<Pod>>(`${apiPath(resources.pods, namespace)}?${query.toString()}`, { signal });
  const unready = items.filter((pod) => controllerOf(pod) === uidOf(workload) && !isLeaving(pod) && !isReady(pod));
  const broken = unready.filter((pod) => isFailing(pod) || unreadyForMs(pod, now) >= unreadyPatienceMs(pod) || hasRestarted(pod));
  return { problems: [], warnings: broken.map((pod) => describe(ref, pod)) };
}

/** A container that restarted more than once is broken, also while it runs. */
const hasRestarted = (pod: Pod): boolean => statusesOf(pod).some(({ restartCount = 0 }) => restartCount > 1);

function describe(ref: string, pod: Pod): string {
  const reasons = statusesOf(pod).flatMap(({ name, state }) => {
    const reason = state?.waiting?.reason ?? (state?.terminated ? `exit code ${state.terminated.exitCode}` : undefined);
    return reason === undefined || isCreating(reason) || reason === 'exit code 0' ? [] : [`${name}: ${reason}`];
  });
  const why = reasons.length > 0 ? reasons.join(', ') : stateOf(pod, []).words;
  return `Pod ${nameOf(pod)} of ${ref} is ${isFailing(pod) || hasRestarted(pod) ? 'broken' : 'not ready'} (${why}). It is deleted after the change unless it becomes ready, because the StatefulSet controller waits for it and never replaces it.`;
}
