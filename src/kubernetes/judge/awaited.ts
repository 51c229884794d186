import { patienceMs } from '../../outcome/causes.js';
import { conditionOf, nameOf, statusesOf, uidOf, type KubeEvent, type Pod } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { stateOf, type PodState } from './pod-state.js';
import { probeAllowanceMs } from './probes.js';
import { isReady, type Symptom } from './symptom.js';

/**
 * The pod of an earlier template that a StatefulSet waits for: its controller takes the pods by their numbers, and stops
 * at the first that is not ready. One that is terminating goes by itself.
 */
export function awaitedPod({ of: target, workload, newPods, oldPods, keptPods, leavingPods }: WorkloadView): Pod | undefined {
  if (target.kind !== 'statefulset' || workload?.spec?.podManagementPolicy === 'Parallel' || leavingPods.length > 0) return undefined;
  const [first] = [...newPods, ...oldPods, ...keptPods].filter((pod) => !isReady(pod)).sort((a, b) => ordinalOf(a) - ordinalOf(b));
  return first && !newPods.includes(first) ? first : undefined;
}

const ordinalOf = (pod: Pod): number => Number(/-(\d+)$/.exec(nameOf(pod))?.[1] ?? Infinity);

/** States without a symptom that last until someone outside of the pod acts. States of the node and the registry are given more time. */
const stalling: ReadonlySet<PodState['name']> = new Set(['init-running', 'sidecar-starting', 'hook-running', 'pending', 'gated', 'gate'] as const);

/** A pod that is not ready although no symptom is seen. The time counts from the start of its containers. */
export function stalled(pod: Pod, events: readonly KubeEvent[]): Symptom | undefined {
  const { name, words, container } = stateOf(pod, events);
  return stalling.has(name) ? {
    key: `stalled ${uidOf(pod)}`, cause: 'not-ready', patienceMs: unreadyPatienceMs(pod), pod, container, message: `pod ${nameOf(pod)} is not ready: ${words}`,
  } : undefined;
}

/** How long a pod has to become ready by its own probes, ms. */
export const unreadyPatienceMs = (pod: Pod): number => Math.max(patienceMs('not-ready'), 2 * probeAllowanceMs(pod));

/**
 * How long the containers of a pod have been running while it was not ready, also before the run watched it.
 * @param now by the clock of the API server, ms since 1970; undefined when it is not known
 */
export function unreadyForMs(pod: Pod, now: number | undefined): number {
  const started = statusesOf(pod).flatMap(({ state }) => (state?.running ? [state.running.startedAt] : []));
  const times = [conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime, ...started].map((time) => Date.parse(time ?? ''));
  // Without these times it counts from the first look.
  return now !== undefined && times.every(Number.isFinite) ? Math.max(0, now - Math.max(...times)) : 0;
}
