import { constants } from 'node:os';

/** As a shell counts: 128 and the signal's number for a program that was killed. */
export const exitCode = (code: number | null, signal: NodeJS.Signals | null): number => code ?? 128 + (signal ? constants.signals[signal] : 0);
