/** What the demo prints around the runs: the runs themselves are shown by the command line of the action. */
import process from 'node:process';

export const colour = process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
/** @param {number} code */
const paint = (code) => (/** @type {string} */ text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const grey = paint(90);
export const red = paint(31);

/** @param {number | undefined} ms */
export const seconds = (ms) => (ms === undefined ? '–' : `${(ms / 1000).toFixed(1)} s`);

/** @param {string} text */
export const say = (text = '') => { process.stdout.write(`${text}\n`); };

/**
 * A table with a line under its head; columns named in `right` are aligned to the right.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {ReadonlySet<string>} right
 */
export function table(head, rows, right = new Set()) {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  /** @param {readonly string[]} row */
  const line = (row) => row.map((cell, column) => (right.has(head[column] ?? '') ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd();
  return [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
