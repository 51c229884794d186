import type { Ledger } from './ledger.js';

export interface LedgerStore {
  read(): Promise<Ledger | undefined>;
  /** Writes the record of a run, before the change it describes. One that is still under way gives way to a later one. */
  write(ledger: Ledger): Promise<void>;
}

/*
 * One run per app and namespace. The Lease is renewed every 5 s while a run lives; 15 s without a renewal, and the next
 * run takes it over. Ages are measured by the API server's own clock (the time it noted of the last write, against the
 * date of its answer), so that the clock of a runner may be wrong or jump.
 */

export interface Lock {
  /** Monotonic ms: whoever held it before was heard of then, and has begun no change since. */
  readonly formerHeardAt: number;
  /** Aborted when another run has taken the Lease over: this one must not touch the workloads any more. */
  readonly lost: AbortSignal;
  /** Renews it now. @throws ClusterError superseded when it is lost */
  confirm(): Promise<void>;
  /** Gives the Lease up. */
  release(): Promise<void>;
  /** Stops renewing, and leaves the Lease to the post step or to its expiry. */
  leave(): void;
}

/** Who holds or wants a lock. */
export interface Holder {
  readonly id: string;
  readonly url?: string;
}
