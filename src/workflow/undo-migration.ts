import { migratedDatabase } from '../config/migrate-config.js';
import type { MigrationData } from '../data/migration.js';
import type { Evidence } from '../outcome/errors.js';
import { DeployError } from '../outcome/errors.js';
import { settingText } from '../outcome/place-words.js';
import { messageOf, sentence } from '../outcome/wording.js';
import { within } from '../ports/within.js';
import type { Ledger } from '../record/ledger.js';
import type { MigrationRecord } from '../record/migration.js';
import { describeMigration, withoutMigration } from '../record/migrations.js';
import type { OpenTarget } from '../target/target.js';
import { appliedOf, purposes } from './migration-marks.js';
import type { MigratingRun } from './run.js';

/** What became of the migration of a run whose version is rolled back. */
export interface MigrationUndone {
  /**
   * `free`: there was none, or it is undone. `kept`: it stays, and the previous version meets it. `refused`: it cannot be undone, so
   * the version must not be rolled back. `failed`: what the database is like is not known.
   */
  readonly result: 'free' | 'kept' | 'refused' | 'failed';
  readonly notes: readonly string[];
  readonly evidence: readonly Evidence[];
}

const free: MigrationUndone = { result: 'free', notes: [], evidence: [] };

/**
 * What has to be done about the database before a version is rolled back. A command that undoes the migration runs with the new
 * version, as only that knows it; it is that of the settings, never one that only the record names. Does not reject.
 * @param write called with the record once the migration is undone
 */
export async function undoMigration(
  by: MigratingRun, target: Pick<OpenTarget, 'oneOffs'>, ledger: Ledger, write: (ledger: Ledger) => Promise<void>,
): Promise<MigrationUndone> {
  const own = appliedOf(ledger);
  if (!own) return free;
  const what = `The migration ${describeMigration(own)}`;
  if (own.undo === undefined) return { result: 'kept', notes: [`${what} stays: the previous version now runs on the migrated database.`], evidence: [] };
  if (own.undo !== false) return new Undo({ by, target, ledger, own }, write).run();
  if (by.config.migrate?.force) return { result: 'kept', notes: [`${what} cannot be undone, and \`migrate.force\` is set: the previous version now runs on the migrated database.`], evidence: [] };
  return {
    result: 'refused', evidence: [],
    notes: [`${what} is declared irreversible, so what was deployed was not rolled back. Deploy a version that fixes it. If the previous version works with the migrated database, roll back with ${settingText('force', 'true')}.`],
  };
}

interface Of {
  readonly by: MigratingRun;
  readonly target: Pick<OpenTarget, 'oneOffs'>;
  readonly ledger: Ledger;
  readonly own: MigrationRecord;
}

/** How long the last migration of the database is looked up, ms. */
const headWithinMs = 15_000;

class Undo {
  constructor(private readonly of: Of, private readonly write: (ledger: Ledger) => Promise<void>) {}

  async run(): Promise<MigrationUndone> {
    const { by, own, target } = this.of;
    const undo = by.config.migrate?.undo;
    const text = undo ? undo.text : undefined;
    if (!undo || text === undefined || by.ports.log.redact(text) !== own.undo) {
      return this.failed(`It has to be undone with \`${String(own.undo)}\` before the previous version is restored, and the settings of this run do not name that command.`);
    }
    const oneOffs = await target.oneOffs?.();
    if (!oneOffs) return this.failed('The target cannot run the command that undoes it.');
    const taking = oneOffs.lock(migratedDatabase(by.config), { id: by.id, url: by.facts.runUrl }, by.config.lockTimeoutMs);
    const lock = await taking.catch((error: unknown) => messageOf(error));
    if (typeof lock === 'string') return this.failed(lock);
    try {
      // The command is started once for each run, whoever starts it: another process may have undone it.
      const { run, reference } = own;
      by.ports.log.info(`undoing the migration with \`${text}\``);
      const { timeoutMs, workload } = by.config.migrate ?? { timeoutMs: 0, workload: undefined };
      if (!await this.isUndone()) {
        await oneOffs.run({ purpose: purposes.undo, run, command: undo.run, text, reference, subject: workload, timeoutMs }, new AbortController().signal);
      }
      await this.write(withoutMigration({ ...this.of.ledger, ...own.headBefore !== undefined && { head: own.headBefore } }, run));
      return { result: 'free', notes: [`The migration was undone with \`${text}\`.`], evidence: [] };
    } catch (error) {
      return this.failed(sentence(messageOf(error)), error instanceof DeployError ? error.evidence : []);
    } finally {
      await lock.release();
    }
  }

  /** Whether the database has the last migration from before. */
  private async isUndone(): Promise<boolean> {
    const { by, own } = this.of;
    if (own.headBefore === undefined || own.headAfter === undefined) return false;
    return this.withData(async (data) => {
      const late = (): Error => new Error('the database did not answer in time');
      return await within(by.ports.clock, { ms: headWithinMs, late }, (signal) => data.head(signal)) === own.headBefore;
    }).then((answer) => answer ?? false, () => false);
  }

  private async failed(why: string, evidence: readonly Evidence[] = []): Promise<MigrationUndone> {
    const { own } = this.of;
    const { backup } = own;
    const commands = backup === undefined ? [] : await this.withData((data) => Promise.resolve(data.restoreCommands(backup))).catch(() => undefined) ?? [];
    const restore = commands.length === 0 ? [] : [`To restore the database as it was before the migration: ${commands.map((each) => `\`${each}\``).join(', then ')}.`];
    return {
      result: 'failed', evidence,
      notes: [`The migration ${describeMigration(own)} was not undone, so what was deployed was not rolled back. ${why}`, `Undo it with \`${String(own.undo)}\`, then restore the previous version.`, ...restore],
    };
  }

  private async withData<T>(work: (data: MigrationData) => Promise<T>): Promise<T | undefined> {
    const { by } = this.of;
    const data = await by.openMigrationData?.(by);
    if (!data) return undefined;
    try {
      return await work(data);
    } finally {
      await data.close();
    }
  }
}
