import type { Clock } from './clock.js';

/** When something is tried again, and for how long. */
export interface RetryPolicy {
  /** Delays before the second attempt, the third and so on, ms. When they are used up, the next error is final. */
  readonly delaysMs: Iterable<number>;
  /** Whether another attempt may succeed. Called once for each failed attempt, in order. */
  readonly retryable: (error: unknown) => boolean;
  /** How long the other side wants not to be asked after this error, ms; the wait is at least so long. */
  readonly leastDelayMs?: (error: unknown) => number;
  /** `clock.monotonic()` at which the last attempt is made. */
  readonly untilMs?: number;
  /** Ends the waiting, with its reason. The attempt itself is not stopped by it. */
  readonly signal?: AbortSignal;
  /** Called before each wait. Left out only where the waits are too short to be noticed, or the error is reported elsewhere. */
  readonly onWait?: (error: unknown, delayMs: number) => void;
}

/**
 * The result of the first attempt that succeeds.
 * @param attempt gets the number of the attempt, from 1 on
 * @throws the error of the last attempt, as it was thrown; the reason of `signal` when it aborts before another attempt
 */
export async function retry<T>(clock: Clock, policy: RetryPolicy, attempt: (count: number) => Promise<T>): Promise<T> {
  const { retryable, leastDelayMs = () => 0, untilMs = Infinity, signal, onWait } = policy;
  const delays = policy.delaysMs[Symbol.iterator]();
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(count);
    } catch (error) {
      if (!retryable(error)) throw error;
      signal?.throwIfAborted();
      const delay = delays.next();
      const leftMs = untilMs - clock.monotonic();
      if (delay.done || leftMs <= 0) throw error;
      const delayMs = Math.min(leftMs, Math.max(delay.value, leastDelayMs(error)));
      onWait?.(error, delayMs);
      await clock.sleep(delayMs, signal);
    }
  }
}

/** Delays without end: the first, and each twice the one before, up to the longest. Both in ms. */
export const backoff = (firstMs: number, longestMs: number): Iterable<number> => ({
  * [Symbol.iterator]() {
    for (let delayMs = firstMs; ; delayMs = Math.min(longestMs, delayMs * 2)) yield delayMs;
  },
});

/** The same delay without end, ms. */
export const steadily = (delayMs: number): Iterable<number> => backoff(delayMs, delayMs);
