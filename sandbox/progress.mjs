// A progress line for every step that takes longer than two seconds:
// kept up to date in place on a terminal, repeated every 15 seconds in a log.
import { left, place } from './agenda.mjs';

const terminal = Boolean(process.stderr.isTTY);
const noticeable = 2000;
const repeat = terminal ? 1000 : 15_000;

/** @typedef {{ label: string, began: number, note: string }} Step */
/** @type {Map<symbol, Step>} */
const running = new Map();

/** @param {number} milliseconds */
export function elapsed(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`${terminal ? '\r\x1b[K' : ''}${text}\n`);
}

/** @param {Step} step @param {string} end */
const lineOf = ({ label, note, began }, end) => `${place()}${label}${note && `: ${note}`} … ${elapsed(Date.now() - began)}${end}`;

function show() {
  const slow = [...running.values()].filter((step) => Date.now() - step.began >= noticeable);
  const [longest, ...others] = slow;
  if (!longest) return;
  if (!terminal) return slow.forEach((step) => say(lineOf(step, left())));
  // Several steps may run at once; the one that has run longest is the one that is waited for.
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const text = lineOf(longest, `${left()}${more}`).slice(0, (process.stderr.columns || 80) - 1);
  process.stderr.write(`\r\x1b[K${text}`);
}

/**
 * @template T
 * @param {string} verb one word: build, install, start …
 * @param {string} detail
 * @param {(report: (note: string) => void) => Promise<T>} work may report how far it is, or what it waits for
 * @returns {Promise<T>}
 */
export async function step(verb, detail, work) {
  const key = Symbol(detail);
  /** @type {Step} */
  const entry = { label: `${verb.padEnd(8)}${detail}`, began: Date.now(), note: '' };
  running.set(key, entry);
  const first = setTimeout(show, noticeable);
  const ticker = setInterval(show, repeat);
  try {
    const result = await work((note) => (entry.note = note));
    entry.note = '';
    if (Date.now() - entry.began >= noticeable) say(lineOf(entry, ', done'));
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(ticker);
    running.delete(key);
    if (terminal && running.size === 0) process.stderr.write('\r\x1b[K');
  }
}
