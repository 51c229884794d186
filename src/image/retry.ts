import { CommandError } from '../outcome/errors.js';
import { retry } from '../ports/retry.js';
import type { DockerPorts } from './docker.js';

/** The registry or the way to it was at fault: another attempt may succeed. */
export class TemporaryError extends CommandError {}

/** Before the second and the third attempt, ms. */
const delaysMs = [2000, 6000];

/** At most three attempts at something with a registry; only what a TemporaryError ends is tried again, and each wait is logged. */
export const withRetries = <T>({ clock, log, cancelled }: Pick<DockerPorts, 'clock' | 'log' | 'cancelled'>, what: string, attempt: () => Promise<T>): Promise<T> =>
  retry(clock, {
    delaysMs,
    retryable: (error) => error instanceof TemporaryError,
    signal: cancelled,
    onWait: (error, delayMs) => log.warning(`${what} failed and is tried again in ${delayMs / 1000} s: ${(error as TemporaryError).message}`),
  }, attempt);
