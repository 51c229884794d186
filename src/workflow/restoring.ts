import type { BackupConfig } from '../config/config.js';
import type { Compared } from '../data/engine.js';
import { DataError } from '../data/error.js';
import { ownerOf } from '../data/catalog.js';
import { fetchBackup, type Fetched } from '../data/fetch.js';
import type { Manifest } from '../data/manifest.js';
import type { OpenedDatabase } from '../data/opened.js';
import type { RestoreResult } from '../outcome/data.js';
import type { PlanStep } from '../outcome/plan.js';
import { within } from '../ports/within.js';
import type { ObjectStore } from '../store/store.js';
import type { Undone } from '../target/target.js';
import type { DataSession } from './data-session.js';
import { msSince, type Run } from './run.js';
import type { Stage } from './stage.js';

/** What is restored, and with what. */
export interface Restoring {
  readonly run: Run;
  readonly session: DataSession;
  readonly backup: BackupConfig;
  readonly store: ObjectStore;
  readonly manifest: Manifest;
  readonly opened: OpenedDatabase;
}

/** What a restore is, besides its stages. */
export interface Work {
  readonly stages: readonly Stage[];
  readonly results: readonly RestoreResult[];
  readonly undone?: Undone;
  /** Name of the backup; undefined where none is restored. */
  readonly chosen?: string;
  close(): Promise<void>;
}

export const stage = (label: string, steps: readonly string[], run: () => Promise<void>): Stage =>
  ({ name: 'restore', label, steps: steps.map((title): PlanStep => ({ stage: 'restore', title, commands: [] })), run });

/** Each restore has the time limit of its settings. */
export function limited<T>({ run, backup, opened }: Restoring, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = (): Error => new DataError('restore-failed', `The restore of ${opened.config.name} did not finish within ${Math.round(backup.timeoutMs / 60_000)} min.`, { hint: 'Raise `backup.timeout`.' });
  return within(run.ports.clock, { ms: backup.timeoutMs, late, signal }, work);
}

export const fetched = ({ session, store, run, manifest, backup }: Restoring, signal: AbortSignal): Promise<Fetched> =>
  fetchBackup({ context: session.context, store, folder: run.folder, manifest, ...backup.identity !== undefined && { identity: backup.identity } }, signal);

export const describeBackup = ({ store, manifest, opened }: Restoring): string =>
  `\`${manifest.name}\` of \`${opened.config.name}\` (${manifest.snapshotAt}, of ${ownerOf(manifest)}) from \`${store.address}\``;

/** What is reported of a restore that is complete. */
export const resultOf = ({ run, manifest, opened }: Restoring, into: RestoreResult['into'], compared: Compared, kept?: string): RestoreResult => ({
  database: opened.config.name, engine: opened.engine.engine, backup: manifest.name, into, rows: compared.rows, compared: compared.words,
  ...kept !== undefined && { kept }, ...run.config.reason !== undefined && { reason: run.config.reason },
  rtoMs: msSince(run), rpoMs: run.startedAtWall - Date.parse(manifest.snapshotAt),
});
