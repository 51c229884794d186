import type { DatabaseConfig } from '../config/config.js';
import { acquireLock, appLease, databaseLease, type LeaseOf } from '../kubernetes/store/lease.js';
import type { Lock } from '../record/store.js';
import type { DataRun, DataSession } from './data-session.js';

/** What a run does with a database, as its lock says it to others. */
export type DataWork = Parameters<typeof databaseLease>[2];

/**
 * The locks of a run that works with a database: Leases of the cluster. A database that is in no cluster has none, unless the app that
 * uses it is in one.
 */
export class DataLocks {
  private readonly lost = new AbortController();
  private held: readonly Lock[] = [];
  /** Aborted when the run is cancelled, or a lock is lost: then nothing must be changed any more. */
  readonly signal: AbortSignal;

  /** @param leases in the order in which every run takes them: that of the app first */
  private constructor(private readonly run: DataRun, private readonly session: DataSession, private readonly leases: readonly LeaseOf[]) {
    this.signal = AbortSignal.any([run.ports.cancelled, this.lost.signal]);
  }

  /** The lock of a database, if it is in a cluster. */
  static ofDatabase(run: DataRun, session: DataSession, { name, reach }: DatabaseConfig, work: DataWork): DataLocks {
    return new DataLocks(run, session, reach.kind === 'pod' ? [databaseLease(run.config.app, name, work)] : []);
  }

  /** Those of an app whose workloads are stopped, and of its database. */
  static ofApp(run: DataRun, session: DataSession, database: DatabaseConfig, work: DataWork): DataLocks {
    return new DataLocks(run, session, [appLease(run.config.app, 'restored'), databaseLease(run.config.app, database.name, work)]);
  }

  /** Of the plan; empty if there is nothing to lock. */
  get step(): readonly string[] {
    const [first, ...others] = this.leases.map(({ subject }) => subject);
    return first === undefined ? [] : [`take the lock${others.length === 0 ? '' : 's'} of ${[first, ...others].join(' and of ')}`];
  }

  /** Of the Leases. */
  get names(): readonly string[] {
    return this.leases.map(({ name }) => name);
  }

  get isLost(): boolean {
    return this.lost.signal.aborted;
  }

  /** Waits for each at most `lock-timeout`. @throws ClusterError locked, with who holds it; or why it cannot be taken */
  async take(): Promise<void> {
    const { ports, id, facts, config } = this.run;
    for (const lease of this.leases) {
      const lock = await acquireLock(ports, await this.session.cluster(), lease, { holder: { id, url: facts.runUrl }, timeoutMs: config.lockTimeoutMs });
      this.held = [...this.held, lock];
      lock.lost.addEventListener('abort', () => { this.lost.abort(lock.lost.reason); });
    }
  }

  /** Before what cannot be broken off. @throws ClusterError superseded when one is lost; what the run was cancelled with */
  async confirm(): Promise<void> {
    this.signal.throwIfAborted();
    await Promise.all(this.held.map((lock) => lock.confirm()));
  }

  /** Does not reject. Those of a run that is killed expire by themselves. */
  async release(): Promise<void> {
    const { held } = this;
    this.held = [];
    for (const lock of [...held].reverse()) await lock.release();
  }

  /** Does something under the locks. */
  async within<T>(work: () => Promise<T>): Promise<T> {
    try {
      await this.take();
      return await work();
    } finally {
      await this.release();
    }
  }
}
