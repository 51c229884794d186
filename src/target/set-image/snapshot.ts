import { conditionOf, statusesOf } from '../../kubernetes/client/objects.js';
import type { Expectation, ServiceExpectation } from '../../kubernetes/judge/expectation.js';
import { endedBefore } from '../../kubernetes/judge/ended.js';
import { isReady, occurrenceOf, restartKey } from '../../kubernetes/judge/symptom.js';
import { imageBack, type ImageChange, type ContainerChange } from './image-change.js';
import type { World } from '../../kubernetes/observe/world.js';
import { unhealthiness, runningDigests } from '../../kubernetes/judge/health.js';

/** The state of a workload before the change: enough to restore it and to verify that. */
export interface WorkloadSnapshot {
  readonly change: ImageChange;
  /** Why it was not healthy then; undefined when it was. A version that was broken before cannot be verified. */
  readonly unhealthy: string | undefined;
  /** No pod of it was ready: its health says nothing about its image. */
  readonly isIdle?: boolean;
  /** `container` → digests that its pods ran. */
  readonly running: ReadonlyMap<string, ReadonlySet<string>>;
}

export function takeSnapshot(world: World, change: ImageChange): WorkloadSnapshot {
  const view = world.view(change);
  return {
    change,
    unhealthy: unhealthiness(view),
    isIdle: !view.newPods.some(isReady),
    running: runningDigests([...view.newPods, ...view.oldPods]),
  };
}

const imageOf = { before: (container: ContainerChange) => container.before, after: (container: ContainerChange) => container.after, back: imageBack };
/** The images of a change: the previous ones, those that this run sets, and those that a rollback restores. */
export type ImagesOf = typeof imageOf;

/** What a change to `images` is judged by, taken before the change. */
export function expectationOf(
  world: World, change: ImageChange, generation: number, images: keyof ImagesOf, services: readonly ServiceExpectation[],
): Expectation {
  const view = world.view(change);
  const pods = [...view.newPods, ...view.oldPods, ...view.leavingPods];
  const restarts = pods.flatMap((pod) =>
    statusesOf(pod).map((status) => [restartKey(pod, status.name), status.restartCount ?? 0] as const));
  return {
    generation,
    images: new Map(change.containers.map((container) => [container.name, imageOf[images](container)])),
    restartsBefore: new Map(restarts),
    eventsBefore: new Set(view.eventsOf(change.uid).map(occurrenceOf)),
    endedBefore: endedBefore(view),
    goal: 'whole',
    progressBefore: conditionOf(view.workload?.status?.conditions, 'Progressing')?.lastUpdateTime,
    // Other pods that a Service selected before the run are still there after a rollback.
    services: images === 'after' ? services : services.filter((service) => service.selects).map((service) => ({ ...service, exact: false })),
  };
}

