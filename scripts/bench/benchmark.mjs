/** What a benchmark is: a file that exports a name and `run`. This one lists them, and puts their tables on the page. */
import * as failures from './failures.mjs';
import * as good from './good.mjs';
import * as proveFirst from './prove-first.mjs';
import * as startup from './startup.mjs';

/**
 * @typedef {object} Context
 * @property {import('../live/sandbox.mjs').SandboxEnvironment} env
 * @property {number} runs how often each measurement is repeated; figures are medians
 */

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {string} about
 * @property {readonly string[]} head
 * @property {readonly (readonly string[])[]} rows
 * @property {readonly string[]} notes
 */

/** @typedef {{ name: string, needsSandbox: boolean, run: (context: Context) => Promise<Table> }} Benchmark */

/** @type {readonly Benchmark[]} */
export const benchmarks = [startup, good, failures, proveFirst];

/** @param {Table} table */
export function markdown({ title, about, head, rows, notes }) {
  const widths = head.map((name, column) => Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  /** @param {readonly string[]} row */
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const ruler = widths.map((width) => '-'.repeat(width));
  return [`## ${title}`, '', about, '', line(head), line(ruler), ...rows.map(line), '', ...notes].join('\n');
}
