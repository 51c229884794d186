import type { Ledger } from './ledger.js';

/**
 * Ledger and lock of one app, kept where the target lives. Two processes may use the same record at the same time: the lock
 * excludes one of them, and a write fails if another run has written since.
 */
export interface RecordStore {
  /** @throws ClusterError record-unreadable when it was damaged, or a later version of the action wrote it */
  read(): Promise<Ledger | undefined>;
  /**
   * Writes the record of a run, before the change that it describes. A write in flight is superseded by a later one.
   * @param patienceMs how long a place that does not answer is waited for, if longer than usual: for a write on which depends
   *   whether what was changed is kept
   * @throws ClusterError superseded when another run has written it
   */
  write(ledger: Ledger, patienceMs?: number): Promise<void>;
  /**
   * Takes the lock, waiting for it at most `waitMs`.
   * @param onWait called once, if another run holds it
   * @throws ClusterError locked, with who holds it and since when
   */
  lock(holder: Holder, waitMs: number, onWait?: () => void): Promise<Lock>;
}

export interface Lock {
  /** Monotonic ms: the last sign of life of the previous holder, which has started no change since. */
  readonly formerHeardAt: number;
  /** Aborted when another run has taken the lock over: this one must not change anything any more. */
  readonly lost: AbortSignal;
  /** Renews it now. @throws ClusterError superseded when it is lost */
  confirm(): Promise<void>;
  release(): Promise<void>;
  /** Stops renewing, and leaves it to the post step or to its expiry. */
  leave(): void;
}

/** Who holds or wants a lock. */
export interface Holder {
  readonly id: string;
  readonly url?: string;
}
