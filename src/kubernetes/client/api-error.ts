import { meaningOf } from './meaning.js';

/** The reason of requests that end because this side closed the connection. */
export const closedReason = 'Closed';

/** The reason of an answer that does not come from the API server, but from something in between. */
export const notOfServerReason = 'NotOfServer';

/** An error answer of the API server, or no answer: then `status` is 0. */
export class ApiError extends Error {
  /** How long to wait before the next request, ms. */
  readonly retryAfterMs: number;

  constructor(readonly status: number, readonly reason: string, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options);
    this.name = 'ApiError';
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
  /** Temporary: overload, a restart, a cut connection. Never a verdict by itself. */
  get passing(): boolean {
    return meaningOf(this).passing;
  }
  /** The API server itself is away or overloaded; not a webhook that it calls. */
  get away(): boolean {
    const { passing, cause } = meaningOf(this);
    return passing && cause === 'api-unreachable';
  }
}

/** For a retry: how long to wait after this error, as the API server asked for, ms. */
export const leastDelayMs = (error: unknown): number => (error instanceof ApiError ? error.retryAfterMs : 0);
