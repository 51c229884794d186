/** What a change is judged by: what was written, and what had happened before it. */
export interface Expectation {
  /** Generation of the workload after the change: an older one is outdated. */
  readonly generation: number;
  /** Container name → image that the template must contain; anything else was written by someone else. */
  readonly images: ReadonlyMap<string, string>;
  /** `podUid/container` → restarts that had happened before the change. */
  readonly restartsBefore: ReadonlyMap<string, number>;
  /** Events that had been seen before the change, by `occurrenceOf`. */
  readonly eventsBefore: ReadonlySet<string>;
  /** uids of pods that had ended before the change. */
  readonly endedBefore: ReadonlySet<string>;
  /** lastUpdateTime of the Progressing condition before the change, to ignore an old ProgressDeadlineExceeded. */
  readonly progressBefore: string | undefined;
  /**
   * How far the rollout has to go. `first-wave`: the Deployment is paused, and its first pods have to become ready.
   * `nothing`: the rollout continues meanwhile, and only its failure matters.
   */
  readonly goal: Goal;
  /** Services whose endpoints must be exactly new pods of the run before it counts as rolled out. */
  readonly services: readonly ServiceExpectation[];
}

export type Goal = 'whole' | 'first-wave' | 'nothing';

export interface ServiceExpectation {
  readonly name: string;
  /** True: a smoke check requests it, so it must not select other pods. */
  readonly exact: boolean;
  /** True: its selector matches the pods of the workload, so each ready one must be an endpoint. */
  readonly selects: boolean;
}
