import { conditionOf, nameOf, statusesOf, type ContainerStatus, type Pod, type Service } from '../cluster/objects.js';
import type { SmokeCheck } from '../config/config.js';
import type { Expectation, ServiceExpectation } from './judge/expectation.js';
import { completionOf } from './judge/completion.js';
import { endedBefore } from './judge/ended.js';
import { isCreating } from './judge/pod-state.js';
import { isReady, occurrenceOf, restartKey } from './judge/symptoms.js';
import { selects } from './selector.js';
import { hasObserved, imageBack, templateOf, wantsNoPods, type Target, type TargetContainer } from './workload.js';
import type { World, WorkloadView } from './world.js';

/** What a workload looked like before the change: exact enough to put it back, and to tell whether that worked. */
export interface WorkloadSnapshot {
  readonly target: Target;
  readonly generation: number;
  /** Why it was not healthy then; undefined when it was. What was broken before cannot be proven to be back. */
  readonly unhealthy: string | undefined;
  /** No pod of it was ready: that it was healthy says nothing of its image. */
  readonly isIdle?: boolean;
  /** `container` → digests that its pods ran. */
  readonly running: ReadonlyMap<string, ReadonlySet<string>>;
}

export function takeSnapshot(world: World, target: Target): WorkloadSnapshot {
  const view = world.view(target);
  return {
    target,
    generation: view.workload?.metadata?.generation ?? 0,
    unhealthy: unhealthiness(view),
    isIdle: !view.newPods.some(isReady),
    running: runningDigests([...view.newPods, ...view.oldPods]),
  };
}

/**
 * Why the version of the workload cannot be said to serve at this moment, or undefined. That some of its pods are on their
 * way, because an autoscaler wants more of them or a node was drained, says nothing against it while others are ready.
 */
export function unhealthiness(view: WorkloadView): string | undefined {
  if (view.target.kind === 'cronjob') return undefined;
  const { workload } = view;
  if (workload && !hasObserved(workload, workload.metadata?.generation ?? 0)) return 'its last change has not been taken up yet';
  const { waitingFor } = completionOf(view);
  if (view.oldPods.length > 0) return waitingFor ?? `${view.oldPods.length} pods of an earlier version`;
  return view.newPods.some(isReady) && view.newPods.every((pod) => isReady(pod) || isOnItsWay(pod)) ? undefined : waitingFor;
}

/** It has not been ready yet, or is not at this moment, and nothing more. */
const isOnItsWay = (pod: Pod): boolean => !isFailing(pod) && statusesOf(pod).every(({ restartCount = 0 }) => restartCount === 0);

/** One of its containers has ended badly and does not run again, or cannot be started. */
export const isFailing = (pod: Pod): boolean => statusesOf(pod).some(({ state }) =>
  (state?.terminated?.exitCode ?? 0) !== 0 || !isCreating(state?.waiting?.reason));

/** Container name → the digests that pods really run, as the runtime reports them; init containers and sidecars included. */
export function runningDigests(pods: readonly Pod[]): Map<string, Set<string>> {
  const digests = new Map<string, Set<string>>();
  for (const status of pods.filter(isReady).flatMap(statusesOf)) {
    const digest = digestOf(status);
    if (digest) digests.set(status.name ?? '', (digests.get(status.name ?? '') ?? new Set()).add(digest));
  }
  return digests;
}

const digestOf = (status: ContainerStatus): string | undefined => /sha256:[0-9a-f]{64}/.exec(status.imageID ?? '')?.[0];

const imageOf = { before: (container: TargetContainer) => container.before, after: (container: TargetContainer) => container.after, back: imageBack };
/** The images of a target: what was there, what this run sets, and what a rollback puts back. */
export type ImagesOf = typeof imageOf;

/** What a change to `images` is to be measured against, as the world stands before it. */
export function expectationOf(world: World, target: Target, generation: number, images: keyof ImagesOf, services: readonly ServiceExpectation[]): Expectation {
  const view = world.view(target);
  const pods = [...view.newPods, ...view.oldPods, ...view.leavingPods];
  const restarts = pods.flatMap((pod) =>
    statusesOf(pod).map((status) => [restartKey(pod, status.name), status.restartCount ?? 0] as const));
  return {
    generation,
    images: new Map(target.containers.map((container) => [container.name, imageOf[images](container)])),
    restartsBefore: new Map(restarts),
    eventsBefore: new Set(view.eventsOf(target.uid).map(occurrenceOf)),
    endedBefore: endedBefore(view),
    goal: 'whole',
    progressBefore: conditionOf(view.workload?.status?.conditions, 'Progressing')?.lastUpdateTime,
    // What stood beside the old version before the run is nothing that putting it back could change.
    services: images === 'after' ? services : services.filter((service) => service.selects).map((service) => ({ ...service, exact: false })),
  };
}

/**
 * The Services that must send traffic to the new pods of a workload: those that select its pods, and those that smoke
 * asks. None where no pod is wanted: nobody can be sent any.
 */
export function servicesFor(view: WorkloadView, services: readonly Service[], smoke: readonly SmokeCheck[]): ServiceExpectation[] {
  if (view.workload && wantsNoPods(view.target.kind, view.workload)) return [];
  const labels = view.workload && templateOf(view.target.kind, view.workload)?.metadata?.labels;
  const asked = new Set(smoke.flatMap((check) => (check.target.type === 'service' ? [check.target.name] : [])));
  return services
    .map((service) => ({ name: nameOf(service), exact: asked.has(nameOf(service)), selects: selects(service, labels) }))
    // What never had endpoints (an ExternalName with a selector left over) leads nowhere, before and after.
    .filter((service) => service.exact || (service.selects && view.slicesOf(service.name).length > 0));
}

