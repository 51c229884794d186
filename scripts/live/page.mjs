/** Figures on a page of docs/: a part between markers, which each benchmark rewrites. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from './sandbox.mjs';

/**
 * Puts a text between the markers of its name, with the date and the machine.
 *
 * @param {string} page file in docs/
 * @param {string} name
 * @param {string} content
 */
export function writePage(page, name, content) {
  const path = join(root, 'docs', page);
  const text = readFileSync(path, 'utf8');
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/${page} has no place for "${name}": it must contain ${start} and ${end}.`);
  const measured = `Measured on ${new Date().toISOString().slice(0, 10)}, node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}.`;
  writeFileSync(path, `${text.slice(0, from + start.length)}\n${content}\n\n${measured}\n${text.slice(to)}`);
}

/**
 * A table in Markdown, whose columns are even in plain text as well.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function markdownTable(head, rows) {
  const widths = head.map((name, column) => Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  /** @param {readonly string[]} row */
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
