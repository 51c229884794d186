import { plainLine, plainText } from '../outcome/plain.js';

/*
 * Text from outside in GitHub's markdown. Every function takes plain text and returns markdown or HTML that shows
 * exactly that text: no link, no picture, no table cell, no tag, no formula, no mention and no reference to an issue can come
 * out of it.
 */

/** Text inside a paragraph, a heading or a table cell; its lines are kept apart by `<br>`. */
export const inline = (text: string): string =>
  plainText(text).split('\n').map((line) => escapeLine(line)).join('<br>');

/** The same, where `…` marks code: for sentences of this action. Text from outside in them is shown as text all the same. */
export const prose = (text: string): string =>
  plainText(text).split('\n').map((line) => line.split(/(`[^`]+`)/).map((part, index) => (index % 2 === 1 ? code(part.slice(1, -1)) : escapePart(part, index === 0))).join('')).join('<br>');

/** A part of a line; only the first one stands at its beginning. */
const escapePart = (part: string, isFirst: boolean): string => (isFirst ? escapeLine(part) : escapeLine(`x${part}`).slice(1));

function escapeLine(line: string): string {
  return line
    .replace(/[\\`*_{}[\]#|~$!]/g, '\\$&')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    // GitHub makes links of bare addresses and of names after @.
    .replace(/:(?=\/\/)/g, '&#58;').replace(/www(?=\.)/gi, 'www&#8203;')
    // It looks for these in what was rendered, where a character is the same however it was written: only a space without width stops it.
    .replace(/(^|\W)@(?=\w)/g, '$1&#64;&#8203;').replaceAll('@', '&#64;').replace(/\\#(?=\d)/g, '\\#&#8203;').replace(/\b(GH-)(?=\d)/gi, '$1&#8203;')
    // At its beginning a line could be a list, a heading underline or a rule.
    .replace(/^(\s*)([-+=]|\d+(?=[.)]))/, (_, space: string, mark: string) => `${space}${/\d/.test(mark) ? `&#${mark.charCodeAt(0)};${mark.slice(1)}` : `\\${mark}`}`);
}

/** A code span, on one line. */
export function code(text: string): string {
  const line = plainText(text).replaceAll('\n', ' ');
  const runs = [...line.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(0, ...runs) + 1);
  const pad = /^`|`$|^ .* $/.test(line) || line.trim() === '' ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A link with a code span as its text. @param address one that the settings or the runner named, of http or https */
export const link = (text: string, address: string): string =>
  `[${code(text)}](${plainLine(address).replace(/[()<>\\\s]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)})`;

/** A block of code whose fence is longer than any inside it. `language` is our own word. */
export function codeBlock(text: string, language = 'text'): string {
  const body = plainText(text).replace(/(?<!\n)\n+$/, '');
  const runs = [...body.matchAll(/`{3,}/g)].map(([run]) => run.length + 1);
  const fence = '`'.repeat(Math.max(3, ...runs));
  return `${fence}${language}\n${body}\n${fence}`;
}

/**
 * Text between HTML tags, where GitHub looks for mentions and references as well. Signs of markdown are written as numbers, as
 * some of its filters read on inside HTML.
 */
export const html = (text: string): string =>
  plainLine(text.replace(/[\r\n]+/g, ' ')).replace(/[&<>"'`$@!*_~[\]#]/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/(&#64;|&#35;|\bGH-)(?=\w)/gi, '$1&#8203;').replace(/:(?=\/\/)/g, ':&#8203;');

/** A block that opens at a click. `body` is markdown. */
export const details = (title: string, body: string, open = false): string =>
  `<details${open ? ' open' : ''}>\n<summary>${html(title)}</summary>\n\n${body}\n\n</details>`;

/**
 * A table. Its cells are code spans or our own words: a bar ends a cell even inside a code span, so each gets a backslash. One
 * before it in the text would take that one as its own, and is doubled. (GitHub then shows one more than there is.)
 */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const escaped = (cell: string) => cell.replace(/(?<!\\)(\\*)\|/g, '$1$1\\|');
  return [line(heads), line(heads.map(() => '---')), ...rows.map((cells) => line(cells.map(escaped)))].join('\n');
}
