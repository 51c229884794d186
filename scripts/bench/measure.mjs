/** Numbers: how a process is measured, and how many measurements become one figure. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {{ cpuMs: number, peakMiB: number }} Usage of one process, without its children */

/**
 * @template T
 * @param {(how: { node: readonly string[], env: Readonly<Record<string, string>> }) => Promise<T>} start with these options of node and variables
 * @returns {Promise<{ result: T, usage: Usage }>}
 */
export async function withUsage(start) {
  const folder = mkdtempSync(join(tmpdir(), 'usage-'));
  const file = join(folder, 'usage.json');
  try {
    const result = await start({ node: ['--require', fileURLToPath(new URL('usage.cjs', import.meta.url))], env: { BENCH_USAGE_FILE: file } });
    return { result, usage: JSON.parse(readFileSync(file, 'utf8')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {readonly (number | undefined)[]} values those that could not be measured are left out
 * @returns {number} NaN when nothing could be measured
 */
export function median(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * @param {number} value
 * @param {number} digits
 * @param {string} unit
 */
const figure = (value, digits, unit) => (Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : '–');

/** @param {number} ms */
export const milliseconds = (ms) => figure(ms, 0, ' ms');
/** @param {number} ms */
export const seconds = (ms) => figure(ms / 1000, 2, ' s');
/** @param {number} bytes */
export const megabytes = (bytes) => figure(bytes / 1e6, 2, ' MB');
/** @param {number} mib */
export const mebibytes = (mib) => figure(mib, 0, ' MiB');
/** @param {number} value */
export const ratio = (value) => figure(value, 2, ' ×');

/**
 * `1.23–4.56 s`
 *
 * @param {readonly (number | undefined)[]} ms
 */
export function range(ms) {
  const known = ms.filter((value) => value !== undefined);
  return known.length === 0 ? '–' : `${(Math.min(...known) / 1000).toFixed(2)}–${seconds(Math.max(...known))}`;
}
