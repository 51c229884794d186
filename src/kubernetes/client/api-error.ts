import { meaningOf } from './meaning.js';

/** The reason of what ends because the connection was closed from this side. */
export const closedReason = 'Closed';

/** The reason of an answer that is of something between here and the API server. */
export const notOfServerReason = 'NotOfServer';

/** What the API server answered, or that it did not. `status` 0: no answer at all. */
export class ApiError extends Error {
  /** How long it wants not to be asked again, ms. */
  readonly retryAfterMs: number;

  constructor(readonly status: number, readonly reason: string, message: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super(message, options);
    this.name = 'ApiError';
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
  /** An answer that a moment later may be another: overload, a restart, a cut connection. Never a verdict by itself. */
  get passing(): boolean {
    return meaningOf(this).passing;
  }
}

/** For a retry: how long the API server wants not to be asked after this error, ms. */
export const leastDelayMs = (error: unknown): number => (error instanceof ApiError ? error.retryAfterMs : 0);
