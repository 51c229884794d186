import type { Clock } from '../../../src/ports/clock.js';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export interface HandClock extends Clock {
  /** ms of every sleep that was asked for. */
  readonly slept: readonly number[];
  /** Moves the time on, and wakes whoever slept until then. */
  advance(ms: number): void;
}

export function handClock(startMs = 1000): HandClock {
  let time = startMs;
  const sleepers = new Set<Sleeper>();
  const slept: number[] = [];
  return {
    slept,
    now: () => Date.UTC(2026, 0, 1) + time,
    monotonic: () => time,
    sleep: (ms, signal) => new Promise((resolve, reject) => {
      slept.push(ms);
      if (signal?.aborted) return reject(signal.reason);
      const stop = (): void => {
        sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const sleeper = { at: time + ms, wake };
      signal?.addEventListener('abort', stop, { once: true });
      sleepers.add(sleeper);
    }),
    advance: (ms) => {
      time += ms;
      for (const sleeper of [...sleepers].filter(({ at }) => at <= time)) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}

/** A clock on which every sleep is over in the next turn of the event loop, and time has gone on by so much. */
export function swiftClock(startMs = 1000): Clock & { readonly slept: readonly number[] } {
  let time = startMs;
  const slept: number[] = [];
  return {
    slept,
    now: () => Date.UTC(2026, 0, 1) + time,
    monotonic: () => time,
    sleep: async (ms, signal) => {
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) throw signal.reason;
      time += Math.max(0, ms);
    },
  };
}
