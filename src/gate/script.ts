import type { Cause } from '../outcome/causes.js';

/** Where a bash script stopped, as its ERR trap recorded it. */
export interface FailedLine {
  /** Counted from 1. */
  readonly line: number;
  readonly status: number;
}

/**
 * Runs the script `$0` so that the file `$1` says afterwards where it failed: NUL-separated the status, the line, the
 * lines of the calls around it, and the files that these lines are in. A file and not a stream, because a test may
 * close or redirect any stream. `-E` carries the trap into functions; subshells write to files of their own, which
 * nobody reads, since a failure in them need not be a failure of the script.
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

const signals: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV',
  13: 'SIGPIPE', 15: 'SIGTERM',
};

export interface GateFailure {
  readonly code: Extract<Cause, 'test-failed'>;
  readonly message: string;
  readonly hint?: string;
}

/** What to say of a gate that ended with `code`, not 0; `output` are its last lines. */
export function explainGateFailure(
  code: number, commands: readonly string[], failed: FailedLine | undefined, output: readonly string[],
): GateFailure {
  // A script that failed at one place under `set +e` and ended by itself at another ends with another status.
  const line = failed?.status === code ? failed.line : undefined;
  const text = line === undefined ? undefined : commands.join('\n').split('\n')[line - 1]?.trim();
  const where = text ? `\`${shorten(text)}\` (line ${line} of \`test\`)` : 'the commands of `test`';
  const signal = signals[code - 128];
  if (signal) {
    return {
      code: 'test-failed',
      message: `The test gate failed: ${where} ended with exit code ${code}: killed by ${signal}.`,
      hint: signal === 'SIGKILL' ? 'It comes mostly from the kernel when memory is short: use less of it, or a larger runner.' : undefined,
    };
  }
  if (code === 2 && line === undefined && output.some((said) => /: line \d+: syntax error/.test(said))) {
    const message = 'The commands of `test` are not valid bash.';
    return { code: 'test-failed', message, hint: 'The syntax error, with its line, is below.' };
  }
  return { code: 'test-failed', message: `The test gate failed: ${where} ended with exit code ${code}.`, hint: hints[code] };
}

const hints: Readonly<Record<number, string>> = {
  126: 'Exit code 126: the command was found and may not be executed. Give it the executable bit (`chmod +x`), '
    + 'or run it by its interpreter.',
  127: 'Exit code 127: a command was not found. Install it in an earlier step of the job, or mend its name.',
};

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
