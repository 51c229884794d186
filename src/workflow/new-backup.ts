import type { BackupConfig } from '../config/config.js';
import { BackupInProgress } from '../data/backup.js';
import { isPast, missingObjects, type Catalog, type CatalogedBackup } from '../data/catalog.js';
import type { DataContext } from '../data/engine.js';
import { backupName } from '../data/manifest.js';
import type { OpenedDatabase } from '../data/opened.js';
import type { ObjectStore } from '../store/store.js';
import type { DataRun } from './data-session.js';

/** One database with its backups so far, and where they are kept. */
export interface BackupParts {
  readonly context: DataContext;
  readonly opened: OpenedDatabase;
  readonly catalog: Catalog;
  readonly backup: BackupConfig;
  readonly store: ObjectStore;
}

/** The last backup that could be restored. @param now ms since 1970 */
export const latestOf = ({ backups }: Catalog, now: number): CatalogedBackup | undefined =>
  backups.find((backup) => isPast(backup, now) && missingObjects(backup).length === 0);

/** A backup that begins now. */
export function newBackup(run: DataRun, { context, opened, catalog, backup, store }: BackupParts): BackupInProgress {
  const { ports: { clock }, config, facts, id, folder } = run;
  const startedAt = clock.now();
  const lastBytes = latestOf(catalog, startedAt)?.manifest.dump.bytes;
  return new BackupInProgress({
    context, opened, config: backup, store, folder, startedAt,
    name: backupName(startedAt, id.replaceAll(/[^0-9a-f]/g, '').padEnd(6, '0')),
    ...lastBytes !== undefined && { lastBytes },
    origin: { app: config.app, environment: config.environment, commit: facts.commit, runUrl: facts.runUrl, image: config.image },
  });
}
