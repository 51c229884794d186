import { CommandError } from '../outcome/errors.js';
import { retry } from '../ports/retry.js';
import type { DockerPorts } from './docker.js';

/** A failure of the registry or the network: another attempt may succeed. */
export class TemporaryError extends CommandError {}

/** Before the second and the third attempt, ms. */
const delaysMs = [2000, 6000];

/** At most three attempts. Only a TemporaryError is retried, and each wait is logged. */
export const withRetries = <T>({ clock, log, cancelled }: Pick<DockerPorts, 'clock' | 'log' | 'cancelled'>, what: string, attempt: () => Promise<T>): Promise<T> =>
  retry(clock, {
    delaysMs,
    retryable: (error) => error instanceof TemporaryError,
    signal: cancelled,
    onWait: (error, delayMs) => log.warning(`${what} failed, trying again in ${delayMs / 1000} s: ${(error as TemporaryError).message}`),
  }, attempt);
