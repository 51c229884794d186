import type { MigrateConfig } from '../../src/config/config.js';
import type { MigrationData, Unseen } from '../../src/data/migration.js';
import type { CopySeen } from '../../src/data/engine.js';
import { DataError } from '../../src/data/error.js';
import type { Sidecar } from '../../src/kubernetes/job/sidecar.js';
import type { Job } from '../../src/kubernetes/client/objects.js';
import type { Clock } from '../../src/ports/clock.js';
import type { Config } from '../../src/config/config.js';
import { purposeOf, type Program } from '../kubernetes/server/jobs.js';
import type { StartOptions, TestWorld } from './world.js';

export const migrate: MigrateConfig = {
  text: '/app migrate', run: ['/app', 'migrate'], workload: undefined, database: 'main', backup: { maxAgeMs: 900_000 }, rehearse: false, undo: undefined, force: false, timeoutMs: 600_000,
};
export const undo = { text: '/app rollback', run: ['/app', 'rollback'] };

/** A database that is migrated by Jobs of a world, and what is kept of it. */
export class TestDatabase {
  head: string | undefined = '0001';
  /** Last migrations of copies that were migrated. */
  readonly copies: (string | undefined)[] = [];
  readonly backups: { readonly name: string; readonly at: number; readonly head: string | undefined }[] = [];
  /** What happened, in its order. */
  readonly story: string[] = [];
  /** How the programs of Jobs end, by their purpose. */
  readonly programs: Partial<Record<string, Program>> = {};
  backupFails = false;
  /** The copy of a rehearsal cannot be restored. */
  restoreFails = false;
  /** Logins to a copy by a migration that did not succeed there. */
  failedLogins = 0;
  /** Its last migration cannot be read. */
  isUnknown = false;
  open = 0;

  constructor(private readonly world: TestWorld) {
    world.jobProgram = (job) => this.programOf(job);
  }

  /** Settings of a run that migrates. */
  settings(changes: Partial<MigrateConfig> = {}): Partial<Config> {
    return { migrate: { ...migrate, ...changes } };
  }

  get options(): Pick<StartOptions, 'openMigrationData'> {
    return {
      openMigrationData: async () => {
        this.open += 1;
        return dataOf(this, this.world.clock);
      },
    };
  }

  private programOf(job: Job): Program {
    const purpose = purposeOf(job);
    const isCopy = (job.spec?.template?.spec?.hostAliases ?? []).some(({ hostnames = [] }) => hostnames.includes('postgresql'));
    const effects: Readonly<Record<string, () => void>> = {
      'migrate': () => { this.head = '0002'; },
      'rehearse': () => { if (isCopy) this.copies.push('0002'); else this.head = '0002'; },
      'migrate-undo': () => { this.head = '0001'; },
    };
    const given = this.programs[purpose] ?? {};
    const succeeds = (given.code ?? 0) === 0;
    const effect = (): void => {
      this.story.push(`${purpose}${succeeds ? '' : ' failed'}`);
      (given.effect ?? (succeeds ? effects[purpose] : undefined))?.();
    };
    return { lines: [`${purpose}…`], ...given, effect };
  }
}

function dataOf(database: TestDatabase, clock: Clock): MigrationData {
  const newest = () => database.backups.at(-1);
  return {
    database: 'main',
    look: async (maxAgeMs) => ({ problems: [], warnings: [], backup: maxAgeMs === undefined ? 'no backup' : `back up main, whose last backup is ${newest()?.name ?? 'none'}` }),
    ensureBackup: async (maxAgeMs, signal) => {
      const last = newest();
      if (last && clock.now() - last.at <= maxAgeMs) return { name: last.name, at: last.at, verified: 'restore', isNew: false };
      await clock.sleep(5000, signal);
      if (database.backupFails) throw new DataError('backup-failed', 'The dump of main is incomplete.');
      const made = { name: `backup-${database.backups.length + 1}`, at: clock.now(), head: database.head };
      database.backups.push(made);
      database.story.push('backup');
      return { name: made.name, at: made.at, verified: 'restore', isNew: true };
    },
    rehearsal: async (_backup, signal) => {
      await clock.sleep(1000, signal);
      const before = database.copies.length;
      let seen: CopySeen | Unseen = { why: 'it was not looked at' };
      const sidecar: Sidecar = {
        container: { name: 'copy', restartPolicy: 'Always' }, volumes: [], hostAliases: [{ ip: '127.0.0.1', hostnames: ['postgresql'] }], imagePullSecrets: [], env: {}, timeoutMs: 600_000,
        prepare: async (_pod, over) => {
          await clock.sleep(2000, over);
          if (database.restoreFails) throw new DataError('backup-failed', 'The dump does not restore.');
          database.story.push('copy restored');
        },
        conclude: async () => {
          const migrated = database.copies.length - before;
          seen = { logins: migrated + database.failedLogins, ...migrated > 0 && { head: database.copies.at(-1) } };
        },
        end: async () => void (database.story.at(-1) === 'copy ended' || database.story.push('copy ended')),
      };
      return { sidecar, words: 'a restored copy of main', hosts: ['postgresql', 'postgresql.web'], seen: () => seen };
    },
    head: async () => (database.isUnknown ? undefined : database.head),
    restoreCommands: (backup) => [`deploy restore --backup ${backup} --confirm main`],
    close: async () => void (database.open -= 1),
  };
}
