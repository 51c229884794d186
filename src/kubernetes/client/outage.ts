import type { Ports } from '../../ports/ports.js';
import { ApiError, closedReason } from './api-error.js';
import { meaningOf } from './meaning.js';

/** A shorter outage is not reported. */
const noticedAfterMs = 2000;

/** Reports once that the API server does not answer, and once that it does again, however many requests fail. */
export class Outage {
  /** When the first unanswered request was sent, monotonic ms. */
  private since: number | undefined;
  private isReported = false;

  constructor(private readonly ports: Pick<Ports, 'clock' | 'log'>) {}

  /** Sends a request and records whether it is answered. */
  async observe<T>(request: () => Promise<T>): Promise<T> {
    const sentAt = this.ports.clock.monotonic();
    try {
      const result = await request();
      this.answered();
      return result;
    } catch (error) {
      this.failed(error, sentAt);
      throw error;
    }
  }

  answered(): void {
    if (this.isReported) this.ports.log.info(`The API server answers again, after ${this.seconds()} s.`);
    this.since = undefined;
    this.isReported = false;
  }

  /** @param sentAt monotonic ms */
  failed(error: unknown, sentAt: number): void {
    if (!(error instanceof ApiError) || error.reason === closedReason) return;
    const { cause, passing } = meaningOf(error);
    // A denied request and an error of a webhook are answers.
    if (cause !== 'api-unreachable' || !passing) return this.answered();
    this.since ??= sentAt;
    if (this.isReported || this.ports.clock.monotonic() - this.since < noticedAfterMs) return;
    this.isReported = true;
    this.ports.log.info(`The API server has not answered for ${this.seconds()} s: ${error.message}.`);
  }

  private seconds(): number {
    return Math.round((this.ports.clock.monotonic() - (this.since ?? 0)) / 1000);
  }
}
