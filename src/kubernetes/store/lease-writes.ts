import type { ApiError } from '../client/api.js';
import { isRefusal, meaningOf } from '../client/meaning.js';
import { persistForMs, refusalLastsMs } from '../client/persist.js';
import { ClusterError } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';
import { steadily, type RetryPolicy } from '../../ports/retry.js';

/** A short interruption is not a failure, however short `lock-timeout` is. */
const hiccupMs = 5000;

/** The Lease was free but could not be acquired: the API server did not write it, or someone else wrote it first. */
export class LeaseNotWritten extends ClusterError {
  /**
   * @param subject what is locked
   * @param answer of the API server; undefined when someone else wrote it first
   */
  constructor(subject: string, readonly answer: ApiError | undefined) {
    if (answer) {
      const { cause, hint } = meaningOf(answer);
      super(cause, `The lock of ${subject} could not be acquired: ${answer.message}.`, { hint, cause: answer });
    } else {
      super('locked', `The lock of ${subject} could not be acquired: it was free each time it was read, but each time someone else wrote it first.`, {
        hint: 'Check the Lease and what else writes it, for example an operator, or a finalizer that prevents its deletion.',
      });
    }
  }
}

/**
 * How long attempts to write a free Lease are repeated. An unanswered write may have been done, which the Lease shows a
 * moment later, so each attempt reads it first.
 */
export class LeaseWrites implements RetryPolicy {
  readonly delaysMs = steadily(500);
  readonly signal: AbortSignal;
  private since: number | undefined;
  private reported = false;

  /** @param deadlineAt until when the lock is waited for, monotonic ms */
  constructor(private readonly ports: Pick<Ports, 'clock' | 'log' | 'cancelled'>, private readonly subject: string, private readonly deadlineAt: number) {
    this.signal = ports.cancelled;
  }

  readonly retryable = (error: unknown): boolean => {
    if (!(error instanceof LeaseNotWritten)) return false;
    const now = this.ports.clock.monotonic();
    this.since ??= now;
    return this.mayPass(error, now);
  };

  /** Reported once, not each time. */
  readonly onWait = (error: unknown): void => {
    if (this.reported || !(error instanceof LeaseNotWritten && error.answer)) return;
    this.reported = true;
    this.ports.log.warning(`The lock of ${this.subject} could not be acquired. Trying again: ${error.answer.message}`);
  };

  /** Another run holds the Lease, so earlier attempts do not count for the next. */
  forget(): void {
    this.since = undefined;
    this.reported = false;
  }

  private mayPass({ answer }: LeaseNotWritten, now: number): boolean {
    if (answer && isRefusal(answer)) return !this.isOver(now, refusalLastsMs);
    return (answer === undefined || answer.passing) && !this.isOver(now, persistForMs);
  }

  private isOver(now: number, lastsMs: number): boolean {
    const since = this.since ?? now;
    return now >= Math.min(since + lastsMs, Math.max(this.deadlineAt, since + hiccupMs));
  }
}
