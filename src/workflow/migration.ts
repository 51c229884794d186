import type { MigrateConfig } from '../config/config.js';
import { migratedDatabase } from '../config/migrate-config.js';
import type { BackupFound, LookedAt, MigrationData } from '../data/migration.js';
import type { RehearsalResult } from '../outcome/data.js';
import { together, type Checked } from '../outcome/finding.js';
import { OneOffError } from '../outcome/one-off.js';
import type { Plan, PlanStep } from '../outcome/plan.js';
import { within } from '../ports/within.js';
import { withMark, type Ledger } from '../record/ledger.js';
import type { MigrationRecord } from '../record/migration.js';
import { withApplied, withMigration } from '../record/migrations.js';
import type { Lock } from '../record/store.js';
import type { OneOff, OneOffs, RanOnce } from '../target/one-off.js';
import type { OpenTarget } from '../target/target.js';
import { detailsOf, MigrationError } from './migration-error.js';
import { migrationMarks, purposes } from './migration-marks.js';
import type { Run } from './run.js';

/** How long the last migration of a database is looked up once a command has ended, ms. The result of the run does not depend on it. */
const headWithinMs = 15_000;

/** What the record of a run says while it migrates. */
export interface MigrationJournal {
  readonly lock: Lock;
  /** `name[:tag]@digest` */
  readonly reference: string;
  /** Writes the record, changed like this. */
  write(change: (ledger: Ledger) => Ledger): Promise<void>;
}

interface Parts {
  readonly run: Run;
  readonly config: MigrateConfig;
  readonly oneOffs: OneOffs;
  /** Undefined: no database is known, and there is no backup. */
  readonly data: MigrationData | undefined;
  readonly looked: LookedAt | undefined;
  /** What the network may refuse to it. */
  readonly unreached: readonly string[];
}

/**
 * Opens what a migration needs, and looks at it. The caller closes it.
 * @param isCheck only for its plan, by an account that may not be allowed to open the database
 * @returns undefined when the settings have no migration
 */
export async function openMigration(run: Run, target: OpenTarget, isCheck: boolean): Promise<Migration | undefined> {
  const { config: { migrate }, ports } = run;
  if (!migrate) return undefined;
  const oneOffs = await target.oneOffs?.();
  if (!oneOffs) throw new Error('the settings name a migration, and the target cannot run one');
  const data = isCheck ? undefined : await run.openMigrationData?.(run);
  if (!data && !isCheck && !('off' in migrate.backup)) throw new Error('the settings name a database to back up, and nothing can open it');
  try {
    const looked = await data?.look('off' in migrate.backup ? undefined : migrate.backup.maxAgeMs, ports.cancelled);
    const unreached = await oneOffs.unreached(purposes.migration, migrate.workload, ports.cancelled);
    return new Migration({ run, config: migrate, oneOffs, data, looked, unreached });
  } catch (error) {
    await data?.close();
    throw error;
  }
}

/** The migration of a database before a version is deployed. */
export class Migration {
  constructor(private readonly parts: Parts) {}

  /** What would keep it from succeeding. */
  get checked(): Checked {
    const { oneOffs, config, looked, unreached } = this.parts;
    const checked = oneOffs.check(config.workload, { withSidecar: config.rehearse !== false });
    return together([checked, ...looked ? [looked] : [], { problems: [], warnings: unreached }]);
  }

  /** What a dry run prints of it. */
  get steps(): readonly PlanStep[] {
    const { config, oneOffs, looked } = this.parts;
    const { backup } = config;
    const step = (title: string, commands: readonly string[] = []): PlanStep => ({ stage: 'migrate', title, commands });
    return [
      step('off' in backup ? `no backup of ${this.what}: ${backup.off}` : looked?.backup ?? `back up ${this.what}, unless its last verified backup is at most ${minutes(backup.maxAgeMs)} old`),
      ...config.rehearse ? [step(`try the migration on a restored copy of ${this.what}`)] : [],
      step(`migrate ${this.what} ${oneOffs.words(config.workload)}`, [config.text]),
    ];
  }

  /** Whether the version can be rolled back once the database is migrated. */
  rollback(before: NonNullable<Plan['rollback']>): NonNullable<Plan['rollback']> {
    const { undo, force } = this.parts.config;
    if (!before.possible) return before;
    if (undo === false && !force) {
      return { possible: false, reason: `The migration is declared irreversible (\`migrate.reversible: false\`): what is deployed stays if anything fails, unless the migration turns out to change nothing.` };
    }
    if (undo === false) return { possible: true, reason: `${before.reason} The migration cannot be undone: the previous version then runs on the migrated database (\`migrate.force: true\`).` };
    if (undo === undefined) return { possible: true, reason: `${before.reason} The migration is not undone: the previous version then runs on the migrated database.` };
    return { possible: true, reason: `${before.reason} Before that, \`${undo.text}\` undoes the migration.` };
  }

  /**
   * Backs up, tries on a copy, and migrates, in this order, under the lock of the database.
   * @throws MigrationError; DataError backup-failed, restore-failed; ClusterError; what the run was cancelled with
   */
  async perform(journal: MigrationJournal): Promise<void> {
    const { run, oneOffs, data, config } = this.parts;
    const own = await oneOffs.lock(migratedDatabase(run.config), { id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs);
    const signal = AbortSignal.any([run.ports.cancelled, journal.lock.lost, own.lost]);
    try {
      await oneOffs.othersEnded(purposes.ofOthers, run.id, signal);
      const backup = 'off' in config.backup ? undefined : await data?.ensureBackup(config.backup.maxAgeMs, signal);
      if (backup) run.ports.log.info(`${backup.isNew ? 'made' : 'use'} the ${backup.verified === 'restore' ? 'restored and compared' : 'verified'} backup ${backup.name} of ${this.what}`);
      const headBefore = await data?.head(signal);
      const record = this.record(journal.reference, headBefore, backup);
      if (config.rehearse && backup && data) {
        const { rehearse } = await import('./rehearse.js');
        const command = this.command(purposes.rehearsal, journal.reference);
        const started = (): Promise<unknown> => this.started(journal, record);
        this.rehearsed = await rehearse({ ports: run.ports, oneOffs, data, backup, command, record, what: this.what, started }, signal);
      }
      const before = await this.started(journal, record);
      await Promise.all([journal.lock.confirm(), own.confirm()]);
      await this.migrate(journal, { record, before }, signal);
    } finally {
      await own.release();
    }
  }

  /** How the rehearsal went, if there was one that succeeded. */
  rehearsed: RehearsalResult | undefined;

  async close(): Promise<void> {
    await this.parts.data?.close();
  }

  /** Records that it may be applied from now on. @returns what the record had ahead before */
  private async started({ write }: MigrationJournal, record: MigrationRecord): Promise<Ledger['ahead']> {
    let before: Ledger['ahead'];
    await write((ledger) => {
      before = ledger.ahead;
      return withMigration(withMark(ledger, migrationMarks.started), record);
    });
    return before;
  }

  private get what(): string {
    const { data, config } = this.parts;
    const name = data?.database ?? config.database;
    return name === undefined ? 'the database' : `the database ${name}`;
  }

  private record(reference: string, headBefore: string | undefined, backup: BackupFound | undefined): MigrationRecord {
    const { run, config } = this.parts;
    const { log, clock } = run.ports;
    const undo = config.undo === undefined || config.undo === false ? config.undo : log.redact(config.undo.text);
    return {
      run: run.id, ...run.facts.runUrl !== undefined && { runUrl: run.facts.runUrl }, at: new Date(clock.now()).toISOString(),
      command: log.redact(config.text), reference, state: 'started', ...headBefore !== undefined && { headBefore }, ...undo !== undefined && { undo }, ...backup && { backup: backup.name },
    };
  }

  private command(purpose: string, reference: string): OneOff {
    const { run, config } = this.parts;
    return { purpose, run: run.id, command: config.run, text: config.text, reference, subject: config.workload, timeoutMs: config.timeoutMs };
  }

  private async migrate(journal: MigrationJournal, started: Started, signal: AbortSignal): Promise<void> {
    const { run: { ports: { log }, id }, oneOffs } = this.parts;
    const { record } = started;
    let ran: RanOnce;
    try {
      ran = await oneOffs.run(this.command(purposes.migration, journal.reference), signal);
    } catch (error) {
      throw error instanceof OneOffError ? await this.failure(journal, started, error) : error;
    }
    const head = await this.headNow();
    // The run may be cancelled by now: what has happened is recorded all the same.
    await journal.write((ledger) => withApplied(withMark(ledger, migrationMarks.applied), id, head));
    const change = head === undefined ? '' : head === record.headBefore ? ': nothing to migrate' : `: ${record.headBefore ?? 'none'} → ${head}`;
    log.info(`migrated ${this.what} in ${(ran.tookMs / 1000).toFixed(1)} s${change}`);
  }

  /** The error of the run, and its record: what has not started, or left the database as it was, is no migration. */
  private async failure({ write }: MigrationJournal, { record, before }: Started, error: OneOffError): Promise<MigrationError> {
    const { data } = this.parts;
    const head = error.hasStarted ? await this.headNow() : undefined;
    const isUnchanged = !error.hasStarted || (head !== undefined && head === record.headBefore);
    if (isUnchanged) await write(({ ahead: _, ...ledger }) => ({ ...ledger, ...before && { ahead: before } })).catch(() => undefined);
    const restore = record.backup === undefined || !data ? [] : data.restoreCommands(record.backup);
    const state = error.hasStarted ? `${this.sentence} is as the migration left it${head === undefined ? '' : `, with ${head} as its last migration`}. Nothing was deployed.` : `${this.sentence} was not changed.`;
    const commands = error.hasStarted && restore.length > 0 ? `To restore the backup from before: ${restore.map((each) => `\`${each}\``).join(', then ')}.` : '';
    return new MigrationError(`The migration failed: ${error.message} ${state}`, { ...detailsOf(error), hint: [error.hint, commands].filter((each) => each !== '').join(' ') });
  }

  private get sentence(): string {
    return this.what.replace(/^t/, 'T');
  }

  private async headNow(): Promise<string | undefined> {
    const { data, run: { ports: { clock } } } = this.parts;
    if (!data) return undefined;
    return within(clock, { ms: headWithinMs, late: () => new Error('the database did not answer in time') }, (signal) => data.head(signal)).catch(() => undefined);
  }
}

interface Started {
  readonly record: MigrationRecord;
  /** What the record had ahead before. */
  readonly before: Ledger['ahead'];
}

const minutes = (ms: number): string => (ms >= 7_200_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 60_000)} min`);
