/** docs/benchmarks.md: a part for each benchmark, written when it was run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from '../live/sandbox.mjs';

const page = join(root, 'docs', 'benchmarks.md');

/**
 * Puts the table between the markers of its benchmark, with the date and the machine.
 *
 * @param {string} name
 * @param {string} table
 */
export function writePage(name, table) {
  const text = readFileSync(page, 'utf8');
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for "${name}": it needs ${start} and ${end}.`);
  const measured = `Measured on ${new Date().toISOString().slice(0, 10)}, node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}.`;
  writeFileSync(page, `${text.slice(0, from + start.length)}\n${table}\n\n${measured}\n${text.slice(to)}`);
}
