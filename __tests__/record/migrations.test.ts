import { describe, expect, it } from '@jest/globals';
import type { Ledger, Release } from '../../src/record/ledger.js';
import type { MigrationRecord } from '../../src/record/migration.js';
import { describeMigration, migrationsSince, withApplied, withMigration, withoutMigration } from '../../src/record/migrations.js';
import { formatLedger, parseLedger } from '../../src/record/schema.js';
import { withVerified } from '../../src/record/release.js';
import { ledgerOf } from '../target/set-image/ledgers.js';

const of = (run: string, changes: Partial<MigrationRecord> = {}): MigrationRecord => ({ run, at: '2026-01-01T00:00:00Z', command: 'migrate', reference: 'api@sha256:1', state: 'started', ...changes });
const ledger = (changes: Partial<Ledger> = {}): Ledger => ({ ...ledgerOf(), releases: [], ...changes });
const release = (name: string, changes: Partial<Release> = {}): Release => ({ reference: name, at: name, verified: true, contents: [{ subject: 'deployment/api', part: 'app', version: name }], ...changes });

describe('a migration in the record', () => {
  it('is ahead of what is deployed from before it starts', () => {
    expect(withMigration(ledger(), of('1', { headBefore: 'a' })).ahead).toEqual([of('1', { headBefore: 'a' })]);
  });
  it('has what an earlier one has left, and leaves what others have applied', () => {
    const ahead = [of('1', { state: 'applied', headBefore: 'a', headAfter: 'b' }), of('2', { headBefore: 'b' })];
    expect(withMigration(ledger({ ahead }), of('3', { headBefore: 'c' })).ahead).toEqual([ahead[0], of('3', { headBefore: 'b' })]);
    expect(withMigration(ledger({ ahead: [of('2')] }), of('3', { headBefore: 'c' })).ahead).toEqual([of('3')]);
  });
  it('is applied with the last migration that the database has then', () => {
    expect(withApplied(ledger({ ahead: [of('1', { headBefore: 'a' })] }), '1', 'b')).toMatchObject({ head: 'b', ahead: [{ state: 'applied', headAfter: 'b' }] });
    expect(withApplied(ledger({ ahead: [of('1')] }), '1', undefined).ahead).toEqual([of('1', { state: 'applied' })]);
  });
  it('is none if that is the one from before', () => {
    expect(withApplied(ledger({ ahead: [of('0', { state: 'applied' }), of('1', { headBefore: 'a' })] }), '1', 'a').ahead).toEqual([of('0', { state: 'applied' })]);
    expect(withApplied(ledger({ ahead: [of('1', { headBefore: 'a' })] }), '1', 'a')).not.toHaveProperty('ahead');
  });
  it('is gone once it is undone', () => {
    expect(withoutMigration(ledger({ ahead: [of('0'), of('1')] }), '1').ahead).toEqual([of('0')]);
    expect(withoutMigration(ledger(), '1')).not.toHaveProperty('ahead');
  });
  it('belongs to the release that was verified with it, also when the same version is released again', () => {
    const applied = of('1', { state: 'applied', headAfter: 'b' });
    const once = withVerified(ledger({ ahead: [applied], head: 'b' }), 0, []);
    expect([once.ahead, once.releases[0]?.migrations, once.releases[0]?.head]).toEqual([undefined, [applied], 'b']);
    expect(withVerified(once, 1000, []).releases).toMatchObject([{ migrations: [applied] }]);
  });
  it('is written and read as it is', () => {
    const full = ledger({ head: 'b', ahead: [of('1', { undo: false, runUrl: 'https://runs.example/1', headBefore: 'a', headAfter: 'b', backup: 'x' })], releases: [release('1', { head: 'a', migrations: [of('0', { undo: 'undo' })] })] });
    expect(parseLedger(formatLedger(full), 'It')).toEqual(JSON.parse(JSON.stringify(full)));
  });
  it('is described with what it did', () => {
    expect(describeMigration(of('1'))).toBe('`migrate` of 1, which was not seen to end');
    expect(describeMigration(of('1', { state: 'applied', runUrl: 'https://runs.example/1', headAfter: 'b' }))).toBe('`migrate` of https://runs.example/1 (none → b)');
  });
});

describe('what a release meets', () => {
  const [one, two, ahead] = [of('1', { state: 'applied' }), of('2', { state: 'applied' }), of('3', { state: 'applied' })];
  const releases = [release('3', { migrations: [two], head: 'c' }), release('2', { migrations: [one], head: 'b' }), release('1', { head: 'a' })];

  it.each<[string, Partial<Ledger>, Release, readonly MigrationRecord[]]>([
    ['is nothing without a record', { releases: [] }, release('1'), []],
    ['is what later releases have', { releases }, release('1', { head: 'a' }), [two, one]],
    ['is not its own', { releases }, release('2', { head: 'b' }), [two]],
    ['is what is ahead of all', { releases, ahead: [ahead] }, release('3', { head: 'c' }), [ahead]],
    ['is nothing if it was verified with the database as it is', { releases, head: 'a' }, release('1', { head: 'a' }), []],
    ['is everything if it is not known', { releases }, release('0'), [two, one]],
    ['is not that of another app with the same record', { releases: [release('9', { migrations: [two], repository: 'other' }), release('1', { repository: 'api' })] }, release('1', { repository: 'api' }), []],
  ])('%s', (_what, changes, wanted, met) => {
    expect(migrationsSince(ledger(changes), wanted)).toEqual(met);
  });
  it('is nothing where no record is', () => {
    expect(migrationsSince(undefined, release('1'))).toEqual([]);
  });
});
