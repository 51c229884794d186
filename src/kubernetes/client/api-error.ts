import { meaningOf } from './meaning.js';

/** The reason of what ends because the connection was closed from this side. */
export const closedReason = 'Closed';

/** What the API server answered, or that it did not. `status` 0: no answer at all. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ApiError';
  }
  /** An answer that a moment later may be another: overload, a restart, a cut connection. Never a verdict by itself. */
  get passing(): boolean {
    return meaningOf(this).passing;
  }
}
