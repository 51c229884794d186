import { blocksOf } from '../../../scripts/docs/markdown.mjs';
import { read } from '../../docs/pages.js';

/** The workflow below a heading of docs/workflows.md, with the names that a reader puts in place of those of the page. @param which of several */
export function recipe(heading: string, names: Readonly<Record<string, string>> = {}, which = 0): string {
  const section = read('docs/workflows.md').split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const text = blocksOf(section)[which]?.text ?? '';
  return Object.entries(names).reduce((workflow, [from, to]) => {
    if (!workflow.includes(from)) throw new Error(`The recipe "${heading}" does not have ${from}.`);
    return workflow.replaceAll(from, to);
  }, text);
}
