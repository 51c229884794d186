import type { Ledger } from '../record/ledger.js';
import type { MigrationRecord } from '../record/migration.js';
import { describeMigration, migrationOf } from '../record/migrations.js';

/** Marks of a migration in the record, before those of the waves. */
export const migrationMarks = { started: 'migration', applied: 'migrated' } as const;

/** What commands are run for. */
export const purposes = {
  migration: 'migrate', rehearsal: 'rehearse', undo: 'migrate-undo',
  /** Of earlier runs: a rehearsal has nothing but a copy. */
  ofOthers: { awaited: ['migrate', 'migrate-undo'], ended: ['rehearse'] },
} as const;

/** Whether the run of a record got no further than its migration: it has deployed nothing. */
export const onlyMigrated = ({ run: { marks } }: Pick<Ledger, 'run'>): boolean =>
  marks.length > 0 && marks.every((mark) => mark === migrationMarks.started || mark === migrationMarks.applied);

/** The migration of the run of a record, if it was applied and no verified release has it. */
export const appliedOf = (ledger: Ledger | undefined): MigrationRecord | undefined => {
  const own = ledger && migrationOf(ledger, ledger.run.id);
  return own?.state === 'applied' ? own : undefined;
};

/** Whether a rollback of the run of a record has to undo its migration first, which takes longer than a cancelled step has. */
export const mustUndo = (ledger: Ledger | undefined): boolean => typeof appliedOf(ledger)?.undo === 'string';

/** That the migration of a run is not undone, although what it was for is not deployed; empty where it is. */
export function migrationLeft(ledger: Ledger | undefined): string[] {
  const own = ledger && migrationOf(ledger, ledger.run.id);
  if (!own) return [];
  const state = own.state === 'applied' ? 'is applied' : 'may be applied in part';
  return [`The migration ${describeMigration(own)} ${state}. The database may be ahead of the version that is deployed.`];
}
