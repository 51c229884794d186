import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { HttpError } from '../../ports/http.js';
import type { Ports } from '../../ports/ports.js';
import { factsOf } from './failure.js';

type Strategy = Extract<Awaited<NonNullable<S3ClientConfig['retryStrategy']>>, { readonly refreshRetryTokenForRetry: unknown }>;

/** Delays before the second attempt, the third and so on, ms. */
const delaysMs = [500, 1000, 2000, 4000, 8000];
/** A store that asks for more is not waited for. ms */
const longestWaitMs = 60_000;

/** Attempts of one request. */
export const attempts = delaysMs.length + 1;

/**
 * How the SDK repeats requests: it says what kind of failure one is, and counts. It would wait on a clock of its own, and that wait
 * cannot be ended: a process that is done would stay for it.
 * @param address of the store, for the log
 * @param closed ends all waits
 */
export function retriesOn({ clock, log }: Pick<Ports, 'clock' | 'log'>, address: string, closed: AbortSignal): Strategy {
  const token = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  return {
    acquireInitialRetryToken: async () => token(0),
    recordSuccess: () => undefined,
    refreshRetryTokenForRetry: async (last, { error, errorType }) => {
      const count = last.getRetryCount();
      const delayMs = delaysMs[count];
      const { status, code, retryAfterMs = 0, isSkewCorrected } = factsOf(error);
      const isPassing = errorType !== 'CLIENT_ERROR' ? !isNotImplemented(status, code) : passingCodes.includes(code);
      if (delayMs === undefined || retryAfterMs > longestWaitMs || !(isPassing || isPassingHttp(error))) throw new Error('no other attempt');
      // Its clock is known now, and the next signature is right.
      if (isSkewCorrected) return token(count + 1);
      const waitMs = Math.max(delayMs, retryAfterMs);
      log.info(`${address} ${status === undefined ? 'did not answer' : `returned ${status} ${code}`}; trying again in ${waitMs / 1000} s`);
      await clock.sleep(waitMs, closed);
      return token(count + 1);
    },
  };
}

/**
 * What the SDK takes for final. 409: another writer of the same name was faster, or gave up
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). BadDigest: changed on its way.
 */
const passingCodes = ['ConditionalRequestConflict', 'OperationAborted', 'BadDigest', 'XAmzContentSHA256Mismatch', 'XAmzContentChecksumMismatch'];
const isNotImplemented = (status: number | undefined, code: string): boolean => status === 501 || status === 507 || code === 'NotImplemented';

export const isPassingHttp = (error: unknown): boolean => error instanceof HttpError && (error.trouble === 'other' || error.trouble === 'look-up');
