import { afterEach, beforeEach } from '@jest/globals';
import type { Clock } from '../../src/ports/clock.js';

const dayMs = 86_400_000;

/** Ends the clocks that were created in a test: what the test left behind would keep its process busy, and from exiting. */
const running = new Set<() => void>();
beforeEach(() => running.clear());
afterEach(() => {
  for (const end of running) end();
});

/**
 * A clock that goes on to whoever sleeps the shortest whenever nothing else happens. After a day it stands still: what a
 * test that failed has left behind, such as a lock that is renewed, would keep the process going.
 */
export function idleClock(startMs = 1000): Clock {
  let time = startMs;
  let driven = false;
  let ended = false;
  running.add(() => { ended = true; });
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const drive = async (): Promise<void> => {
    driven = true;
    while (!ended && sleepers.size > 0 && time < startMs + dayMs) {
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const [next] = [...sleepers].sort((a, b) => a.at - b.at);
      time = Math.max(time, next?.at ?? 0);
      next?.wake();
    }
    driven = false;
  };
  return {
    now: () => Date.UTC(2026, 0, 1) + time,
    monotonic: () => time,
    sleep: (ms, signal) => new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const over = (): void => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', aborted);
      };
      const sleeper = { at: time + Math.max(0, ms), wake: () => (over(), resolve()) };
      const aborted = (): void => (over(), reject(signal?.reason));
      signal?.addEventListener('abort', aborted);
      sleepers.add(sleeper);
      if (!driven) void drive();
    }),
  };
}

/**
 * The clock of a process that may be killed: then nothing that it waits for ever comes, and it is not waited for either.
 * @param dead aborted when it is killed
 */
export const mortalClock = (clock: Clock, dead: AbortSignal): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  sleep: (ms, signal) => unlessDead(dead, () => clock.sleep(ms, signal ? AbortSignal.any([signal, dead]) : dead)),
});

/** What a promise settles to, unless the process that waits for it has been killed by then. */
export const unlessDead = <T>(dead: AbortSignal, begin: () => Promise<T>): Promise<T> => new Promise((resolve, reject) => {
  if (dead.aborted) return;
  begin().then((value) => dead.aborted || resolve(value), (error: unknown) => dead.aborted || reject(error as Error));
});
