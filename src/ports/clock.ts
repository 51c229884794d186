/** Time. Tests use a clock that they control. */
export interface Clock {
  /** Wall time in ms since 1970: for records, never for measuring. */
  now(): number;
  /** Monotonic ms since an arbitrary start: for measuring and for patience. A jump of the wall clock does not touch it. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
