import type { Sidecar } from '../kubernetes/job/sidecar.js';
import type { Checked } from '../outcome/finding.js';
import type { CopySeen } from './engine.js';

/*
 * The database that is migrated before a rollout, as the engine sees it. Everything here works on the database itself; the migration
 * runs at the target.
 */

export interface MigrationData {
  /** Its name in the settings: `main`. */
  readonly database: string;
  /**
   * Looks at the database and at its backups before anything starts. Reads only.
   * @param maxAgeMs undefined: no backup is wanted
   */
  look(maxAgeMs: number | undefined, signal: AbortSignal): Promise<LookedAt>;
  /**
   * The last verified backup, if it is young enough, or a new one that is verified and stored.
   * @throws DataError backup-failed; what `signal` aborts with
   */
  ensureBackup(maxAgeMs: number, signal: AbortSignal): Promise<BackupFound>;
  /**
   * A copy of a backup, which is restored when the pod of the command is there.
   * @throws DataError restore-failed, config-invalid; what `signal` aborts with
   */
  rehearsal(backup: BackupFound, signal: AbortSignal): Promise<Rehearsal>;
  /**
   * The last migration that is applied, as its tool names it; undefined if no known tool was used, or it cannot be read. Rejects only
   * when `signal` aborts.
   */
  head(signal: AbortSignal): Promise<string | undefined>;
  /** The commands that restore a backup: for a person, after a migration that failed. */
  restoreCommands(backup: string): readonly string[];
  close(): Promise<void>;
}

export interface LookedAt extends Checked {
  /** What will be done about a backup, for the plan: `use the backup 20261130T164000Z, which is 4 min old`. */
  readonly backup: string;
}

export interface BackupFound {
  /** `20261130T164000Z-1a2b` */
  readonly name: string;
  /** When its data was read, ms since 1970. */
  readonly at: number;
  readonly verified: 'restore' | 'archive';
  readonly isNew: boolean;
}

/** A copy of the database that a migration can be tried on: it runs beside the command, and only that reaches it. */
export interface Rehearsal {
  readonly sidecar: Sidecar;
  /** `a restored copy of main` */
  readonly words: string;
  /** The names that lead to the copy instead of the database. */
  readonly hosts: readonly string[];
  /** What the command did to the copy, once it has ended; or why that could not be seen. */
  seen(): CopySeen | Unseen;
}

export interface Unseen {
  /** As the end of a sentence: `its container had ended`. */
  readonly why: string;
}
