// Ctrl-C (SIGINT), SIGTERM and a closed terminal (SIGHUP) while something must not stay half done: packages half installed, a program half built.
import { say } from './progress.mjs';

/** @type {Partial<Record<NodeJS.Signals, number>>} */
const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** @typedef {{ stop: AbortController, end: Promise<unknown>, why: string }} Duty */
/** @type {Set<Duty>} */
const duties = new Set();
let leaving = false;

/** Whether a signal has arrived: what fails from then on failed because of it. */
export const isLeaving = () => leaving;

/** @param {NodeJS.Signals} name */
async function leave(name) {
  if (leaving) return;
  leaving = true;
  // A terminal that was closed cannot be written to.
  process.stderr.on('error', () => {});
  for (const { why } of duties) if (why) say(why);
  for (const { stop } of duties) stop.abort();
  await Promise.allSettled([...duties].map(({ end }) => end));
  process.exit(codes[name]);
}

/** From here on, a signal ends this program only after all orderly work has ended. */
function listen() {
  for (const name of /** @type {NodeJS.Signals[]} */ (Object.keys(codes))) {
    if (!process.listeners(name).includes(leave)) process.on(name, leave);
  }
}

/**
 * Runs work that has an end even if the program is told to stop: the signal of an AbortController reports that, and the
 * program exits when the work has settled.
 * @template T
 * @param {string} why printed when the program is told to stop; may be empty
 * @param {(stopped: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function orderly(why, work) {
  listen();
  const stop = new AbortController();
  const end = work(stop.signal);
  const duty = { stop, end, why };
  duties.add(duty);
  try {
    return await end;
  } finally {
    duties.delete(duty);
  }
}
