import type { Clock } from '../ports/clock.js';

/** Longest delay that a Node timer keeps; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic,
  sleep,
};

/** ms. Not `performance.now()`, which is the same clock and loads `node:perf_hooks`. */
function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  for (let left = Math.max(0, ms); ; left -= longestTimerMs) {
    await pause(Math.min(left, longestTimerMs), signal);
    if (left <= longestTimerMs) return;
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Acts after `ms` if something still keeps this process alive. The timer itself does not. */
export function ifStillOpen(ms: number, act: () => void): void {
  setTimeout(act, ms).unref();
}

/** Acts every `ms` until it is stopped. It does not keep the process alive. */
export function every(ms: number, act: () => void): { stop(): void } {
  const timer = setInterval(act, ms).unref();
  return { stop: () => { clearInterval(timer); } };
}
