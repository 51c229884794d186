import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../live/sandbox.mjs';

/** Of what is played, as far as it is committed. @returns {string} */
export function commitNow() {
  /** @param {string[]} given */
  const git = (...given) => execFileSync('git', given, { cwd: root, encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'dist') === '' ? '' : ' with a newer dist/'}`;
}

/** @param {string} name of the markers of the page @param {string} figures between them */
export function writeFigures(name, figures) {
  const page = join(root, 'docs/reliability.md');
  const text = readFileSync(page, 'utf8');
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  writeFileSync(page, `${text.slice(0, text.indexOf(start) + start.length)}\n${figures}\n${text.slice(text.indexOf(end))}`);
}
