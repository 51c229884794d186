/**
 * How well an app is delivered: the four figures of DORA (https://dora.dev/guides/dora-metrics/), each with the number of runs that
 * it is made from. A figure for which there are too few is absent.
 */
export interface Figures {
  /** ISO 8601, both: the time that the figures are of. */
  readonly since: string;
  readonly until: string;
  /** Runs that changed something, without rollbacks to an earlier release and without runs that were cancelled. */
  readonly changes: number;
  /** Those of them whose version was verified. */
  readonly deployments: number;
  /** Deployments in a week. */
  readonly perWeek?: number;
  /** From the commit until its version was verified, ms. */
  readonly leadTime?: Middle;
  /** Changes that were rolled back, at once or later, or could not be verified. */
  readonly failures: number;
  /** Failures of all changes, 0 to 1. */
  readonly failureRate?: number;
  /** From the first change of a failure until the next verified state, ms. */
  readonly restore?: Middle;
  /** Failures after which nothing was verified yet. */
  readonly unrestored: number;
  /** Deployments and failures in each seven days, oldest first; the last seven days end now. */
  readonly weeks: readonly { readonly deployments: number; readonly failures: number }[];
}

/** The median of some durations. */
export interface Middle {
  readonly medianMs: number;
  /** How many there were. */
  readonly of: number;
}
