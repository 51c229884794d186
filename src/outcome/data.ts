/** What a backup or a restore did with each database. */
export interface DataReport {
  /** What it was part of. */
  readonly of: 'backup' | 'restore' | 'migration';
  readonly backups: readonly BackupResult[];
  readonly restores: readonly RestoreResult[];
  /** Name of the backup that a restore would restore: only of a dry run, and not of a cache. */
  readonly chosen?: string;
  /** Every backup of each database and why it stays or goes; empty unless that was looked at. */
  readonly kept: readonly KeptBackup[];
  readonly rehearsal?: RehearsalResult;
  /** Age of the oldest of the last verified backups of all databases, ms; undefined if a database has none, or it was not looked at. */
  readonly oldestAgeMs?: number;
  /** Of each database that can have one: what tools beside it can do. */
  readonly pointInTime?: readonly PointInTimeResult[];
  /** Of a recovery of everything. */
  readonly recovery?: RecoveryReport;
}

/** To which moments a tool that archives the WAL can recover a server. */
export interface PointInTimeResult {
  readonly database: string;
  /** `pgBackRest`; undefined: there is none. */
  readonly tool?: string;
  /** ms since 1970; undefined: not available. */
  readonly earliestAt?: number;
  readonly latestAt?: number;
  /** Why it is not available. */
  readonly reason?: string;
  readonly isTriggered: boolean;
  /** How a person recovers to a moment, which replaces `TIME`. */
  readonly recover?: string;
}

/** A recovery after a disaster: its runbook, and what became of each step. */
export interface RecoveryReport {
  /** Of the first run of this recovery, ms since 1970: a run continues the one before it. */
  readonly startedAt: number;
  readonly isContinued: boolean;
  readonly steps: readonly RecoveredStep[];
  /** ms from the start until the checks of the app had passed; undefined unless they have. */
  readonly rtoMs?: number;
  readonly rtoLimitMs: number;
  /** ms between the moment that the oldest of the backups shows and the start; undefined without a backup. */
  readonly rpoMs?: number;
  /** Undefined: no limit. */
  readonly rpoLimitMs?: number;
}

export interface RecoveredStep {
  /** `restore main`. */
  readonly label: string;
  /** What it does, in words. */
  readonly title: string;
  readonly result: 'done' | 'failed' | 'not reached';
  readonly tookMs: number;
  /** Commands that do the same by hand. */
  readonly commands: readonly string[];
}

/** A migration that succeeded on a copy of its database, before it ran on that. */
export interface RehearsalResult {
  readonly database: string;
  /** Name of the backup that the copy was restored from. */
  readonly backup: string;
  /** From the start of its pod, with the restore. */
  readonly tookMs: number;
  /** The last migration of the database before, and of the copy after it, as its tool names it; absent where that is not known. */
  readonly headBefore?: string;
  readonly headAfter?: string;
}

/** A backup that is complete: its manifest is stored. */
export interface BackupResult {
  readonly database: string;
  readonly engine: string;
  /** `2026-11-30T16-40-00Z-3f9a`. */
  readonly backup: string;
  /** Address of its manifest: `s3://acme-backups/api/main/2026-…/manifest.json`. */
  readonly manifest: string;
  /** Of the dump, and of what is stored. */
  readonly bytes: number;
  readonly storedBytes: number;
  /** Of all tables, or keys; undefined if they were not counted. */
  readonly rows?: number;
  /** `restore`: it was restored and compared. `archive`: it was read to its end. */
  readonly verified: 'restore' | 'archive';
  /** What was compared: `42 tables, 1,200,000 rows, 61 indexes`. */
  readonly compared: string;
  readonly isEncrypted: boolean;
  readonly tookMs: { readonly dump: number; readonly verify: number; readonly store: number };
}

export interface RestoreResult {
  readonly database: string;
  readonly engine: string;
  readonly backup: string;
  /** `live`: its data was replaced. `scratch`: a drill. `emptied`: a cache, which was emptied. */
  readonly into: 'live' | 'scratch' | 'emptied';
  readonly rows?: number;
  readonly compared: string;
  /** Where the data from before is kept: the name of a database. */
  readonly kept?: string;
  /** ms from the start until the data served again, or would have. */
  readonly rtoMs: number;
  /** ms between the moment that the backup shows and the start: what was written in between is lost. */
  readonly rpoMs: number;
  /** Why it was restored, as the person who started it says. */
  readonly reason?: string;
}

/** One backup of the store. */
export interface KeptBackup {
  readonly database: string;
  readonly backup: string;
  /** The moment that it shows, ms since 1970. */
  readonly at: number;
  readonly bytes: number;
  /** How it was verified: see BackupResult. `incomplete`: some of its objects are no longer in the store. */
  readonly verified: 'restore' | 'archive' | 'incomplete';
  readonly stays: boolean;
  /** `last 2 of 5`, `daily`, `older than 30 d`. */
  readonly reasons: readonly string[];
  /** It was removed by this run. */
  readonly removed: boolean;
}
