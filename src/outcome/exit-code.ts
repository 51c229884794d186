import type { Outcome } from './outcome.js';
import { isSuccess } from './verdict.js';

/** What the command exits with in a terminal, and what that means. */
export const exitCodes = {
  0: 'it succeeded: the verdict says what was done',
  1: 'it failed before anything was changed, or the previous version is restored',
  2: 'the command line or the settings are not valid; nothing was run',
  3: 'the previous version could not be restored or verified: manual action is required',
  129: 'it was stopped because the terminal was closed (SIGHUP), after the rollback has finished',
  130: 'it was stopped with Ctrl-C, after the rollback has finished',
  143: 'it was stopped by SIGTERM, after the rollback has finished',
} as const;

/** 128 and the number of the signal, as shells count. */
const ofSignal: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

export const exitCodeOfSignal = (signal: string): number => ofSignal[signal] ?? 1;

/** @param signal that has asked the run to stop */
export function exitCodeOf({ verdict, failure }: Pick<Outcome, 'verdict' | 'failure'>, signal: string | undefined): number {
  if (isSuccess(verdict)) return 0;
  if (verdict === 'rollback-failed') return 3;
  if (signal !== undefined) return exitCodeOfSignal(signal);
  return failure?.stage === 'config' && failure.cause === 'config-invalid' ? 2 : 1;
}
