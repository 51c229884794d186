import type { BackupConfig, DatabaseConfig } from '../config/config.js';
import type { Catalog } from '../data/catalog.js';
import { DataError } from '../data/error.js';
import type { BackupFound, LookedAt, MigrationData, Rehearsal } from '../data/migration.js';
import { nothingFound } from '../outcome/finding.js';
import { shellWord } from '../outcome/wording.js';
import { openDataSession, type DataRun, type DataSession } from './data-session.js';
import { asDeployError } from './failure.js';
import { latestOf, newBackup } from './new-backup.js';

/** Opens the database that is migrated before a rollout; undefined where the settings name none. */
export async function openMigrationData(run: DataRun): Promise<MigrationData | undefined> {
  const { backup, databases: [database] } = run.config;
  return database && backup ? new SettingsMigrationData(run, backup, database) : undefined;
}

/** The database of the settings, with its backups. */
class SettingsMigrationData implements MigrationData {
  private readonly session: DataSession;

  constructor(private readonly run: DataRun, private readonly backup: BackupConfig, private readonly config: DatabaseConfig) {
    this.session = openDataSession(run, 'backup-failed', 'migrate');
  }

  get database(): string {
    return this.config.name;
  }

  async look(maxAgeMs: number | undefined, signal: AbortSignal): Promise<LookedAt> {
    try {
      await this.session.database(this.config);
      if (maxAgeMs === undefined) return { ...nothingFound, backup: 'make no backup' };
      const young = this.young(await this.session.catalog(this.config.name), maxAgeMs);
      const ageMs = young && this.run.ports.clock.now() - young.at;
      const old = `use the backup ${young?.name}, which is ${Math.round((ageMs ?? 0) / 60_000)} min old`;
      return { ...nothingFound, backup: ageMs === undefined ? `back up ${this.config.name}` : old };
    } catch (error) {
      signal.throwIfAborted();
      const { code, message, hint } = asDeployError(error);
      if (code === 'unexpected') throw error;
      return { problems: [{ cause: code, message, hint }], warnings: [], backup: `back up ${this.config.name}` };
    }
  }

  async ensureBackup(maxAgeMs: number, signal: AbortSignal): Promise<BackupFound> {
    const catalog = await this.session.catalog(this.config.name);
    const young = this.young(catalog, maxAgeMs);
    if (young) return { name: young.name, at: young.at, verified: young.manifest.verification.how, isNew: false };
    const opened = await this.session.database(this.config);
    const store = await this.session.store();
    const progress = newBackup(this.run, { context: { ...this.session.context, signal }, opened, catalog, backup: this.backup, store });
    try {
      await progress.dump();
      await progress.verify();
      const { backup: name, verified } = await progress.store();
      return { name, at: progress.dumped.facts.snapshotAt, verified, isNew: true };
    } finally {
      await progress.close();
    }
  }

  async rehearsal(): Promise<Rehearsal> {
    throw new DataError('restore-failed', 'A copy of the database that a Job can reach cannot be made.');
  }

  async head(signal: AbortSignal): Promise<string | undefined> {
    try {
      const { database } = await this.session.database(this.config);
      return await database.migration?.(signal);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  restoreCommands(backup: string): readonly string[] {
    return [`deploy-action restore --database ${this.config.name} --backup ${backup} --confirm ${shellWord(this.config.database)}`];
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private young(catalog: Catalog, maxAgeMs: number): ReturnType<typeof latestOf> {
    const last = latestOf(catalog);
    return last && this.run.ports.clock.now() - last.at <= maxAgeMs ? last : undefined;
  }
}
