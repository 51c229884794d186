/** Where a bash script stopped, as its ERR trap recorded it. */
export interface FailedLine {
  /** Counted from 1. */
  readonly line: number;
  readonly status: number;
}

/**
 * Runs the script `$0` and writes to the file `$1` where it failed, separated by NUL: the status, the line, the lines of the
 * callers, and the files of these lines. A file instead of a stream, because a test may close or redirect any stream. `-E`
 * carries the trap into functions. Subshells write to files that are not read, because their failure need not be one of the
 * script.
 */
export const wrapper = [
  'printf -v REPLY \'printf "%%s\\\\0" "$?" "$LINENO" "${BASH_LINENO[*]}" "${BASH_SOURCE[@]}" 2>/dev/null >%q.$BASH_SUBSHELL\' "$1"',
  'trap -- "$REPLY" ERR',
  'unset REPLY',
  'shift',
  'set -E',
  'source "$0"',
].join('\n');

/** The suffix that the wrapper gives to the record of the script itself, outside of any subshell. */
export const topLevel = '.0';

/** The line of `script` that a record names; undefined when it names none. */
export function readFailedLine(record: string | undefined, script: string): FailedLine | undefined {
  const [status, line, callers = '', ...sources] = (record ?? '').split('\0').slice(0, -1);
  if (status === undefined || line === undefined) return undefined;
  // Inside a file that the script sources, the line that sourced it is the one the user wrote here.
  const lines = [line, ...callers.split(' ')];
  const own = sources.indexOf(script);
  const number = Number(lines[own]);
  return own >= 0 && Number.isInteger(number) ? { line: number, status: Number(status) } : undefined;
}
