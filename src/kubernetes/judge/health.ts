import type { WorkloadView } from '../observe/world.js';
import { hasObserved, wantsNoPods, templateOf } from '../observe/workload.js';
import { completionOf } from './completion.js';
import { isReady } from './symptom.js';
import { type Pod, statusesOf, type ContainerStatus, type Service, nameOf } from '../client/objects.js';
import { isCreating } from './pod-state.js';
import type { SmokeCheck } from '../../config/config.js';
import type { ServiceExpectation } from './expectation.js';
import { selects } from '../observe/selector.js';

/**
 * Why the workload is not healthy at this moment, or undefined. Pods that are still starting, because an autoscaler wants
 * more of them or a node was drained, do not count against it while others are ready.
 */
export function unhealthiness(view: WorkloadView): string | undefined {
  if (view.of.kind === 'cronjob') return undefined;
  const { workload } = view;
  if (workload && !hasObserved(workload, workload.metadata?.generation ?? 0)) return 'its controller has not processed its last change yet';
  const { waitingFor } = completionOf(view);
  if (view.oldPods.length > 0) return waitingFor ?? `pods of an earlier version: ${view.oldPods.length}`;
  return view.newPods.some(isReady) && view.newPods.every((pod) => isReady(pod) || isOnItsWay(pod)) ? undefined : waitingFor;
}

/** It is not ready, but no container has failed or restarted. */
const isOnItsWay = (pod: Pod): boolean => !isFailing(pod) && statusesOf(pod).every(({ restartCount = 0 }) => restartCount === 0);

/** One of its containers failed and does not run again, or cannot be started. */
export const isFailing = (pod: Pod): boolean => statusesOf(pod).some(({ state }) =>
  (state?.terminated?.exitCode ?? 0) !== 0 || !isCreating(state?.waiting?.reason));

/** Container name → the digests that ready pods run, as the runtime reports them; init containers and sidecars included. */
export function runningDigests(pods: readonly Pod[]): Map<string, Set<string>> {
  const digests = new Map<string, Set<string>>();
  for (const status of pods.filter(isReady).flatMap(statusesOf)) {
    const digest = digestOf(status);
    if (digest) digests.set(status.name ?? '', (digests.get(status.name ?? '') ?? new Set()).add(digest));
  }
  return digests;
}

const digestOf = (status: ContainerStatus): string | undefined => /sha256:[0-9a-f]{64}/.exec(status.imageID ?? '')?.[0];

/**
 * The Services that must send traffic to the new pods of a workload: those that select its pods, and those that a smoke
 * check requests. None when no pod is wanted.
 */
export function servicesFor(view: WorkloadView, services: readonly Service[], smoke: readonly SmokeCheck[]): ServiceExpectation[] {
  if (view.workload && wantsNoPods(view.of.kind, view.workload)) return [];
  const labels = view.workload && templateOf(view.of.kind, view.workload)?.metadata?.labels;
  const asked = new Set(smoke.flatMap((check) => (check.target.type === 'service' ? [check.target.name] : [])));
  return services
    .map((service) => ({ name: nameOf(service), exact: asked.has(nameOf(service)), selects: selects(service, labels) }))
    // A Service that never had endpoints (an ExternalName with a leftover selector) has none after the change either.
    .filter((service) => service.exact || (service.selects && view.slicesOf(service.name).length > 0));
}
