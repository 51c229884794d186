import type { Content } from '../../record/ledger.js';
import { sameImage } from '../../image/reference.js';
import type { ObservedWorkload } from '../../kubernetes/observe/workload.js';

/** A workload of this run, and the containers whose image it sets. */
export interface ImageChange extends ObservedWorkload {
  readonly containers: readonly ContainerChange[];
  /** It was not healthy before the run, and none of its releases is known to be good: a rollback has nothing good to go to. */
  readonly nothingGood?: boolean;
}

export interface ContainerChange {
  readonly name: string;
  /** Image that the template named before this run. */
  readonly before: string;
  /** Image that this run sets. */
  readonly after: string;
  /** What the API server stores of it, where admission rewrites the image: it is this run's all the same. */
  readonly becomes?: string;
  /** Image of the last proven release, where what was there before was broken: a rollback goes there instead. */
  readonly back?: string;
}

/** The image that the template holds once this run has set it. */
export const imageSet = (container: ContainerChange): string => container.becomes ?? container.after;

/** Whether this image is the one that the run set, whatever the API server calls it. */
export const isSet = (container: ContainerChange, image: string | undefined): boolean =>
  typeof image === 'string' && (image === imageSet(container) || sameImage(image, container.after));

/** The image that a rollback puts back. */
export const imageBack = (container: ContainerChange): string => container.back ?? container.before;

/** The images of these workloads before or after a run, for the record. */
export const contentsOf = (changes: readonly ImageChange[], which: 'before' | 'after'): Content[] => changes.flatMap(({ ref, containers }) =>
  containers.map((container) => ({ subject: ref, part: container.name, version: which === 'after' ? imageSet(container) : container.before })));

/** A Deployment that is going to be held, and what has to be put back afterwards: in the ledger before it is done. */
export interface PausedDeployment {
  readonly ref: string;
  readonly minReadySeconds: number;
  /** What minReadySeconds is raised to: only as long as it is that, it is this run's. Older ledgers do not have it. */
  readonly raisedTo?: number;
}
