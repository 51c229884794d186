import { isPrintableAscii } from './plain.js';
import { unicode } from './unicode.js';

/* Texts for a window of a fixed width. */

/** Signs of East Asia and pictures take two columns. Some terminals draw a few of these in one: then a line is shorter than it could be. */
const wide = unicode('[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97c\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]|\\p{Emoji_Presentation}', 'u');
const combining = unicode('\\p{Mn}|\\p{Me}', 'u');

const columnsOfSign = (sign: string): number => (isPrintableAscii(sign) ? 1 : combining().test(sign) ? 0 : wide().test(sign) ? 2 : 1);

/** How many columns of a terminal a line without tabs takes. */
export const columnsOf = (text: string): number =>
  (isPrintableAscii(text) ? text.length : [...text].reduce((columns, sign) => columns + columnsOfSign(sign), 0));

/** The text in at most `width` columns; `…` stands for what is left out. A tab, whose width depends on where it stands, becomes a space. */
export function cutText(text: string, width: number): string {
  const line = text.replaceAll('\t', ' ');
  if (columnsOf(line) <= width) return line;
  let [cut, columns] = ['', 0];
  for (const sign of line) {
    columns += columnsOfSign(sign);
    if (columns > width - 1) break;
    cut += sign;
  }
  return `${cut}…`;
}

/** Lines of at most `width` columns, divided between words. A longer word has a line of its own, so an address stays whole. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/**
 * Rows in columns, under a head; a column without any text is left out.
 * @param widest of each column: a longer text is cut
 */
export function alignColumns(head: readonly string[], rows: readonly (readonly string[])[], widest: readonly number[]): readonly string[] {
  const used = head.map((_, column) => rows.some((row) => (row[column] ?? '') !== ''));
  const cells = [head, ...rows].map((row) => row.map((text, column) => cutText(text, widest[column] ?? text.length)).filter((_, column) => used[column]));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => columnsOf(row[column] ?? ''))));
  return cells.map((row) => row.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - columnsOf(text))).join('  ').trimEnd());
}
