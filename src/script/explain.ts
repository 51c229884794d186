import type { Ran } from './run-script.js';
import { placeWords } from '../outcome/place-words.js';

const signals: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV',
  13: 'SIGPIPE', 15: 'SIGTERM',
};

export interface ScriptFailure {
  readonly message: string;
  readonly hint?: string;
}

/**
 * What to report of a script that exited with another code than 0, or not in time.
 * @param what failed, as the subject of a sentence: `The test gate`
 * @param setting whose lines are counted: `test`
 */
export function explainFailure({ script: { lines, withinMs = 0 }, code, isLate, failed, output }: Ran, what: string, setting: string): ScriptFailure {
  if (isLate) return { message: `${what} did not finish within ${withinMs / 1000} s and was stopped.` };
  // A script that failed in one place under `set +e` and exited in another has another status.
  const line = failed?.status === code ? failed.line : undefined;
  const text = line === undefined ? undefined : lines.join('\n').split('\n')[line - 1]?.trim();
  const where = text ? `\`${shorten(text)}\` (line ${line} of \`${setting}\`)` : `the commands of \`${setting}\``;
  const signal = signals[code - 128];
  if (signal) {
    return {
      message: `${what} failed: ${where} exited with code ${code}: killed by ${signal}.`,
      hint: signal === 'SIGKILL' ? 'Usually the kernel sends it because memory has run out: use less memory, or a larger machine.' : undefined,
    };
  }
  const syntaxError = output.map((said) => /: (line \d+: syntax error.*)/.exec(said)?.[1]).find((found) => found !== undefined);
  if (code === 2 && line === undefined && syntaxError !== undefined) {
    return { message: `The commands of \`${setting}\` are not valid bash: ${syntaxError}.`, hint: 'Fix the syntax error, then run again.' };
  }
  return { message: `${what} failed: ${where} exited with code ${code}.`, hint: hintOf(code) };
}

const hints: Readonly<Record<number, () => string>> = {
  126: () => 'Exit code 126: the command exists but cannot be executed. Set its executable bit (`chmod +x`), '
    + 'or run it with its interpreter.',
  127: () => `Exit code 127: a command was not found. ${placeWords().install('it')} Or correct its name.`,
};

const hintOf = (code: number): string | undefined => hints[code]?.();

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`;
}
