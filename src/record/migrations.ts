import type { Ledger, Release } from './ledger.js';
import type { MigrationRecord } from './migration.js';

/* The migrations of a database, as far as the record of an app knows them. */

/**
 * The ledger with a migration that is about to be started. One that an earlier run has started and not ended is a part of it: what
 * that has left is done by this one.
 */
export function withMigration(ledger: Ledger, migration: MigrationRecord): Ledger {
  const { ahead = [] } = ledger;
  const left = ahead.find(({ state }) => state === 'started');
  const headBefore = left ? left.headBefore : migration.headBefore;
  const { headBefore: _, ...rest } = migration;
  return { ...ledger, ahead: [...ahead.filter(({ state }) => state === 'applied'), { ...rest, ...headBefore !== undefined && { headBefore } }] };
}

/** The migration that a run has started, if it is not a part of a release yet. */
export const migrationOf = ({ ahead = [] }: Pick<Ledger, 'ahead'>, run: string): MigrationRecord | undefined => ahead.find((each) => each.run === run);

/** The ledger without the migration of a run: it was undone, or it turned out to have changed nothing. */
export function withoutMigration(ledger: Ledger, run: string): Ledger {
  const { ahead = [], ...rest } = ledger;
  const others = ahead.filter((each) => each.run !== run);
  return others.length > 0 ? { ...rest, ahead: others } : rest;
}

/**
 * The ledger once the migration of a run has succeeded. If the database has the same last migration as before, nothing was applied.
 * @param head undefined: not known
 */
export function withApplied(ledger: Ledger, run: string, head: string | undefined): Ledger {
  const known: Ledger = { ...ledger, ...head !== undefined && { head } };
  const own = migrationOf(ledger, run);
  if (own === undefined || (head !== undefined && head === own.headBefore)) return withoutMigration(known, run);
  const applied: MigrationRecord = { ...own, state: 'applied', ...head !== undefined && { headAfter: head } };
  return { ...known, ahead: (ledger.ahead ?? []).map((each) => (each === own ? applied : each)) };
}

/**
 * The migrations that an earlier release meets: those that were applied since, newest first. None if the release was verified with
 * the last migration that the database has now.
 */
export function migrationsSince(ledger: Ledger | undefined, release: Release): readonly MigrationRecord[] {
  if (!ledger || (release.head !== undefined && release.head === ledger.head && (ledger.ahead ?? []).length === 0)) return [];
  const { releases, ahead = [] } = ledger;
  const index = releases.findIndex(({ at, reference }) => at === release.at && reference === release.reference);
  const later = (index === -1 ? releases : releases.slice(0, index)).filter(({ repository }) => repository === undefined || repository === release.repository);
  return [...[...ahead].reverse(), ...later.flatMap(({ migrations = [] }) => [...migrations].reverse())];
}

/** `npm run db:migrate of https://…/runs/1 (0007 → 0009)`, for a sentence. */
export function describeMigration({ command, run, runUrl, headBefore, headAfter, state }: MigrationRecord): string {
  const heads = headAfter === undefined ? '' : ` (${headBefore ?? 'none'} → ${headAfter})`;
  return `\`${command}\` of ${runUrl ?? run}${heads}${state === 'started' ? ', which was not seen to end' : ''}`;
}
