import { describe, expect, it } from '@jest/globals';
import type { BackupConfig, Config } from '../../src/config/config.js';
import { DataError } from '../../src/data/error.js';
import type { Outcome } from '../../src/outcome/outcome.js';
import { StoreError } from '../../src/store/store.js';
import { addBackup } from '../data/backups.js';
import { backupObjects, backupSettings, databaseNamed, DataWorld } from './data-world.js';

const hourMs = 3_600_000;
const settings = (changes: Partial<BackupConfig>): Partial<Config> => ({ backup: { ...backupSettings, ...changes } });
const run = (here: DataWorld, given: Partial<Config> = {}): Promise<Outcome> => here.backUp(here.start('backup', given));
const labelsOf = ({ timeline }: Outcome): string[] => timeline.map(({ label, result }) => `${label} ${result}`);
/** Databases that have a backup by their manifests. */
const backedUp = (here: DataWorld): string[] => backupObjects(here).filter((name) => name.endsWith('/manifest.json')).map((name) => name.split('/')[0] ?? '').sort();
const closed = (here: DataWorld): unknown[] => [here.open, here.disk.open(), [...here.databases.keys()].map((name) => here.holderOf(name) ?? '')];

describe('a backup', () => {
  it('of several databases dumps each under its lock, verifies it and stores it', async () => {
    const here = new DataWorld('main', 'reports');
    const outcome = await run(here);
    expect([outcome.failure?.message, outcome.verdict, backedUp(here)]).toEqual([undefined, 'backed-up', ['main', 'reports']]);
    expect(labelsOf(outcome)).toEqual(['preflight', 'dump main', 'verify main', 'store main', 'dump reports', 'verify reports', 'store reports'].map((label) => `${label} ok`));
    expect([closed(here), outcome.data?.oldestAgeMs]).toEqual([[0, 0, ['', '']], 0]);
  });
  it('leaves out a cache, which a restore empties', async () => {
    const here = new DataWorld('main', 'cache');
    const outcome = await run(here, { databases: [databaseNamed('main'), databaseNamed('cache', { isCache: true })] });
    expect([outcome.verdict, backedUp(here)]).toEqual(['backed-up', ['main']]);
  });
  it('prints what it would do, and stores nothing, in a dry run', async () => {
    const here = new DataWorld();
    const outcome = await run(here, { dryRun: true });
    expect([outcome.verdict, backupObjects(here), here.holderOf()]).toEqual(['planned', [], undefined]);
    expect(outcome.plan?.steps.map(({ title }) => title)).toEqual([
      'dump database "acci", under its lock', 'restore the dump into a scratch server, and compare it with its source', 'store it in `s3://backups/api`, without encryption, and read it back',
    ]);
  });
  it('reports what its dump warns of', async () => {
    const here = new DataWorld();
    here.main.fake.facts = { ...here.main.fake.facts, warnings: ['The roles could not be read.'] };
    expect((await run(here)).warnings).toEqual(['main: The roles could not be read.']);
  });
  it('warns that one was missed', async () => {
    const here = new DataWorld();
    addBackup(here.store, here.world.clock.now() - 9 * hourMs);
    const outcome = await run(here, settings({ rpoMs: 6 * hourMs, allowSmaller: true }));
    expect([outcome.verdict, outcome.warnings]).toEqual(['backed-up', ['The last verified backup of main before this one is 9 h old, and `rpo` is 6 h: a backup was missed. Check the schedule.']]);
  });
  it('removes old ones once its own is verified and stored', async () => {
    const here = new DataWorld();
    const names = [400, 300, 200, 100, 50, 25].map((hours) => addBackup(here.store, here.world.clock.now() - hours * hourMs));
    const outcome = await run(here, settings({ retention: { last: 4 } }));
    expect([outcome.verdict, here.store.done.filter((each) => each.startsWith('remove ')).map((each) => each.split('/')[1])]).toEqual(['backed-up', [names[0], names[0], names[1], names[1], names[2], names[2]].sort()]);
    expect(here.store.done.findIndex((each) => each.startsWith('remove '))).toBeGreaterThan(here.store.done.findLastIndex((each) => each.startsWith('put ')));
    expect(outcome.data?.kept.filter(({ removed }) => removed).map(({ backup }) => backup).sort()).toEqual(names.slice(0, 3).sort());
  });
});

describe('a backup that fails', () => {
  it('of one database does not keep the others from theirs; nothing old is removed', async () => {
    const here = new DataWorld('main', 'reports', 'audit');
    for (const hours of [400, 300, 200, 100]) addBackup(here.store, here.world.clock.now() - hours * hourMs);
    here.main.fake.fails.restore = new DataError('backup-failed', 'The rows of main differ.', { hint: 'Look at main.' });
    const audit = here.databases.get('audit');
    if (audit) audit.fake.fails.dump = new DataError('backup-failed', 'The dump of audit is incomplete.', { hint: 'Look at audit.' });
    const outcome = await run(here, settings({ retention: { last: 1 }, allowSmaller: true }));
    expect([outcome.verdict, outcome.failure?.cause, outcome.failure?.message, outcome.failure?.hint]).toEqual(['failed', 'backup-failed', 'The rows of main differ.\nThe dump of audit is incomplete.', 'Look at main.\nLook at audit.']);
    expect(labelsOf(outcome)).toEqual(['preflight ok', 'dump main ok', 'verify main failed', 'dump reports ok', 'verify reports ok', 'store reports ok', 'dump audit failed']);
    expect([backedUp(here), here.store.done.filter((each) => each.startsWith('remove ')), closed(here)]).toEqual([['main', 'main', 'main', 'main', 'reports'], [], [0, 0, ['', '', '']]]);
    expect(outcome.data?.backups.map(({ database }) => database)).toEqual(['reports']);
  });
  it('to open several databases reports all of them at once', async () => {
    const here = new DataWorld('main', 'reports');
    here.main.fails.open = new DataError('backup-failed', 'No pod is ready.', { hint: 'Wait.' });
    const outcome = await run(here, { databases: [databaseNamed('main'), databaseNamed('reports'), databaseNamed('other')] });
    expect([outcome.verdict, outcome.failure?.stage, outcome.failure?.message, outcome.failure?.hint]).toEqual(['failed', 'preflight', 'No pod is ready.\nNo pod in namespace web matches other.', 'Wait.\nCheck it.']);
    expect([backupObjects(here), here.open]).toEqual([[], 0]);
  });
  it('to store its manifest leaves no object', async () => {
    const here = new DataWorld();
    here.store.fail(/^put .*manifest/, new StoreError('denied', 'manifest.json was not stored: AccessDenied', 'Check the policy.'));
    const outcome = await run(here);
    expect([outcome.failure?.cause, backupObjects(here), closed(here)]).toEqual(['backup-failed', [], [0, 0, ['']]]);
  });
  it('because the account is not allowed to says so first, with the Role', async () => {
    const here = new DataWorld();
    here.world.server.rules = [{ verbs: ['get', 'list', 'watch'], apiGroups: ['*'], resources: ['*'] }];
    const outcome = await run(here, { databases: [databaseNamed('main', { password: { secret: 'pg', key: 'password' } })] });
    expect([outcome.failure?.cause, outcome.failure?.message, here.main.story]).toEqual([
      'permission-denied', 'The account of this run lacks permissions that the run needs in namespace web: create pods/exec; create, update, patch leases (deploy-database-api-main); create, delete jobs.', []]);
    expect(outcome.failure?.evidence[0]?.title).toBe('Role with the missing permissions, and its binding');
  });
  it.each(['dump', 'restore'] as const)('because it is cancelled in its %s leaves nothing', async (step) => {
    const here = new DataWorld('main', 'reports');
    const started = here.start('backup');
    Object.defineProperty(here.main.fake.fails, step, { get: () => {
      started.cancel();
      return undefined;
    } });
    const outcome = await here.backUp(started);
    expect([outcome.failure?.cause, backupObjects(here), closed(here)]).toEqual(['cancelled', [], [0, 0, ['', '']]]);
  });
});

describe('the lock of a database', () => {
  it('lets the second of two backups wait', async () => {
    const here = new DataWorld();
    const outcomes = await Promise.all([run(here), run(here, settings({ allowSmaller: true }))]);
    expect([outcomes.map(({ verdict }) => verdict), backedUp(here), closed(here)]).toEqual([['backed-up', 'backed-up'], ['main', 'main'], [0, 0, ['']]]);
  });
  it('is waited for until `lock-timeout`; other databases are backed up all the same', async () => {
    const here = new DataWorld('main', 'reports');
    const renewing = (async () => {
      for (let count = 0; count < 15; count += 1) {
        here.lockDatabase('migration');
        await here.world.clock.sleep(5000);
      }
    })();
    const outcome = await run(here, { lockTimeoutMs: 30_000 });
    expect([outcome.failure?.cause, outcome.failure?.message, backedUp(here)]).toEqual([
      'locked', expect.stringMatching(/^The database main of api is being migrated by another run since \S+ \(https:\/\/runs\.example\/migration\), which did not finish within 30 s\.$/), ['reports']]);
    await renewing;
  });
  it('expires by itself when a run is killed', async () => {
    const here = new DataWorld();
    const dead = here.start('backup');
    await new Promise<void>((resolve) => {
      Object.defineProperty(here.main.fake.fails, 'dump', { configurable: true, get: () => {
        dead.kill();
        resolve();
        throw new Error('the process is gone');
      } });
      void here.backUp(dead);
    });
    Object.defineProperty(here.main.fake.fails, 'dump', { value: undefined });
    expect((await run(here)).verdict).toBe('backed-up');
  });
});

describe('a check', () => {
  const check = (here: DataWorld, rpoMs?: number): Promise<Outcome> => run(here, { ...settings({ ...rpoMs !== undefined && { rpoMs } }), isCheckOnly: true });

  it('opens no database and no cluster, and takes no lock', async () => {
    const here = new DataWorld();
    addBackup(here.store, here.world.clock.now() - hourMs);
    const outcome = await check(here, 6 * hourMs);
    expect([outcome.verdict, outcome.data?.oldestAgeMs, here.main.story, here.world.server.seen]).toEqual(['backed-up', hourMs, [], []]);
  });
  it('does not count a backup of another environment, or one of the future', async () => {
    const here = new DataWorld();
    addBackup(here.store, here.world.clock.now() - hourMs, { environment: 'staging' });
    addBackup(here.store, here.world.clock.now() + 9999 * hourMs);
    expect((await check(here, 6 * hourMs)).failure?.message).toBe('There is no verified backup of main.');
  });
  it('fails for every database without a backup that is young enough', async () => {
    const here = new DataWorld('main', 'reports');
    addBackup(here.store, here.world.clock.now() - 9 * hourMs);
    const outcome = await check(here, 6 * hourMs);
    expect([outcome.verdict, outcome.failure?.cause]).toEqual(['failed', 'backup-overdue']);
    expect(outcome.failure?.message).toMatch(/^The last verified backup of main, \S+, is 9 h old, and `rpo` is 6 h\.\nThere is no verified backup of reports\.$/);
  });
});
