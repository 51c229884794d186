import { ApiError } from '../client/api.js';
import { isRefusal, meaningOf } from '../client/meaning.js';
import { persistForMs, refusalLastsMs } from '../client/persist.js';
import { ClusterError } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';

/** One hiccup is no failure, however short the wait for another run may be. */
const hiccupMs = 5000;
const pauseMs = 500;

/**
 * The attempts to write the Lease while it is free. One that was not answered may have been done, which the Lease itself
 * shows a moment later, so none of them is the last word; but they come to an end.
 */
export class LeaseWrites {
  private since: number | undefined;

  constructor(private readonly ports: Pick<Ports, 'clock' | 'log' | 'cancelled'>, private readonly app: string, private readonly deadlineAt: number) {}

  /**
   * @param write resolves with false when somebody else was faster
   * @returns false when the Lease is to be looked at again
   * @throws ClusterError with the meaning of the last answer when it has lasted
   */
  async attempt(write: () => Promise<boolean>): Promise<boolean> {
    const trouble = await write().then((taken) => taken || undefined, (error: unknown) => error);
    if (trouble === true) return true;
    const now = this.ports.clock.monotonic();
    this.since ??= now;
    if (trouble instanceof ApiError ? !this.mayPass(trouble, now) : trouble !== undefined || this.isOver(now, persistForMs)) throw this.named(trouble);
    if (trouble instanceof ApiError && now === this.since) this.ports.log.warning(`The lock of ${this.app} could not be written, and is tried again: ${trouble.message}`);
    await this.ports.clock.sleep(pauseMs, this.ports.cancelled);
    return false;
  }

  /** Somebody holds the Lease, so the attempts before have nothing to do with the next. */
  forget(): void {
    this.since = undefined;
  }

  private mayPass(error: ApiError, now: number): boolean {
    return isRefusal(error) ? !this.isOver(now, refusalLastsMs) : error.passing && !this.isOver(now, persistForMs);
  }

  private isOver(now: number, lastsMs: number): boolean {
    const since = this.since ?? now;
    return now >= Math.min(since + lastsMs, Math.max(this.deadlineAt, since + hiccupMs));
  }

  private named(trouble: unknown): unknown {
    if (trouble === undefined) {
      return new ClusterError('locked', `The lock of ${this.app} was free each time it was read, and each time somebody else wrote it first.`, {
        hint: 'Look at the Lease and what else writes it, for example an operator or a finalizer that keeps it from being deleted.',
      });
    }
    if (!(trouble instanceof ApiError)) return trouble;
    const { cause, hint } = meaningOf(trouble);
    return new ClusterError(cause, `The lock of ${this.app} could not be acquired: ${trouble.message}.`, { hint, cause: trouble });
  }
}
