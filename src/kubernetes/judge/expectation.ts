/** What a change is measured against: what was written, and what was already so before it. */
export interface Expectation {
  /** Generation of the workload after the change: an older one is yesterday's news. */
  readonly generation: number;
  /** Container name → image that the template must hold; anything else was written by somebody else. */
  readonly images: ReadonlyMap<string, string>;
  /** `podUid/container` → restarts that had happened before the change. */
  readonly restartsBefore: ReadonlyMap<string, number>;
  /** Events as they had been seen before the change, by `occurrenceOf`. */
  readonly eventsBefore: ReadonlySet<string>;
  /** uids of pods that had ended before the change. */
  readonly endedBefore: ReadonlySet<string>;
  /** lastUpdateTime of the Progressing condition before the change: a stale ProgressDeadlineExceeded is not ours. */
  readonly progressBefore: string | undefined;
  /**
   * How far the rollout is to go. `first-wave`: the Deployment is held, and the pods of its first wave are to be ready.
   * `nothing`: it goes on by itself meanwhile, and only a failure of it matters.
   */
  readonly goal: Goal;
  /** Services whose endpoints must be exactly new pods of the run before it counts as rolled out. */
  readonly services: readonly ServiceExpectation[];
}

export type Goal = 'whole' | 'first-wave' | 'nothing';

export interface ServiceExpectation {
  readonly name: string;
  /** True: a smoke check asks it, so a pod of anybody else behind it would be asked as well. */
  readonly exact: boolean;
  /** True: its selector matches the pods of the workload, so that each of them that is ready must be behind it. */
  readonly selects: boolean;
}
