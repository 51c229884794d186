import type { Clock } from '../../ports/clock.js';
import { backoff, retry } from '../../ports/retry.js';
import { ApiError } from './api.js';
import { isRefusal } from './meaning.js';

/** For that long a server that is away, restarting or overloaded is waited for in the middle of a change. */
export const persistForMs = 60_000;

/** A server that has just started refuses before it has read its roles and found its authenticators; a refusal that lasts is one. */
export const refusalLastsMs = 15_000;

/**
 * Tries something again while the API server does not answer or is overloaded. Only for what is safe to be done twice:
 * a read, or a change that first reads what stands there, because an unanswered write may have been done.
 * @throws the last error, when it is another kind or the time is over; the signal's reason
 */
export function persistently<T>(
  clock: Clock, attempt: () => Promise<T>, options: { readonly forMs?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  let fineAt = clock.monotonic();
  return retry(clock, {
    delaysMs: backoff(250, 2000),
    untilMs: clock.monotonic() + (options.forMs ?? persistForMs),
    signal: options.signal,
    retryable: (error) => {
      // An error that is not of the server keeps its own words, also those of how far a cancelled attempt had come.
      if (!(error instanceof ApiError)) return false;
      const now = clock.monotonic();
      if (!isRefusal(error)) fineAt = now;
      return isRefusal(error) ? now - fineAt < refusalLastsMs : error.passing;
    },
  }, attempt);
}
