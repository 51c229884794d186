/* Texts for a window of a fixed width. */

/** The text in at most `width` columns; `…` stands for what is left out. */
export function cutText(text: string, width: number): string {
  const signs = [...text];
  return signs.length <= width ? text : `${signs.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Lines of at most `width` columns, divided between words. A longer word has a line of its own, so an address stays whole. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
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
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => [...row[column] ?? ''].length)));
  return cells.map((row) => row.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - [...text].length)).join('  ').trimEnd());
}
