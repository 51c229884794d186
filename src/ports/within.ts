import type { Clock } from './clock.js';

export interface TimeLimit {
  readonly ms: number;
  /** The error that ends the work when its time is over. */
  readonly late: () => Error;
  /** Ends the work earlier, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Runs work with a time limit. When the time is over, the signal of the work aborts; it may then still return what it has.
 */
export async function within<T>(clock: Clock, limit: TimeLimit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  clock.sleep(limit.ms, done.signal).then(() => over.abort(limit.late()), () => undefined);
  try {
    return await work(limit.signal ? AbortSignal.any([limit.signal, over.signal]) : over.signal);
  } finally {
    done.abort();
  }
}

/**
 * Work that goes on for so long after a signal has aborted, and then ends with its reason: what was sent is given the time to be
 * answered.
 */
export async function forMsAfter<T>(clock: Clock, signal: AbortSignal, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const wait = (): void => void clock.sleep(ms, done.signal).then(() => over.abort(signal.reason), () => undefined);
  if (signal.aborted) wait();
  else signal.addEventListener('abort', wait, { once: true, signal: done.signal });
  try {
    return await work(over.signal);
  } finally {
    done.abort();
  }
}

/** The result of a promise, or the reason of the signal if it aborts first: for work that cannot be cancelled. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true, signal: over.signal });
  });
  return Promise.race([promise, aborted]).finally(() => over.abort());
}

/** Whether the work says yes; what fails in it says no. @throws what `signal` aborts with */
export async function succeeds(signal: AbortSignal, work: () => Promise<boolean>): Promise<boolean> {
  return work().catch(() => {
    signal.throwIfAborted();
    return false;
  });
}
