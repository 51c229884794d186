import type { BackupConfig, DatabaseConfig } from '../config/config.js';
import type { Catalog } from '../data/catalog.js';
import type { DumpFacts } from '../data/engine.js';
import { DataError } from '../data/error.js';
import { fetchBackup } from '../data/fetch.js';
import type { BackupFound, LookedAt, MigrationData, Rehearsal } from '../data/migration.js';
import { placeForCopy, rehearsalOf, type RehearsalSettings } from '../data/rehearsal.js';
import { nothingFound } from '../outcome/finding.js';
import { shellWord } from '../outcome/wording.js';
import type { Spool } from '../ports/disk.js';
import { openDataSession, type DataRun, type DataSession } from './data-session.js';
import { asDeployError } from './failure.js';
import { latestOf, newBackup } from './new-backup.js';

/** Opens the database that is migrated before a rollout; undefined where the settings name none. */
export async function openMigrationData(run: DataRun): Promise<MigrationData | undefined> {
  const { backup, databases: [database] } = run.config;
  return database && backup ? new SettingsMigrationData(run, backup, database) : undefined;
}

/** A backup on this machine. */
interface Copied {
  readonly spool: Spool;
  readonly facts: DumpFacts;
  close(): Promise<void>;
}

/** The database of the settings, with its backups. */
class SettingsMigrationData implements MigrationData {
  private readonly session: DataSession;
  /** What is downloaded or was dumped for a rehearsal, by the name of the backup. */
  private readonly copied = new Map<string, Copied>();

  constructor(private readonly run: DataRun, private readonly backup: BackupConfig, private readonly config: DatabaseConfig) {
    this.session = openDataSession(run, 'backup-failed', 'migrate');
  }

  get database(): string {
    return this.config.name;
  }

  async look(maxAgeMs: number | undefined, signal: AbortSignal): Promise<LookedAt> {
    try {
      const opened = await this.session.database(this.config);
      if (this.rehearse) await placeForCopy(opened, this.rehearse, signal);
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
    if (young && await this.canRehearse(young, signal)) return { name: young.name, at: young.at, verified: young.manifest.verification.how, isNew: false };
    const opened = await this.session.database(this.config);
    const store = await this.session.store();
    const progress = newBackup(this.run, { context: { ...this.session.context, signal }, opened, catalog, backup: this.backup, store });
    try {
      await progress.dump();
      await progress.verify();
      const { backup: name, verified } = await progress.store();
      const { spool, facts } = progress.dumped;
      if (this.rehearse) this.copied.set(name, { spool, facts, close: () => progress.close() });
      return { name, at: facts.snapshotAt, verified, isNew: true };
    } finally {
      if (this.copied.size === 0) await progress.close();
    }
  }

  async rehearsal({ name }: BackupFound, signal: AbortSignal): Promise<Rehearsal> {
    if (!this.rehearse) throw new Error('the settings want no rehearsal');
    const opened = await this.session.database(this.config);
    const place = await placeForCopy(opened, this.rehearse, signal);
    const { spool, facts } = this.copied.get(name) ?? await this.download(name, signal);
    return rehearsalOf({ opened, place, backup: { name, spool, facts }, timeoutMs: this.backup.timeoutMs });
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
    const { environment } = this.run.config;
    const where = environment === undefined ? '' : ` --environment ${shellWord(environment)}`;
    return [`deploy-action restore${where} --database ${this.config.name} --backup ${backup} --confirm ${shellWord(this.config.database)}`];
  }

  async close(): Promise<void> {
    for (const { close } of this.copied.values()) await close();
    await this.session.close();
  }

  private get rehearse(): RehearsalSettings | undefined {
    return this.run.config.migrate?.rehearse || undefined;
  }

  /** For a rehearsal, a backup has to be decrypted, and to be from after the last migration: the copy must be like the database. */
  private async canRehearse({ manifest }: NonNullable<ReturnType<typeof latestOf>>, signal: AbortSignal): Promise<boolean> {
    if (!this.rehearse) return true;
    return (manifest.recipients.length === 0 || this.backup.identity !== undefined) && manifest.dump.migration === await this.head(signal);
  }

  private async download(name: string, signal: AbortSignal): Promise<Copied> {
    const { identity } = this.backup;
    const found = (await this.session.catalog(this.config.name)).backups.find((each) => each.name === name);
    if (!found) throw new DataError('restore-failed', `The backup ${name} of ${this.config.name} is not there any more.`, { hint: 'Run again: then another one is used, or made.' });
    const context = { ...this.session.context, failure: 'restore-failed' as const };
    const of = { context, store: await this.session.store(), folder: this.run.folder, manifest: found.manifest };
    const { spool, facts } = await fetchBackup({ ...of, ...identity !== undefined && { identity } }, signal);
    const copied: Copied = { spool, facts, close: () => spool.close() };
    this.copied.set(name, copied);
    return copied;
  }

  private young(catalog: Catalog, maxAgeMs: number): ReturnType<typeof latestOf> {
    const now = this.run.ports.clock.now();
    const last = latestOf(catalog, now);
    return last && now - last.at <= maxAgeMs ? last : undefined;
  }
}
