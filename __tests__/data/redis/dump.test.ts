import { describe, expect, it } from '@jest/globals';
import type { DumpFacts, DumpOptions, Login } from '../../../src/data/engine.js';
import { redis } from '../../../src/data/redis/engine.js';
import { ended, fakeContext, sha256, spoolOf, trailer, type Went } from '../postgres/fake-place.js';
import { cliOf, factsOfSnapshot, fakePlace, info, login, type Cli, type FakePlace } from './fake-place.js';
import { inPieces, recorded, snapshot, snapshotAt } from './snapshot.js';

const options: DumpOptions = { rows: 'exact', allowEmpty: false, timeoutMs: 60_000 };
const never = new AbortController().signal;
const sent = (bytes: Uint8Array, end = trailer(bytes), size = 90): Went => ({ output: [...inPieces(Buffer.concat([bytes, Buffer.from(end)]), size)] });

async function dumped(place: FakePlace, more: Partial<DumpOptions> = {}, to: Partial<Login> = {}): Promise<{ bytes: Buffer; facts: DumpFacts }> {
  const database = await redis.open(fakeContext(), place, { ...login, ...to });
  const dump = database.dump({ ...options, ...more }, never);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of dump.pieces) pieces.push(piece);
  } catch (error) {
    await expect(dump.facts()).rejects.toBe(error);
    throw error;
  }
  return { bytes: Buffer.concat(pieces), facts: await dump.facts() };
}

const dumping = (went: Went, cli: Cli = cliOf()): FakePlace => fakePlace(cli, { '--rdb': went, 'set -- redis-cli': went });

describe('a dump of Redis', () => {
  it.each([30, 47, 63, 64, 65, 1000])('is the snapshot without the mark of redis-cli and the trailer, in pieces of %d bytes', async (size) => {
    for (const bytes of [snapshot, recorded]) {
      const place = dumping(sent(bytes, undefined, size));
      const { bytes: found, facts } = await dumped(place);
      expect(found.equals(snapshot)).toBe(true);
      expect(facts).toEqual({
        ...factsOfSnapshot(), snapshotAt, server: {
          version: '7.0.15', major: 7, identity: 'cafe', bytes: 1_000_000,
          settings: { 'mode': 'standalone', 'databases': '16', 'append-only': 'off', 'last-save': 'ok', 'eviction': 'noeviction' },
        },
      });
      expect(place.started.map(({ args, secrets }) => [args, secrets])).toEqual([[[], ['pa$$ word']], [['60', '--rdb', '-'], ['pa$$ word']]]);
    }
  });

  it('does not count, or says why it cannot', async () => {
    expect((await dumped(dumping(sent(recorded)), { rows: 'off' })).facts.rows).toBeUndefined();
    const later = Buffer.from(snapshot);
    // A type that does not exist, in the value of the first key.
    later[later.indexOf('stream', 200) - 2] = 99;
    const { crc64 } = await import('../../../src/data/redis/rdb/crc64.js');
    const sum = crc64();
    sum.update(later.subarray(0, -8));
    sum.value().copy(later, later.length - 8);
    const { facts } = await dumped(dumping(sent(later), cliOf({ rdb_last_bgsave_status: 'err' })));
    expect(facts).toMatchObject({ entries: 0, rows: undefined, objects: undefined });
    expect(facts.warnings).toEqual([
      'The keys of the snapshot could not be counted: it is of a later version of Redis (type 99 of a value).',
      'The last snapshot that the server has written to its own disk failed: look at its log.',
    ]);
  });

  it.each([0, 0.01, 0.5, 0.99])('is none when the connection ends after %d of it, whatever its exit code', async (part) => {
    const whole = Buffer.concat([recorded, Buffer.from(trailer(recorded))]);
    const bytes = whole.subarray(0, Math.floor(whole.length * part));
    await expect(dumped(dumping({ output: [bytes], code: 0 }))).rejects.toMatchObject({
      code: 'backup-failed', message: expect.stringMatching(/^The dump, after [\d,]+ bytes and without its trailer, at container redis of pod redis-0 broke off/),
    });
  });

  it('is none when it is no whole snapshot, although all of it has arrived', async () => {
    await expect(dumped(dumping(sent(snapshot.subarray(0, 500))))).rejects.toThrow('What redis-cli at container redis of pod redis-0 has sent is no complete snapshot: it ends after 500 bytes, before its end mark.');
    await expect(dumped(dumping(sent(Buffer.from('NOAUTH Authentication required.'))))).rejects.toThrow('is no complete snapshot: its first bytes are not those of a snapshot.');
    await expect(dumped(dumping(sent(snapshot, trailer(Buffer.from('other')))))).rejects.toThrow('The dump was changed on its way from container redis of pod redis-0');
  });

  it.each<readonly [string, string, string]>([
    ['SYNC with master failed: -NOAUTH Authentication required.', 'Redis at container redis of pod redis-0 requires a password.', '1'],
    ['REPLCONF capa error: NOPERM this user has no permissions to run the \'replconf\' command\nSYNC with master failed: -NOPERM this user has no permissions to run the \'sync\' command', 'The default user is not allowed to run REPLCONF at Redis at container redis of pod redis-0.', '1'],
    ['SYNC with master failed: -ERR unknown command \'SYNC\', with args', 'Redis at container redis of pod redis-0 has no command SYNC: it was disabled or renamed, or the service does not offer it.', '1'],
    ['I/O Error reading RDB payload from socket', 'Redis at container redis of pod redis-0 has closed the connection.', '1'],
    ['Could not connect to Redis at 127.0.0.1:6379: Connection refused', 'Nothing accepts connections at Redis at container redis of pod redis-0.', '1'],
    ['', 'The dump at container redis of pod redis-0 was ended after 60 s.', '124'],
    ['odd', 'redis-cli at container redis of pod redis-0 failed with exit code 3: odd.', '3'],
  ])('is none when redis-cli says "%s"', async (stderr, message, code) => {
    const nothing = Buffer.alloc(0);
    await expect(dumped(dumping({ ...sent(nothing, trailer(nothing, Number(code))), stderr, code: Number(code) }))).rejects.toMatchObject({ code: 'backup-failed', message });
  });

  it('is none of an empty database, unless that is allowed, and none of one master of a cluster', async () => {
    await expect(dumped(dumping(sent(recorded)), {}, { database: '5' })).rejects.toMatchObject({
      message: 'Database 5 of Redis at container redis of pod redis-0 has no keys; database 0 has 18, 3 has 1.', hint: expect.stringContaining('`backup.allow-smaller`'),
    });
    expect((await dumped(dumping(sent(recorded)), { allowEmpty: true }, { database: '5' })).facts.entries).toBe(19);
    await expect(dumped(dumping(sent(recorded), cliOf({ redis_mode: 'cluster' })))).rejects.toThrow('is one master of a cluster: its snapshot has only a part of the data.');
  });

  it('is ended when nobody reads it further', async () => {
    const database = await redis.open(fakeContext(), dumping({ output: [snapshot], hangs: true }), login);
    const dump = database.dump(options, never);
    for await (const _ of dump.pieces) break;
    await expect(dump.facts()).rejects.toThrow('not read to its end');
  });
});

describe('a spooled dump of Redis', () => {
  const program = (text: string, code = 0): FakePlace => fakePlace(cliOf(), { 'redis-check-rdb': ended(text, code) });
  const check = async (place: FakePlace, bytes: Uint8Array = snapshot, more: Partial<DumpFacts> = {}): Promise<void> =>
    (await redis.open(fakeContext(), place, login)).check(spoolOf(bytes), factsOfSnapshot(more), never);
  const fine = '[offset 790] \\o/ RDB looks OK! \\o/\n[info] 19 keys read\n[info] 2 expires\n';

  it('is unchanged by its checksums and for the program of Redis, where there is one that can read it', async () => {
    const place = program(fine);
    await check(place);
    expect(place.started.at(-1)?.input.equals(snapshot)).toBe(true);
    for (const place2 of [program('', 126), program('[offset 0] Checking RDB file /dev/stdin\n', 1), program('--- RDB ERROR DETECTED ---\nCan\'t handle RDB format version 12\n', 1)]) await check(place2);
  });

  it('is refused when the program finds something else', async () => {
    const error = '--- RDB ERROR DETECTED ---\n[offset 150] Unexpected EOF reading RDB file\n[additional info] While doing: read-aux\n[info] 0 keys read\n';
    await expect(check(program(error, 1))).rejects.toThrow('The dump is not readable: redis-check-rdb at container redis of pod redis-0 stopped with exit code 1: [offset 150] Unexpected EOF reading RDB file [additional info] While doing: read-aux.');
    await expect(check(program(fine.replace('19', '18')))).rejects.toThrow('The dump is not readable');
    await expect(check(program('killed', 137))).rejects.toThrow('stopped with exit code 137: killed.');
  });

  it('is refused when it was changed after it was made', async () => {
    for (const bytes of [7, 395, 789]) await expect(check(program(fine), snapshot.subarray(0, bytes))).rejects.toThrow(/^The dump is no complete snapshot of Redis: .*It was changed after it was made\.$/);
    await expect(check(program(fine), snapshot, { sha256: sha256(recorded) })).rejects.toThrow(/^The dump has 790 bytes with SHA-256 \w+, and must have 790 with/);
    await expect(check(program(fine), snapshot, { entries: 20 })).rejects.toThrow('The dump has 19 keys, and must have 20.');
  });
});

describe('a server', () => {
  const open = (cli: Cli, to: Partial<Login> = {}) => redis.open(fakeContext(), fakePlace(cli), { ...login, ...to });

  it('is opened when it is a master with this database', async () => {
    const place = fakePlace(cliOf());
    const { server, words } = await redis.open(fakeContext(), place, { database: '7', user: 'app', host: 'cache', port: 6380, password: 'x', options: { tls: 'true', cacert: '/ca.pem' } });
    expect(words).toBe('database 7 of Redis 7.0.15 at container redis of pod redis-0');
    expect(server).toMatchObject({ major: 7, identity: 'cafe', bytes: 1_000_000 });
    expect(place.commands).toEqual(['INFO', 'CONFIG GET databases', 'SELECT 7']);
    expect(place.started[0]?.args).toEqual(['-h', 'cache', '-p', '6380', '--user', 'app', '--tls', '--cacert', '/ca.pem']);
    expect(await redis.isPrimary(fakeContext(), fakePlace(cliOf()), login)).toBe(true);
    expect((await open(cliOf({ valkey_version: '8.0.1', server_name: 'valkey' }))).server).toMatchObject({ version: '8.0.1', settings: { server: 'valkey' } });
    expect((await open(cliOf({}, (command) => (command.startsWith('CONFIG') ? `(error) ERR unknown command 'config'` : undefined)))).server.settings).not.toHaveProperty('databases');
  });

  it.each<readonly [string, Cli, RegExp]>([
    ['a Sentinel', cliOf({ redis_mode: 'sentinel', role: undefined }), /is a Sentinel, which has no data/],
    ['loading', cliOf({ loading: '1' }), /has not loaded its data from the disk yet/],
    ['a replica', cliOf({ role: 'slave', master_host: '10.0.0.1', master_port: '6379' }), /is a replica of 10\.0\.0\.1:6379\.$/],
    ['without this database', cliOf({}, (command) => (command.startsWith('SELECT') ? '(error) ERR DB index is out of range' : undefined)), /has no database 9\.$/],
    ['without a login', () => '(error) NOAUTH Authentication required.\n(error) NOAUTH Authentication required.', /requires a password/],
    ['without a login, where INFO is printed as it is', () => 'NOAUTH Authentication required.\n(error) NOAUTH Authentication required.', /requires a password/],
    ['with a wrong login', () => 'AUTH failed: WRONGPASS invalid username-password pair or user is disabled.\nNOAUTH Authentication required.', /does not accept the password of the default user/],
    ['away', () => 'Could not connect to Redis at 127.0.0.1:6379: Connection refused', /Nothing accepts connections/],
    ['with a certificate of its own', () => 'Could not connect to Redis at 10.0.0.1:6379: SSL_connect failed: certificate verify failed', /is not signed by an authority that is known here/],
    ['without ECHO', (command) => (command === 'INFO' ? `${info()}\n(error) NOPERM User app has no permissions to run the 'echo' command` : undefined), /is not allowed to run ECHO/],
    ['without its program', () => 'exit sh: 1: redis-cli: not found', /has no program redis-cli/],
    ['lost', () => 'cut', /^The connection to Redis at container redis of pod redis-0 broke off/],
    ['odd', () => 'Error: Odd', /^The connection to Redis at container redis of pod redis-0 failed: Error: Odd\.$/],
    ['of odd errors', cliOf({}, (command) => (command.startsWith('SELECT') ? '(error) ERR odd' : undefined)), /^The connection to Redis at container redis of pod redis-0 failed: ERR odd\.$/],
  ])('is not opened when it is %s', async (_, cli, message) => {
    await expect(open(cli, { database: '9' })).rejects.toMatchObject({ code: 'backup-failed', message: expect.stringMatching(message) });
  });

  it('has databases with numbers, and is none for writes when it is a replica', async () => {
    await expect(open(cliOf(), { database: 'shop' })).rejects.toThrow('"shop" is no database of Redis: they have numbers.');
    await expect(open(cliOf(), { options: { sslmode: 'require', tls: 'true' } })).rejects.toThrow('The URL of Redis has options that are not known: sslmode.');
    expect((await open(cliOf(), { database: '' })).words).toMatch(/^database 0 of/);
    for (const fields of [{ role: 'slave' }, { redis_mode: 'sentinel' }]) expect(await redis.isPrimary(fakeContext(), fakePlace(cliOf(fields)), login)).toBe(false);
  });
});
