import type { Content } from '../../record/ledger.js';
import { sameImage } from '../../image/reference.js';
import { versionsOf } from '../rows.js';
import type { PlannedChange } from '../../outcome/plan.js';
import type { ObservedWorkload } from '../../kubernetes/observe/workload.js';

/** A workload of this run, and the containers whose image it sets. */
export interface ImageChange extends ObservedWorkload {
  readonly containers: readonly ContainerChange[];
  /** It was not healthy before the run and has no verified release: a rollback has no healthy version to restore. */
  readonly nothingGood?: boolean;
}

export interface ContainerChange {
  readonly name: string;
  /** Image that the template named before this run. */
  readonly before: string;
  /** Image that this run sets. */
  readonly after: string;
  /** What the API server stores when admission rewrites the image: it still counts as set by this run. */
  readonly becomes?: string;
  /** Image of the last verified release, if the previous version was broken: a rollback restores it instead. */
  readonly back?: string;
}

/** The image in the template once this run has set it. */
export const imageSet = (container: ContainerChange): string => container.becomes ?? container.after;

/** Whether this image is the one that the run set, also under the name that admission gives it. */
export const isSet = (container: ContainerChange, image: string | undefined): boolean =>
  typeof image === 'string' && (image === imageSet(container) || sameImage(image, container.after));

/** The image that a rollback restores. */
export const imageBack = (container: ContainerChange): string => container.back ?? container.before;

export const rowsOf = (changes: readonly ImageChange[]): PlannedChange[] => changes.flatMap(({ ref, containers }) =>
  containers.map((container) => ({ subject: ref, part: container.name, before: container.before, after: imageSet(container) })));

/** The images of these workloads before or after a run. */
export const contentsOf = (changes: readonly ImageChange[], which: 'before' | 'after'): Content[] => versionsOf(rowsOf(changes), which);

/** A Deployment that is going to be paused, and the values to restore afterwards. Recorded before the pause. */
export interface PausedDeployment {
  readonly ref: string;
  readonly minReadySeconds: number;
  /** What minReadySeconds is raised to: another value was set by someone else. Missing in older records. */
  readonly raisedTo?: number;
}
