import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { BackupChoice } from '../../src/config/values/backup-choice.js';
import { chooseBackup, isBackupObject, missingObjects, othersIn, readCatalog, type Catalog, type CatalogOptions } from '../../src/data/catalog.js';
import { keptBackups, planKeeping } from '../../src/data/keep.js';
import { objectNames } from '../../src/data/manifest.js';
import { prune } from '../../src/data/prune.js';
import { StoreError } from '../../src/store/store.js';
import { going } from '../store/contract.js';
import { memoryStore, type MemoryStore } from '../store/memory-store.js';
import { addBackup, nameAt } from './backups.js';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 10, 1, 3);
const now = start + 30 * day;

const read = (store: MemoryStore, options: Partial<CatalogOptions> = {}): Promise<Catalog> =>
  readCatalog(store, { signal: going(), ...options });
/** A backup on each of so many days, the first on the 1st of November. */
function daily(count: number, database = 'main', store = memoryStore()): MemoryStore {
  for (let index = 0; index < count; index += 1) addBackup(store, start + index * day, { database });
  return store;
}
const change = (store: MemoryStore, name: string, bytes: string): void => void store.objects.set(name, { bytes: Buffer.from(bytes), changedAt: start });
const file = (database: string, at: number, title: string): string => `${database}/${nameAt(at)}/${title}`;

describe('the catalog', () => {
  it('has the backups of all databases, newest first, with what they take', async () => {
    const store = daily(2, 'other', daily(2));
    const { backups, ...rest } = await read(store);
    expect(backups.map(({ database, name, at, objects }) => `${database} ${name} ${new Date(at).toISOString()} ${objects.map((object) => object.name.split('/').at(-1)).join()}`)).toEqual([
      'main 2026-11-02T03-00-00Z-3f9a07 2026-11-02T03:00:00.000Z dump,manifest.json', 'other 2026-11-02T03-00-00Z-3f9a07 2026-11-02T03:00:00.000Z dump,manifest.json',
      'main 2026-11-01T03-00-00Z-3f9a07 2026-11-01T03:00:00.000Z dump,manifest.json', 'other 2026-11-01T03-00-00Z-3f9a07 2026-11-01T03:00:00.000Z dump,manifest.json',
    ]);
    expect(rest).toEqual({ others: [], unreadable: [], leftovers: [], strangers: 0 });
  });

  it('has those of one database alone, and reads no others', async () => {
    const store = daily(2, 'main-2', daily(2));
    expect((await read(store, { database: 'main' })).backups.map(({ database }) => database)).toEqual(['main', 'main']);
    expect(store.done.filter((each) => each.includes('main-2'))).toEqual([]);
  });

  it('is not disturbed by strangers, and lists what belongs to no backup', async () => {
    const store = daily(1);
    for (const name of ['README.md', 'main/notes.txt', 'main/2025/manifest.json', 'photos/a/b/manifest.json', `main/${nameAt(start)}/sub/file`]) change(store, name, '{}');
    change(store, file('main', start + day, 'dump.age'), 'x');
    change(store, file('main', start, 'dump.0f2c.part'), 'x');
    const { backups, leftovers, strangers } = await read(store);
    expect([backups.length, strangers, leftovers.map(({ name }) => name)]).toEqual([1, 5, [file('main', start, 'dump.0f2c.part'), file('main', start + day, 'dump.age')]]);
  });

  it('names manifests that cannot be used, and why', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const [key, signedBy] = [privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, publicKey.export({ type: 'spki', format: 'pem' }) as string];
    const store = memoryStore();
    const signed = addBackup(store, start, { key });
    addBackup(store, start + day);
    addBackup(store, start + 2 * day, { change: (manifest) => ({ ...manifest, name: 'other' }) });
    change(store, file('main', start + 3 * day, 'manifest.json'), '{"schema": 1,');
    change(store, file('main', start + 4 * day, 'manifest.json'), '{"schema": 2}');
    addBackup(store, start + 5 * day, { key });
    store.fail(/^get .*2026-11-06/, new StoreError('corrupt', 'manifest.json in s3://backups/api has another checksum', 'x'));
    const { backups, unreadable } = await read(store, { signedBy });
    expect(backups.map(({ name }) => name)).toEqual([signed]);
    expect(unreadable.map(({ name, reason }) => `${name.slice(0, 10)} ${reason}`)).toEqual([
      `2026-11-02 The manifest of the backup ${nameAt(start + day)} of main is not signed.`,
      expect.stringContaining('2026-11-03 The manifest of the backup'), expect.stringContaining('2026-11-04 The manifest of the backup'), expect.stringContaining('has the schema 2'),
      '2026-11-06 manifest.json in s3://backups/api has another checksum.',
    ]);
  });

  it('fails for a store that cannot be read, and for a key that is none', async () => {
    const store = daily(3);
    store.fail(/^get .*2026-11-02/, new StoreError('denied', 'no', 'x'));
    await expect(read(store)).rejects.toMatchObject({ trouble: 'denied' });
    const { privateKey } = generateKeyPairSync('ed25519');
    const signed = memoryStore();
    addBackup(signed, start, { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string });
    await expect(read(signed, { signedBy: 'x' })).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(readCatalog(daily(1), { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  });

  it('does without a backup that is removed meanwhile', async () => {
    const store = daily(2);
    store.fail(/^get .*2026-11-02/, new StoreError('missing', 'gone', 'x'));
    expect((await read(store)).backups).toHaveLength(1);
  });

  it('reads a thousand manifests, sixteen beside each other', async () => {
    const store = daily(1000);
    let [open, most] = [0, 0];
    const counted: MemoryStore = {
      ...store,
      get: async function* get(name, signal) {
        most = Math.max(most, open += 1);
        await new Promise((resolve) => setImmediate(resolve));
        yield* store.get(name, signal);
        open -= 1;
      },
    };
    expect((await read(counted)).backups).toHaveLength(1000);
    expect(most).toBe(16);
  });
});

describe('the names of objects', () => {
  it.each([
    [objectNames('main', nameAt(start)).manifest, true], [objectNames('main', nameAt(start)).of('dump', true), true], [`${objectNames('main', nameAt(start)).of('dump', true)}.0f2c.part`, true],
    ['main/2026/dump', false], ['dump', false], [`a/${nameAt(start)}/b/c`, false], [`a/b/${nameAt(start)}/c`, false],
    // They would end each run that reads or removes them.
    [`main/${nameAt(start)}/dump (1)`, false], [`My Photos/${nameAt(start)}/manifest.json`, false], [`main/${nameAt(start)}/..`, false], [`mäin/${nameAt(start)}/dump`, false],
  ])('%s are those of this action: %s', (name, isOwn) => expect(isBackupObject(name)).toBe(isOwn));
});

describe('a backup is chosen', () => {
  const choose = async (store: MemoryStore, choice: BackupChoice, database = 'main'): Promise<string> => chooseBackup(await read(store), { database, choice, address: store.address, now }).name;
  const before = (text: string): BackupChoice => ({ by: 'time', before: Date.parse(text) });

  it('by its name, as the latest, or as the last one before a time', async () => {
    const store = daily(5, 'other', daily(3));
    expect(await choose(store, { by: 'name', name: nameAt(start) })).toBe(nameAt(start));
    expect(await choose(store, { by: 'latest' })).toBe(nameAt(start + 2 * day));
    expect(await choose(store, before('2026-11-02T03:00:00Z'))).toBe(nameAt(start));
    expect(await choose(store, before('2026-11-02T03:00:01Z'))).toBe(nameAt(start + day));
  });

  it('of the app and environment that it was made for, or by its name', async () => {
    const store = daily(1);
    const [production, staging] = [addBackup(store, start + day, { environment: 'production' }), addBackup(store, start + 2 * day, { environment: 'staging' })];
    const chosen = async (environment: string | undefined, choice: BackupChoice, app = 'api'): Promise<string> => {
      const catalog = await read(store, { origin: { app, ...environment !== undefined && { environment } } });
      return chooseBackup(catalog, { database: 'main', choice, address: store.address, now }).name;
    };
    expect([await chosen('production', { by: 'latest' }), await chosen(undefined, { by: 'latest' }), await chosen('production', { by: 'name', name: staging })]).toEqual([production, nameAt(start), staging]);
    await expect(chosen('dev', before('2026-11-20T00:00:00Z'))).rejects.toMatchObject({
      message: 's3://backups/api has no backup of main before 2026-11-20T00:00:00Z.',
      hint: `The newest one there is of api in staging. Run for that app and environment if it is meant, or give its name, ${staging}, to restore it here.`,
    });
    await expect(chosen('production', { by: 'latest' }, 'shop')).rejects.toThrow('has no backup of main');
    const catalog = await read(store, { origin: { app: 'api', environment: 'staging' } });
    expect(planKeeping(catalog, undefined, { now }).keeping.map(({ backup }) => backup.name)).toEqual([staging]);
    expect(othersIn(catalog, ['main'], store.address)).toEqual([
      's3://backups/api also has 1 backup of main of api in production. This run neither uses nor removes them.', 's3://backups/api also has 1 backup of main of api. This run neither uses nor removes them.',
    ]);
  });

  it('as the latest only if it is not of the future, as while a clock was wrong', async () => {
    const store = daily(2);
    const [soon, later] = [addBackup(store, now + 300_000), addBackup(store, now + 3 * 365 * day)];
    expect(await choose(store, { by: 'latest' })).toBe(soon);
    expect(await choose(store, { by: 'name', name: later })).toBe(later);
  });

  it('only if all of its objects are there', async () => {
    const store = daily(2);
    store.objects.delete(file('main', start + day, 'dump'));
    expect((await read(store)).backups.map(missingObjects)).toEqual([[file('main', start + day, 'dump')], []]);
    expect(await choose(store, { by: 'latest' })).toBe(nameAt(start));
    await expect(choose(store, { by: 'name', name: nameAt(start + day) })).rejects.toMatchObject({
      code: 'restore-failed', message: `The backup ${nameAt(start + day)} of main is not complete: s3://backups/api has no ${file('main', start + day, 'dump')} of the size in its manifest.`,
      hint: 'Choose another backup. If the store has versions, look for removed ones of this object.',
    });
    change(store, file('main', start, 'dump'), 'short');
    await expect(choose(store, { by: 'latest' })).rejects.toMatchObject({ message: 's3://backups/api has no backup of main.', hint: `There are ${nameAt(start + day)} and ${nameAt(start)}.` });
  });

  it.each<[string, BackupChoice, string, string, string]>([
    ['a name with a slip', { by: 'name', name: '2026-11-02T03-00-00Z-3f9b07' }, 'main', 's3://backups/api has no backup 2026-11-02T03-00-00Z-3f9b07 of main.', `Did you mean ${nameAt(start + day)}? There are ${nameAt(start + 3 * day)}, ${nameAt(start + 2 * day)}, ${nameAt(start + day)} and ${nameAt(start)}.`],
    ['another name', { by: 'name', name: 'x' }, 'main', 's3://backups/api has no backup x of main.', `There are ${nameAt(start + 3 * day)}, ${nameAt(start + 2 * day)}, ${nameAt(start + day)} and ${nameAt(start)}.`],
    ['a time before all', before('2026-10-01T00:00:00Z'), 'main', 's3://backups/api has no backup of main before 2026-10-01T00:00:00Z.', `There are ${nameAt(start + 3 * day)}, ${nameAt(start + 2 * day)}, ${nameAt(start + day)} and ${nameAt(start)}.`],
    ['a database with a slip', { by: 'latest' }, 'mian', 's3://backups/api has no backup of mian.', 'It has backups of main. Did you mean main?'],
    ['a name of a database that has none', { by: 'name', name: 'x' }, 'users', 's3://backups/api has no backup x of users.', 'There are no backups of this database.'],
  ])('or there are those that exist: %s', async (_, choice, database, message, hint) => {
    await expect(choose(daily(4), choice, database)).rejects.toMatchObject({ code: 'restore-failed', message, hint });
  });

  it('or there are the newest and the oldest of those that exist', async () => {
    const names = [6, 5, 4, 0].map((index) => nameAt(start + index * day));
    await expect(choose(daily(7), { by: 'name', name: 'x' })).rejects.toMatchObject({ hint: `There are ${names.slice(0, 3).join(', ')} and 4 older ones, the oldest ${names[3]}.` });
  });

  it('or it is said that there are none, or that they cannot be read', async () => {
    await expect(choose(memoryStore(), { by: 'latest' })).rejects.toMatchObject({ message: 's3://backups/api has no backup of main.', hint: 'It has no backups at all: check `backup.to`.' });
    const store = memoryStore();
    change(store, file('main', start, 'manifest.json'), '{"schema": 2}');
    const reason = `The manifest of the backup ${nameAt(start)} of main has the schema 2, which a later version of this action has written.`;
    await expect(choose(store, { by: 'latest' })).rejects.toMatchObject({ message: `s3://backups/api has no backup of main. 1 cannot be read: ${reason}` });
    await expect(choose(store, { by: 'name', name: nameAt(start) })).rejects.toMatchObject({ message: reason });
  });
});

describe('what becomes of the backups', () => {
  it('is decided for each database', async () => {
    const { keeping, refusals } = planKeeping(await read(daily(7, 'other', daily(5))), { last: 4 }, { now });
    expect(keeping.filter(({ stays }) => !stays).map(({ backup: { database, name } }) => `${database} ${name.slice(0, 10)}`)).toEqual(['main 2026-11-01', 'other 2026-11-03', 'other 2026-11-02', 'other 2026-11-01']);
    expect(refusals).toEqual({});
  });

  it('is reported with what was verified and removed', async () => {
    const store = daily(5);
    store.objects.delete(file('main', start, 'dump'));
    const catalog = await read(store);
    const plan = planKeeping(catalog, { last: 4 }, { now });
    const report = keptBackups(plan, catalog.backups.slice(-1));
    expect([report[0], report[4]]).toEqual([
      { database: 'main', backup: nameAt(start + 4 * day), at: start + 4 * day, bytes: expect.any(Number), verified: 'restore', stays: true, reasons: ['last 1 of 4'], removed: false },
      { database: 'main', backup: nameAt(start), at: start, bytes: expect.any(Number), verified: 'incomplete', stays: false, reasons: ['not one of the last 4'], removed: true },
    ]);
    const refused = planKeeping(catalog, { last: 1 }, { now });
    expect(refused.refusals).toEqual({});
    const most = await read(daily(9));
    const held = planKeeping(most, { last: 3 }, { now });
    expect(held.refusals).toEqual({ main: 'The retention would remove 6 of 9 backups, which is more than half.' });
    expect(keptBackups(held).map(({ stays, reasons }) => `${stays} ${reasons.join()}`)).toEqual([
      'true last 1 of 3', 'true last 2 of 3', 'true last 3 of 3', ...Array.from({ length: 6 }, () => 'true would go: not one of the last 3'),
    ]);
  });

  it('does not count one that is not complete', async () => {
    const store = daily(6);
    store.objects.delete(file('main', start + 4 * day, 'dump'));
    const { keeping } = planKeeping(await read(store), { last: 1 }, { now, mayRemoveMost: true });
    expect(keeping.filter(({ stays }) => stays).map(({ backup }) => backup.name.slice(0, 10))).toEqual(['2026-11-06', '2026-11-04', '2026-11-03']);
  });
});

describe('prune', () => {
  const left = (store: MemoryStore): string[] => [...store.objects.keys()].sort();
  async function pruned(store: MemoryStore, last: number, mayRemoveMost = true) {
    const catalog = await read(store);
    return prune({ store, catalog, plan: planKeeping(catalog, { last }, { now, mayRemoveMost }), now, signal: going() });
  }

  it('removes the manifest of a backup first, and the oldest backup first', async () => {
    const store = daily(5);
    const { backups, bytes, leftovers, notes } = await pruned(store, 3);
    expect(store.done.filter((each) => each.startsWith('remove'))).toEqual([start, start + day].flatMap((at) => [`remove ${file('main', at, 'manifest.json')}`, `remove ${file('main', at, 'dump')}`]));
    expect([backups.map(({ name }) => name), leftovers, notes]).toEqual([[nameAt(start), nameAt(start + day)], [], []]);
    expect(bytes).toBeGreaterThan(20);
    expect((await read(store)).backups).toHaveLength(3);
  });

  it('removes nothing of a database that must not lose most of its backups', async () => {
    const store = daily(4, 'other', daily(9));
    const { backups } = await pruned(store, 3, false);
    expect(backups.map(({ database, name }) => `${database} ${name}`)).toEqual([`other ${nameAt(start)}`]);
  });

  it('removes what belongs to no backup after a day', async () => {
    const store = daily(3);
    change(store, file('main', start + day, 'dump.0f2c.part'), 'x');
    change(store, file('main', start - day, 'dump.age'), 'x');
    store.objects.set(file('main', now, 'dump.age'), { bytes: Buffer.from('x'), changedAt: now - 23 * hour });
    change(store, 'README.md', 'x');
    expect((await pruned(store, 5)).leftovers).toEqual([file('main', start + day, 'dump.0f2c.part'), file('main', start - day, 'dump.age')].sort());
    expect(left(store)).toHaveLength(8);
  });

  it('notes what the store must still keep, and is no failure', async () => {
    const store = daily(6);
    const locked = (name: string): StoreError => new StoreError('retained', `${name} was not removed from s3://backups/api: object lock`, 'It can be removed when its retention has ended.');
    store.fail(new RegExp(`^remove ${file('main', start, 'manifest.json')}`), locked('the manifest'));
    store.fail(new RegExp(`^remove ${file('main', start + day, 'dump')}`), locked('the dump'));
    const { backups, notes } = await pruned(store, 3);
    expect(backups.map(({ name }) => name)).toEqual([nameAt(start + day), nameAt(start + 2 * day)]);
    expect(notes).toEqual(['the manifest', 'the dump'].map((what) => `${what} was not removed from s3://backups/api: object lock. It can be removed when its retention has ended.`));
    // It is still a backup, and complete.
    expect(left(store)).toEqual(expect.arrayContaining([file('main', start, 'manifest.json'), file('main', start, 'dump'), file('main', start + day, 'dump')]));
  });

  it('ends with the error of a store, or the reason of its signal, and leaves no manifest without its data', async () => {
    const store = daily(6);
    store.fail(new RegExp(`^remove ${file('main', start + day, 'dump')}`), new StoreError('unavailable', 'no answer', 'x'));
    await expect(pruned(store, 3)).rejects.toMatchObject({ trouble: 'unavailable' });
    const { backups, leftovers } = await read(store);
    expect([backups.map(missingObjects).flat(), leftovers.map(({ name }) => name)]).toEqual([[], [file('main', start + day, 'dump')]]);
    const catalog = await read(store);
    const stopped = prune({ store, catalog, plan: planKeeping(catalog, { last: 1 }, { now, mayRemoveMost: true }), now, signal: AbortSignal.abort(new Error('stopped')) });
    await expect(stopped).rejects.toThrow('stopped');
  });
});
