import type { Place } from '../ports/log.js';

/**
 * The language of the GitHub runner, as its sources read it (ActionCommand.cs): a line is a command when, without its
 * leading white space, it begins with `::name …::`; or when it contains `##[name …]` anywhere.
 */

/**
 * A line that the runner prints and never takes for a command: a space is inserted into `::` at the start and into every
 * `##[`. Expects a line without control and ignorable characters (`plainLine`), because the runner compares by culture and
 * ignores those.
 *
 * The other way, `::stop-commands::TOKEN` around such lines, has a state: a run that is killed between the two leaves
 * the runner deaf to the commands of its own post step, and every pair adds two lines to the log.
 */
export function harmless(line: string): string {
  return line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '## [');
}

/** `::add-mask::…`: the runner itself hides the value from now on, in this step and all later ones of the job. */
export const maskCommand = (line: string): string => `::add-mask::${escapeData(line)}`;

export const groupStart = (title: string): string => `::group::${escapeData(title)}`;
export const groupEnd = '::endgroup::';

/** An annotation: shown in the summary of the run, and beside the line of the file in the pull request. */
export function annotation(level: 'error' | 'warning', lines: readonly string[], place: Place): string {
  const properties = Object.entries({ title: place.title, file: place.file, line: place.line, col: place.column })
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== '')
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
    .join(',');
  return `::${level}${properties && ` ${properties}`}::${escapeData(lines.join('\n'))}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
