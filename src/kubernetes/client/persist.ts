import type { Clock } from '../../ports/clock.js';
import { backoff, retry } from '../../ports/retry.js';
import { ApiError, leastDelayMs } from './api-error.js';
import { isRefusal } from './meaning.js';

/** How long a run waits in the middle of a change for a server that is away, restarting or overloaded. */
export const persistForMs = 60_000;

/** A server that has just started denies requests until it has read its roles and set up its authenticators. A denial that lasts longer is final. */
export const refusalLastsMs = 15_000;

interface Persistence {
  /** A minute unless given. */
  readonly forMs?: number;
  /**
   * Monotonic ms until which to wait for an API server that is away or overloaded, if that is later: for operations whose
   * failure would roll back a version that may be good. Not for a failing webhook or a quota without a computed usage.
   */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

/**
 * Retries while the API server does not answer or is overloaded. Only for operations that can safely run twice: a read, or
 * a change that first reads the current value, because an unanswered write may have been done.
 * @throws the last error, when it is of another kind or the time is over; the signal's reason
 */
export function persistently<T>(clock: Clock, attempt: () => Promise<T>, { forMs = persistForMs, until = 0, signal }: Persistence = {}): Promise<T> {
  let fineAt = clock.monotonic();
  const usualUntil = fineAt + forMs;
  return retry(clock, {
    delaysMs: backoff(250, 2000),
    untilMs: Math.max(usualUntil, until),
    signal, leastDelayMs,
    retryable: (error) => {
      // Other errors are passed on as they are, for example that of a cancelled attempt.
      if (!(error instanceof ApiError)) return false;
      const now = clock.monotonic();
      if (!isRefusal(error)) fineAt = now;
      if (isRefusal(error)) return now - fineAt < refusalLastsMs;
      return error.passing && (now < usualUntil || error.away);
    },
  }, attempt);
}
