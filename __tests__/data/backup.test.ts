import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { BackupConfig } from '../../src/config/config.js';
import { disk } from '../../src/host/disk.js';
import { CancelledError } from '../../src/outcome/errors.js';
import { DiskError, type Disk, type Spool } from '../../src/ports/disk.js';
import { StoreError } from '../../src/store/store.js';
import { BackupInProgress } from '../../src/data/backup.js';
import { DataError } from '../../src/data/error.js';
import type { DataContext } from '../../src/data/engine.js';
import { fetchBackup } from '../../src/data/fetch.js';
import { readManifest } from '../../src/data/manifest.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { FakeDatabase } from './fake-database.js';
import { MemoryStore } from './memory-store.js';

const name = '2026-11-30T16-40-00Z-3f9a07';
const dumpName = `main/${name}/dump`;
const manifestName = `main/${name}/manifest.json`;
let folder = '';
let [identity, recipient] = ['', ''];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-test-'));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
});
afterEach(async () => {
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

const settings: BackupConfig = {
  store: { to: { kind: 's3', bucket: 'backups', prefix: 'api' } }, choice: { by: 'latest' }, recipients: [],
  verify: 'restore', rows: 'exact', assertions: ['SELECT true'], allowSmaller: false, pointInTime: 'auto', timeoutMs: 600_000,
};

interface Case {
  readonly database?: FakeDatabase;
  readonly store?: MemoryStore;
  readonly config?: Partial<BackupConfig>;
  readonly lastBytes?: number;
  readonly disk?: Partial<Disk>;
  readonly cancelled?: AbortSignal;
}

function prepare({ database = new FakeDatabase(), store = new MemoryStore(), config = {}, lastBytes, ...given }: Case = {}) {
  const { disk: ofDisk, cancelled = new AbortController().signal } = given;
  const ports = fakePorts({ disk: { ...disk, ...ofDisk } });
  const context: DataContext = { ports, id: 'run-1', app: 'api', failure: 'backup-failed', signal: cancelled, progress: () => undefined };
  const backup = new BackupInProgress({
    context, opened: database.opened, config: { ...settings, ...config }, store, folder, name, startedAt: Date.UTC(2026, 10, 30, 16, 39),
    ...lastBytes !== undefined && { lastBytes },
    origin: { app: 'api', environment: 'production', commit: 'c0ffee' },
  });
  return { context, database, store, backup };
}

async function run(given: Case = {}) {
  const prepared = prepare(given);
  const { backup } = prepared;
  try {
    await backup.dump();
    await backup.verify();
    return { ...prepared, result: await backup.store() };
  } finally {
    await backup.close();
  }
}

const failure = async (given: Case) => {
  const store = given.store ?? new MemoryStore();
  const error = await run({ ...given, store }).then(() => undefined, (thrown: unknown) => thrown);
  return { store, error };
};

describe('a backup', () => {
  it('is dumped, verified in a scratch server, stored, read back, and then described', async () => {
    const { store, database, result } = await run();
    expect(database.calls).toEqual(['dump', 'check', 'scratch', 'start', 'restore', 'assert', 'scratch closed']);
    expect(store.written).toEqual([dumpName, `main/${name}/roles.sql`, manifestName]);
    expect(store.objects.get(dumpName)?.equals(database.content)).toBe(true);
    expect(result).toMatchObject({
      database: 'main', engine: 'postgres', backup: name, manifest: `s3://backups/api/${manifestName}`, bytes: 10_000, storedBytes: 10_016, rows: 7, verified: 'restore', compared: '2 tables, 7 rows', isEncrypted: false,
    });
    expect(readManifest(String(store.objects.get(manifestName)), { database: 'main', name })).toMatchObject({
      origin: { app: 'api', environment: 'production', commit: 'c0ffee', databaseImage: 'postgres@sha256:1' }, verification: { how: 'restore', compared: '2 tables, 7 rows' }, recipients: [],
    });
  });

  it('is encrypted for its recipients, and comes back as it was', async () => {
    const { store, database, context } = await run({ config: { recipients: [recipient] } });
    expect(store.written).toEqual([`${dumpName}.age`, `main/${name}/roles.sql.age`, manifestName]);
    for (const [object, content] of store.objects) expect([object, content.includes(database.content.subarray(0, 50)) || content.includes('CREATE ROLE')]).toEqual([object, false]);
    const manifest = readManifest(String(store.objects.get(manifestName)), { database: 'main', name });
    const { spool, facts } = await fetchBackup({ context, store, folder, manifest, identity }, context.signal);
    const pieces: Uint8Array[] = [];
    for await (const piece of spool.read()) pieces.push(piece);
    await spool.close();
    expect(Buffer.concat(pieces).equals(database.content)).toBe(true);
    expect(facts).toMatchObject({ entries: 12, texts: { 'roles.sql': 'CREATE ROLE app;' }, sha256: database.sha256 });
  });

  it('says that the clock of the server is ahead', async () => {
    const database = new FakeDatabase();
    const { backup, context } = prepare({ database });
    database.facts = { snapshotAt: context.ports.clock.now() + 7_200_000, warnings: ['no roles'] };
    await backup.dump();
    expect(backup.dumped.facts.warnings).toEqual(['no roles', expect.stringMatching(/^The clock of the server is 1\d\d min ahead of the one of this machine\. Until \S+Z, this backup is only restored by its name\.$/)]);
    await backup.close();
  });

  it('that is only read to its end needs no scratch server', async () => {
    const { database, result } = await run({ config: { verify: 'archive' } });
    expect([database.calls, result.verified, result.compared]).toEqual([['dump', 'check'], 'archive', '12 entries']);
  });
});

describe('a backup that fails', () => {
  it('by a disk that changes the dump once it is verified stores nothing', async () => {
    const changing = async (where: string): Promise<Spool> => {
      const spool = await disk.spool(where);
      const read = async function* (): AsyncGenerator<Uint8Array> {
        for await (const piece of spool.read()) yield isChanged ? Buffer.from(piece).fill(0, 0, 100) : piece;
      };
      return { get bytes() { return spool.bytes; }, append: (pieces) => spool.append(pieces), close: () => spool.close(), read };
    };
    const { store, backup } = prepare({ disk: { spool: changing } });
    let isChanged = false;
    await backup.dump();
    await backup.verify();
    isChanged = true;
    await expect(backup.store()).rejects.toMatchObject({ code: 'backup-failed', message: 'The dump of database "acci" was changed on this machine after it was verified.' });
    await backup.close();
    expect([...store.objects.keys()]).toEqual([]);
  });

  it.each<[string, (database: FakeDatabase) => void, string]>([
    ['a dump that breaks off', ({ fails }) => { fails.dump = new DataError('backup-failed', 'The connection broke.'); }, 'The connection broke.'],
    ['a dump with another checksum', (database) => { database.facts = { sha256: 'b'.repeat(64) }; }, 'The dump of database "acci" was changed on its way: 10000 of 10000 bytes, with another checksum.'],
    ['a dump that is shorter', (database) => { database.facts = { bytes: 10_001 }; }, 'The dump of database "acci" was changed on its way: 10000 of 10001 bytes, with another checksum.'],
    ['an archive that cannot be read', ({ fails }) => { fails.check = new DataError('backup-failed', 'The archive is cut.'); }, 'The archive is cut.'],
    ['no place for a scratch server', ({ fails }) => { fails.scratch = new DataError('backup-failed', 'No Job can be created.'); }, 'No Job can be created.'],
    ['a scratch server that does not start', ({ fails }) => { fails.start = new DataError('backup-failed', 'initdb failed.'); }, 'initdb failed.'],
    ['a dump that does not restore', ({ fails }) => { fails.restore = new DataError('backup-failed', '1 of 2 tables differ.'); }, '1 of 2 tables differ.'],
    ['an assertion that does not hold', ({ fails }) => { fails.assert = new DataError('backup-failed', 'SELECT true returned f.'); }, 'SELECT true returned f.'],
  ])('by %s stores nothing', async (_, change, message) => {
    const database = new FakeDatabase();
    change(database);
    const { store, error } = await failure({ database });
    expect(error).toMatchObject({ code: 'backup-failed', message });
    expect([...store.objects.keys(), ...store.written]).toEqual([]);
    if (database.calls.includes('scratch') && !database.fails.scratch) expect(database.calls.at(-1)).toBe('scratch closed');
  });

  it.each([dumpName, `main/${name}/roles.sql`, manifestName])('because the store refuses %s leaves nothing', async (object) => {
    const store = new MemoryStore();
    store.rejects = (call) => (call === `put ${object}` ? new StoreError('denied', `s3://backups refused ${object}: AccessDenied`, 'Allow s3:PutObject.') : undefined);
    const { error } = await failure({ store });
    expect(error).toMatchObject({ code: 'backup-failed', message: `s3://backups refused ${object}: AccessDenied.`, hint: 'Allow s3:PutObject.' });
    expect([...store.objects.keys()]).toEqual([]);
  });

  it.each([dumpName, manifestName])('because the store keeps other bytes of %s leaves nothing', async (object) => {
    const store = new MemoryStore();
    store.alters = (written, content) => (written === object ? Buffer.concat([content.subarray(0, -1), Buffer.from([1])]) : content);
    const { error } = await failure({ store });
    expect(error).toMatchObject({ code: 'backup-failed', message: expect.stringContaining(`s3://backups/api returned other bytes for ${object} than it was sent`) });
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('because the name is taken removes nothing of somebody else', async () => {
    const store = new MemoryStore();
    store.objects.set(dumpName, Buffer.from('theirs'));
    const { error } = await failure({ store });
    expect(error).toMatchObject({ code: 'backup-failed', message: expect.stringContaining('exists') });
    expect([...store.objects].map(([object, content]) => [object, String(content)])).toEqual([[dumpName, 'theirs']]);
  });

  it('because it cannot be read back leaves nothing', async () => {
    const store = new MemoryStore();
    store.rejects = (call) => (call === `get ${dumpName}` ? new StoreError('unavailable', 's3://backups did not answer', 'Try again.') : undefined);
    const { error } = await failure({ store });
    expect(error).toMatchObject({ code: 'backup-failed', message: 's3://backups did not answer.' });
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('names the disk that is full', async () => {
    const { error, store } = await failure({ disk: { spool: async () => ({ bytes: 0, append: async () => { throw new DiskError('full', '/tmp/x cannot be used: its disk is full'); }, async* read() { /* Nothing. */ }, close: async () => undefined }) } });
    expect(error).toMatchObject({ code: 'backup-failed', message: '/tmp/x cannot be used: its disk is full.', hint: expect.stringContaining('as much free space on this machine as its dump') });
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('because it is much smaller than the last one says so, unless that is meant', async () => {
    const { error } = await failure({ lastBytes: 20_001 });
    expect(error).toMatchObject({ code: 'backup-failed', message: 'The dump of database "acci" has 10000 bytes, less than half of the last backup (20001 bytes).' });
    expect((await run({ lastBytes: 20_000 })).result.bytes).toBe(10_000);
    expect((await run({ lastBytes: 90_000, config: { allowSmaller: true } })).result.bytes).toBe(10_000);
  });

  it('because it was cancelled ends with the signal, and leaves nothing', async () => {
    const over = new AbortController();
    const store = new MemoryStore();
    store.rejects = (call) => {
      if (call !== `put ${manifestName}`) return undefined;
      over.abort(new CancelledError('SIGTERM'));
      return new Error('aborted');
    };
    const { error } = await failure({ store, cancelled: over.signal });
    expect(error).toBeInstanceOf(CancelledError);
    expect([...store.objects.keys()]).toEqual([]);
  });
});

describe('a backup that is fetched', () => {
  const stored = async (config: Partial<BackupConfig> = {}) => {
    const { store, context, database } = await run({ config });
    return { store, context, database, manifest: readManifest(String(store.objects.get(manifestName)), { database: 'main', name }) };
  };

  it('needs a key', async () => {
    const { store, context, manifest } = await stored({ recipients: [recipient] });
    await expect(fetchBackup({ context, store, folder, manifest }, context.signal)).rejects.toMatchObject({ code: 'config-invalid', message: `The backup ${name} is encrypted, and there is no private key to read it.`, hint: expect.stringContaining(recipient) });
    await expect(fetchBackup({ context, store, folder, manifest, identity: await generateIdentity() }, context.signal)).rejects.toMatchObject({ code: 'restore-failed', message: `None of the private keys in \`backup.identity\` is that of a recipient of the backup ${name}.`, hint: expect.stringContaining(recipient) });
  });

  it.each<[string, (content: Buffer) => Buffer]>([
    ['a flipped bit', (content) => { content[5000] = (content[5000] ?? 0) ^ 1; return content; }], ['a cut end', (content) => content.subarray(0, -1)], ['more at its end', (content) => Buffer.concat([content, Buffer.from('x')])], ['nothing in it', () => Buffer.alloc(0)],
  ])('is refused with %s', async (_, change) => {
    for (const recipients of [[], [recipient]]) {
      const { store, context, manifest } = await stored({ recipients });
      const [object = ''] = manifest.objects.map((each) => each.name);
      store.objects.set(object, change(Buffer.from(store.objects.get(object) ?? '')));
      await expect(fetchBackup({ context, store, folder, manifest, identity }, context.signal)).rejects.toMatchObject({ code: 'restore-failed', message: expect.stringMatching(/is not what was stored|cannot be decrypted/) });
    }
  });

  it('is refused if an object is missing, or the disk is too small', async () => {
    const { store, context, manifest } = await stored();
    const small: DataContext = { ...context, ports: fakePorts({ disk: { ...disk, freeBytes: async () => 9_999 } }) };
    await expect(fetchBackup({ context: small, store, folder, manifest }, context.signal)).rejects.toMatchObject({ code: 'restore-failed', message: `The backup ${name} has 10000 bytes, and the disk of ${folder} has 9999 bytes free.` });
    store.objects.delete(dumpName);
    await expect(fetchBackup({ context, store, folder, manifest }, context.signal)).rejects.toMatchObject({ code: 'restore-failed', message: `${dumpName} does not exist.` });
  });
});
