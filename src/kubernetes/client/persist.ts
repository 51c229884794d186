import type { Clock } from '../../ports/clock.js';
import { backoff, retry } from '../../ports/retry.js';
import { ApiError, leastDelayMs } from './api-error.js';
import { isRefusal, meaningOf } from './meaning.js';

/** For that long a server that is away, restarting or overloaded is waited for in the middle of a change. */
export const persistForMs = 60_000;

/** A server that has just started refuses before it has read its roles and found its authenticators; a refusal that lasts is one. */
export const refusalLastsMs = 15_000;

interface Persistence {
  /** A minute unless given. */
  readonly forMs?: number;
  /**
   * Monotonic ms until which an API server that is away or overloaded is waited for, when that is later: for what a version
   * that may be good would have to be taken back for. A webhook that fails or a quota that is not counted is not waited for.
   */
  readonly until?: number;
  readonly signal?: AbortSignal;
}

/**
 * Tries something again while the API server does not answer or is overloaded. Only for what is safe to be done twice:
 * a read, or a change that first reads what stands there, because an unanswered write may have been done.
 * @throws the last error, when it is another kind or the time is over; the signal's reason
 */
export function persistently<T>(clock: Clock, attempt: () => Promise<T>, { forMs = persistForMs, until = 0, signal }: Persistence = {}): Promise<T> {
  let fineAt = clock.monotonic();
  const usualUntil = fineAt + forMs;
  return retry(clock, {
    delaysMs: backoff(250, 2000),
    untilMs: Math.max(usualUntil, until),
    signal, leastDelayMs,
    retryable: (error) => {
      // An error that is not of the server keeps its own words, also those of how far a cancelled attempt had come.
      if (!(error instanceof ApiError)) return false;
      const now = clock.monotonic();
      if (!isRefusal(error)) fineAt = now;
      if (isRefusal(error)) return now - fineAt < refusalLastsMs;
      return error.passing && (now < usualUntil || meaningOf(error).cause === 'api-unreachable');
    },
  }, attempt);
}
