/** A reader gives up on a longer list of problems. */
const linesAtMost = 12;

/** What a Go program writes to its log, e.g. `E1129 04:28:02.098364   29995 memcache.go:265] "Unhandled Error" err="…"`. */
const logLine = /^[IWEF]\d{4} [\d:.]+ +\d+ [\w./-]+:\d+\] /;

/**
 * What a program printed about its failure, as one sentence. All lines count: the first names the problem, the others add
 * advice or further problems. Lines of its log count only when it printed nothing else. Empty when it printed nothing.
 */
export function wordsOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^(?:warning|usage):/i.test(line) && !/ --help' /.test(line));
  const said = lines.filter((line) => !logLine.test(line)).map((line) => line.replace(/^error: /i, ''));
  const logged = lines.filter((line) => logLine.test(line)).map((line) => /\berr="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replace(/\\(["\\])/g, '$1') ?? line.replace(logLine, ''));
  const distinct = [...new Set(said.length > 0 ? said : logged)];
  return sentenceOf(distinct.slice(0, linesAtMost)) + (distinct.length > linesAtMost ? `; and ${distinct.length - linesAtMost} more lines` : '');
}

/** `Error in configuration:` and its `* ` points become one line, parted by semicolons. */
const sentenceOf = (lines: readonly string[]): string =>
  lines.map((line) => line.replace(/^[*-] /, '')).reduce((text, line) => (text === '' ? line : /[:,]$/.test(text) ? `${text} ${line}` : `${text}; ${line}`), '');
