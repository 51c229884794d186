import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Compared, DumpFacts, Login, Restoration } from '../../../src/data/engine.js';
import type { ScratchPlace } from '../../../src/data/place.js';
import { emptyCache } from '../../../src/data/redis/cache.js';
import { nodesOf } from '../../../src/data/redis/cluster.js';
import { redis } from '../../../src/data/redis/engine.js';
import { explain } from '../../../src/data/redis/explain.js';
import { quoted, unquoted } from '../../../src/data/redis/quote.js';
import { ended, fakeContext, spoolOf, type Went } from '../postgres/fake-place.js';
import { cliOf, factsOfSnapshot, fakePlace, login, type Cli, type FakePlace } from './fake-place.js';
import { recorded, snapshot } from './snapshot.js';

const never = new AbortController().signal;
const piped = (errors = 0, replies = 18, code = 0, stderr = ''): Went => ended(`All data transferred.\nerrors: ${errors}, replies: ${replies}`, code, stderr);
const noLimit = ended('max');

/** The keys of database 15 are those of the dump and the mark, once they were sent. */
const filledCli = (keyspace = 'keys=19,expires=1,avg_ttl=0', more: Cli = () => undefined): { cli: Cli; sent: () => Went } => {
  let isSent = false;
  const cli: Cli = (command, connection) => more(command, connection) ?? cliOf(isSent ? { db15: keyspace } : {})(command, connection);
  return { cli, sent: () => { isSent = true; return piped(); } };
};

const killed = { 14: 'restore of 0: not complete, run 42-1, 2026-11-30T16:40:00.000Z', 13: 'restore of 0: not complete, run 42-10, 2026-11-30T16:40:00.000Z', 12: 'replaced in 0 by run 42-1, 2026-11-30T16:40:00.000Z' };

async function restoration(place: FakePlace, facts: Partial<DumpFacts> = {}, to: Partial<Login> = {}, bytes: Uint8Array = snapshot): Promise<Restoration> {
  const context = { ...fakeContext(), failure: 'restore-failed' as const };
  context.ports.clock.now = () => Date.parse('2026-11-30T16:40:00Z');
  return (await redis.open(context, place, { ...login, ...to })).restoration(spoolOf(bytes), factsOfSnapshot(facts));
}

const placeOf = (cli: Cli, scripts: Readonly<Record<string, Went | (() => Went)>> = {}): FakePlace => fakePlace(cli, { '--pipe': piped(), memory: noLimit, ...scripts });

describe('a restore of Redis', () => {
  it('says what it will do, and then does it', async () => {
    const { cli, sent } = filledCli();
    const place = placeOf(cli, { '--pipe': sent });
    const found = await restoration(place);
    expect((await found.check(never)).steps).toEqual([
      'restore 18 keys of database 0 into the empty database 15 of the same server (about 1.1 MB of its memory)',
      'compare the number of keys with that of the backup',
      'swap the databases 0 and 15 in one step: the old data is in database 15 then, and uses memory until that is emptied',
      'start a snapshot of the server, where it writes any',
      'leave the functions of the server as they are: the backup has 1 libraries of functions, which belong to no database',
    ]);
    expect(await found.prepare(never)).toMatchObject({ tables: 1, rows: 18, words: '18 keys, 1 of which expire' });
    const pipe = place.started.find(({ script }) => script.includes('--pipe'));
    expect(pipe?.args).toEqual(['15']);
    expect(pipe?.input.toString('latin1').match(/\$7\r\nRESTORE\r\n/g)).toHaveLength(18);
    expect(await found.swap(never)).toEqual({ kept: '15' });
    expect(place.commands.slice(-3)).toEqual(['INFO', 'CONFIG GET save', 'BGSAVE SCHEDULE']);
    const [fresh, kept] = ['restore of 0: not complete, run 42-1, 2026-11-30T16:40:00.000Z', 'replaced in 0 by run 42-1, 2026-11-30T16:40:00.000Z'];
    const swaps = (): string[] => place.commands.filter((command) => command.includes('swapdb') && command.includes('ARGV[4]')).map((command) => command.slice(command.indexOf(' 1 acci-deploy:restore')));
    expect(swaps()).toEqual([` 1 acci-deploy:restore 0 15 ${fresh} ${kept}`]);
    await found.swapBack(never);
    expect(swaps().at(-1)).toBe(` 1 acci-deploy:restore 0 15 ${kept} ${fresh}`);
    await found.discard();
    expect(place.commands.at(-1)).toMatch(new RegExp(`acci-deploy:restore 15 ${fresh}$`));
  });

  it('that was killed is emptied by its own run alone, by its mark', async () => {
    let selected = '0';
    const marked: Cli = (command) => {
      selected = /^SELECT (\d+)$/.exec(command)?.[1] ?? selected;
      return command.startsWith('GET ') ? `"${killed[Number(selected) as keyof typeof killed]}"` : undefined;
    };
    const place = placeOf((command, connection) => marked(command, connection) ?? cliOf({ db14: 'keys=9,expires=0', db13: 'keys=9,expires=0', db12: 'keys=9,expires=0' })(command, connection));
    const database = await redis.open({ ...fakeContext(), failure: 'restore-failed' }, place, login);
    expect(await database.removeLeft(never)).toEqual(['the content of database 14']);
    expect(place.commands.filter((command) => command.includes('flushdb')).map((command) => command.slice(command.indexOf(' 1 acci-deploy:restore')))).toEqual([` 1 acci-deploy:restore 14 ${killed[14]}`]);
  });
  it('does nothing before it was prepared, and nothing that fails stops it from being discarded', async () => {
    const place = placeOf(cliOf());
    const found = await restoration(place);
    const before = place.commands.length;
    await found.swapBack(never);
    await found.discard();
    expect(place.commands.length).toBe(before);
    const { cli, sent } = filledCli(undefined, (command) => (command.includes(`return 'discarded'`) ? 'cut' : undefined));
    const prepared = await restoration(placeOf(cli, { '--pipe': sent }));
    await prepared.prepare(never);
    await prepared.discard();
  });

  it('takes no snapshot where the server writes none, or has an append-only file', async () => {
    for (const [fields, more] of [[{}, (command: string) => (command === 'CONFIG GET save' ? '1) "save"\n2) ""' : undefined)], [{ aof_enabled: '1' }, () => undefined]] as const) {
      const place = placeOf(cliOf({ ...fields, db15: 'keys=19,expires=1,avg_ttl=0' }, (command) => more(command) ?? (command.startsWith('GET') ? '"restore of 0: not complete, run 41"' : undefined)));
      const found = await restoration(place);
      expect((await found.check(never)).steps[0]).toMatch(/^empty database /);
      await found.prepare(never);
      await found.swap(never);
      expect(place.commands.filter((command) => command.startsWith('BGSAVE'))).toEqual([]);
    }
  });

  const eval_ = (part: string, said: string): Cli => (command) => (command.startsWith('EVAL') && command.includes(part) ? said : undefined);
  it.each<readonly [string, Cli, Partial<DumpFacts>, Partial<Login>, RegExp]>([
    ['a cluster', cliOf({ redis_mode: 'cluster' }), {}, {}, /is a cluster, in which databases cannot be swapped/],
    ['older', cliOf({ redis_version: '6.2.1' }), {}, {}, /has Redis 6\.2\.1, older than 7\.0\.15 of the backup/],
    ['without the database in the backup', cliOf(), {}, { database: '9' }, /^The backup has no keys in database 9: it has keys in 0, 3\.$/],
    ['a replica since', cliOf({ role: 'slave' }), {}, {}, /is a replica/],
    ['full', cliOf({ maxmemory: '1100000' }), {}, {}, /uses 1 MB of 1\.1 MB, and the restore needs 1\.1 MB beside the live data/],
    ['on a small machine', cliOf({ total_system_memory: '3000000' }), {}, {}, /uses 2 MB of 3 MB/],
    ['without other databases', cliOf({}, (command) => (command === 'CONFIG GET databases' ? '1) "databases"\n2) "1"' : undefined)), {}, {}, /has no empty database beside 0 to restore into: 0, 3 have keys\.$/],
    ['without SWAPDB', cliOf({}, eval_('swapdb', '(error) ERR Unknown Redis command called from script script: f, on @user_script:1.')), {}, {}, /has no command of those that a script needs/],
    ['without scripts', cliOf({}, eval_('swapdb', `(error) NOPERM User app has no permissions to run the 'eval' command`)), {}, {}, /is not allowed to run EVAL/],
    ['without RESTORE', cliOf({}, (command) => (command.startsWith('RESTORE') ? '(error) ERR odd' : undefined)), {}, {}, /does not accept RESTORE: ERR odd\.$/],
    ['too old for the format', cliOf({}, (command) => (command.startsWith('RESTORE') ? '(error) ERR DUMP payload version or checksum are wrong' : undefined)), {}, {}, /cannot read version 10 of the format, which the backup has/],
  ])('is refused when the server is %s, before anything is changed', async (_, cli, facts, to, message) => {
    const place = placeOf(cli);
    if (/replica/.test(message.source)) {
      let count = 0;
      const turning = placeOf((command, connection) => (command === 'INFO' && (count += 1) === 1 ? cliOf()(command, connection) : cli(command, connection)));
      await expect((await restoration(turning)).check(never)).rejects.toThrow(message);
      return;
    }
    await expect((await restoration(place, facts, to)).check(never)).rejects.toMatchObject({ code: 'restore-failed', message: expect.stringMatching(message) });
    await expect((await restoration(place, facts, to)).prepare(never)).rejects.toThrow(message);
    expect(place.commands.filter((command) => command.includes('claimed') || command.includes('flushdb'))).toEqual([]);
  });

  it('is refused where the container has no room, or earlier restores use all databases', async () => {
    await expect((await restoration(placeOf(cliOf(), { memory: ended('3000000') }))).check(never)).rejects.toThrow('uses 2 MB of 3 MB');
    await (await restoration(placeOf(cliOf(), { memory: ended('9223372036854771712') }))).check(never);
    const cli = cliOf({ db1: 'keys=5,expires=0' }, (command) => {
      if (command === 'CONFIG GET databases') return '1) "databases"\n2) "2"';
      return command.startsWith('GET') ? '"replaced in 0 by run 1"' : undefined;
    });
    await expect((await restoration(placeOf(cli))).check(never)).rejects.toMatchObject({ hint: expect.stringContaining('redis-cli -n 1 FLUSHDB') });
  });

  it('fails when the database was taken meanwhile, a key is not accepted, or what has arrived is something else', async () => {
    const prepare = async (cli: Cli, pipe: Went | (() => Went) = piped(), bytes: Uint8Array = snapshot): Promise<Compared> =>
      (await restoration(placeOf(cli, { '--pipe': pipe }), {}, {}, bytes)).prepare(never);
    await expect(prepare(cliOf({}, eval_('claimed', '"used"')))).rejects.toThrow('Database 15 of Redis at container redis of pod redis-0 is in use since it was checked. Nothing was restored.');
    await expect(prepare(cliOf(), piped(1, 18, 1, 'ERR Bad data format'))).rejects.toThrow('The restore at container redis of pod redis-0 failed with exit code 1: ERR Bad data format.');
    await expect(prepare(cliOf(), piped(1, 18, 1, `OOM command not allowed when used memory > 'maxmemory'.`))).rejects.toThrow('is full: it has reached `maxmemory`');
    await expect(prepare(cliOf(), piped(0, 17))).rejects.toThrow('sent 18 keys, and Redis has accepted 17.');
    await expect(prepare(cliOf(), { output: ['errors: 0'], code: 0 })).rejects.toThrow('The restore at container redis of pod redis-0 broke off');
    await expect(prepare(cliOf())).rejects.toThrow('The restored database has -1 keys that do not expire and 0 that do, and the backup 17 and 1.');
    const other = filledCli('keys=18,expires=1,avg_ttl=0');
    await expect(prepare(other.cli, other.sent)).rejects.toThrow('has 16 keys that do not expire and 1 that do');
    const expired = filledCli('keys=18,expires=0,avg_ttl=0');
    expect((await prepare(expired.cli, expired.sent)).words).toBe('17 keys, 0 of which expire; 1 have expired since the backup');
    await expect(prepare(cliOf(), piped(), recorded)).rejects.toThrow('The dump has 830 bytes');
    await expect(prepare(cliOf(), piped(), Buffer.from('no snapshot at all'))).rejects.toThrow('The dump is no snapshot of Redis');
    const swapping = filledCli(undefined, eval_('ARGV[4]', '"other"'));
    const found = await restoration(placeOf(swapping.cli, { '--pipe': swapping.sent }));
    await found.prepare(never);
    await expect(found.swap(never)).rejects.toThrow('is not what the restore has loaded: it was changed or emptied meanwhile. Nothing was swapped.');
  });
});

describe('a scratch server', () => {
  const scratch = (cli: Cli, scripts: Readonly<Record<string, Went | (() => Went)>> = {}): ScratchPlace => ({
    ...fakePlace(cli, { 'redis-server': { output: ['ready\n'], hangs: true }, sha256sum: ended(`${factsOfSnapshot().sha256}  -`), ...scripts }), folder: '/scratch', close: async () => undefined,
  });
  const like = factsOfSnapshot().server as Parameters<typeof redis.startServer>[2];

  it('loads the snapshot, and has what it has', async () => {
    const place = scratch(cliOf({ role: 'slave', db0: 'keys=18,expires=1', db3: 'keys=1,expires=1' }));
    const server = await redis.startServer(fakeContext(), place, { ...like, settings: { databases: '32' } });
    expect(server.url).toBe('unix:///scratch/empty.sock');
    expect(await server.restore(spoolOf(snapshot), factsOfSnapshot(), never)).toMatchObject({ tables: 2, rows: 19, words: '19 keys in 2 databases, 2 of which expire' });
    expect(server.url).toBe('unix:///scratch/restored.sock');
    expect((place as unknown as FakePlace).started.filter(({ script }) => script.includes('redis-server')).map(({ args }) => args)).toEqual([
      ['/scratch', '32', '/scratch/empty.sock'], ['/scratch', '32', '/scratch/restored.sock'],
    ]);
    await server.assert([], never);
    await expect(server.assert(['SELECT 1'], never)).rejects.toThrow('Redis has no SQL');
  });

  it.each<readonly [Readonly<Record<string, string | undefined>>, string]>([
    [{ db0: 'keys=17,expires=1' }, 'database 0 has 17 keys instead of 18, there are 18 keys instead of 19'],
    [{ db3: undefined }, 'database 3 has 0 keys instead of 1'],
    [{ db4: 'keys=2,expires=0' }, 'database 4 has 2 keys instead of 0'],
    [{ db0: 'keys=18,expires=0' }, '1 keys expire instead of 2'],
    [{ number_of_libraries: '0' }, 'there are 0 libraries of functions instead of 1'],
  ])('finds that %j is something else', async (fields, message) => {
    const server = await redis.startServer(fakeContext(), scratch(cliOf(fields)), like);
    await expect(server.restore(spoolOf(snapshot), factsOfSnapshot(), never)).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  it('compares nothing that was not counted', async () => {
    const server = await redis.startServer(fakeContext(), scratch(cliOf({ db7: 'keys=2,expires=0' })), like);
    expect(await server.restore(spoolOf(snapshot), factsOfSnapshot({ rows: undefined, objects: undefined, entries: 0 }), never)).toMatchObject({ rows: 21 });
  });

  it('is none when it does not start, is older, or is the source', async () => {
    const start = (cli: Cli, went: Went): Promise<unknown> => redis.startServer(fakeContext(), scratch(cli, { 'redis-server': went }), like);
    const running: Went = { output: ['ready\n'], hangs: true };
    await expect(start(cliOf({ redis_version: '6.2.0' }), running)).rejects.toThrow('has version 6.2.0, older than 7.0.15 of the dump.');
    await expect(start(cliOf({ run_id: 'beef' }), running)).rejects.toThrow('is the server of the source: its run id is the same. Nothing was restored.');
    await expect(start(cliOf(), { output: ['\nacci-end 1\n'], stderr: '# Short read or OOM loading DB. Unrecoverable error, aborting now.' })).rejects.toThrow('cannot load the snapshot: it is damaged.');
    await expect(start(cliOf(), { output: ['\nacci-end 1\n'], stderr: `# The RDB file contains module data I can't load: no matching module type 'ReJSON-RL'` })).rejects.toThrow('lacks the module of the source that has the type ReJSON-RL.');
    await expect(start(cliOf(), { output: ['\nacci-end 127\n'], stderr: 'sh: redis-server: not found' })).rejects.toThrow('has no program redis-server.');
    await expect(start(cliOf(), { output: [''], code: 0 })).rejects.toThrow('The start of Redis at container redis of pod redis-0 broke off');
  });
});

const nodes = [
  '07c37dfeb235213a872192d90877d0cd55635b91 127.0.0.1:30004@31004,hostname4 slave e7d1eecce10fd6bb5eb35b9f99a514335d9ba9ca 0 1426238317239 4 connected',
  '67ed2db8d677e59ec4a4cefb06858cf2a1a89fa1 127.0.0.1:30002@31002,node-2,shard-id=1 master - 0 1426238316232 2 connected 5461-10922',
  '292f8b365bb7edb5e285caf0b7e6ddc7265d2f4f :30003@31003 myself,master - 0 0 3 connected 10923-16383', 'vars currentEpoch 6',
];

describe('the nodes of a cluster', () => {
  it('are those of CLUSTER NODES', () => {
    expect(nodesOf([...nodes, '6ec23923021cf3ffec47632106199cb7f496ce01 10.0.0.5:6379@16379 master,fail - 0 0 1 connected'])).toMatchObject([
      { host: '127.0.0.1', name: 'hostname4', port: 30004, isMaster: false, isMyself: false }, { name: 'node-2', port: 30002, isMaster: true },
      { host: undefined, name: undefined, port: 30003, isMaster: true, isMyself: true }, { host: '10.0.0.5', trouble: 'fail' },
    ]);
  });
});

describe('a cache', () => {
  const cache = { name: 'sessions', isCache: true, login };
  const clusterOf = (lines: readonly string[], more: Cli = () => undefined): FakePlace =>
    fakePlace(cliOf({ redis_mode: 'cluster' }, (command, connection) => (command === 'CLUSTER NODES' ? lines.join('\n') : more(command, connection))));

  it('is emptied on each server, and on each master of a cluster once', async () => {
    expect(await emptyCache(fakeContext(), [fakePlace(cliOf())], { ...cache, login: { ...login, database: '2' } })).toEqual({ masters: 1, keys: 18, words: '18 keys of 1 server' });
    const place = clusterOf(nodes);
    expect(await emptyCache(fakeContext(), [place, place], cache)).toEqual({ masters: 2, keys: 36, words: '36 keys of 2 masters' });
    expect(place.started.map(({ args }) => args.join(' ')).filter((args) => args !== '').slice(0, 2)).toEqual(['-h 127.0.0.1 -p 30002', '-h 127.0.0.1 -p 30002']);
    const tls = clusterOf(nodes);
    await emptyCache(fakeContext(), [tls], { ...cache, login: { ...login, options: { tls: 'true' } } });
    expect(tls.started.some(({ args }) => args.join(' ') === '-h node-2 -p 30002 --tls')).toBe(true);
    expect(place.commands.some((command) => /FLUSHALL/i.test(command))).toBe(false);
  });

  it('is not emptied unless it is declared, whatever else is wrong', async () => {
    const place = fakePlace(() => { throw new Error('nobody asks'); });
    await expect(emptyCache(fakeContext(), [place], { ...cache, isCache: false })).rejects.toMatchObject({
      message: 'Database "sessions" is not declared as a cache, so it is not emptied.', hint: 'If all its data can be lost, set `databases.sessions.cache` to `true`. Otherwise restore a backup of it.',
    });
    expect(place.started).toEqual([]);
  });

  it.each<readonly [string, readonly FakePlace[], RegExp]>([
    ['a replica', [fakePlace(cliOf({ role: 'slave', master_host: '10.0.0.1', master_port: '6379' }))], /is a replica of 10\.0\.0\.1:6379\.$/],
    ['a Sentinel', [fakePlace(cliOf({ redis_mode: 'sentinel' }))], /is a Sentinel/],
    ['without a login', [fakePlace(() => 'NOAUTH Authentication required.\n(error) NOAUTH Authentication required.')], /requires a password/],
    ['a cluster of which a master is lost', [clusterOf([...nodes.slice(0, 2), nodes[2]?.replace('myself,master', 'master,fail?') ?? ''])], /292f\w+:30003 \(fail\?\)\. Nothing was emptied\.$/],
    ['a cluster without masters', [clusterOf([])], /it names none\. Nothing was emptied\.$/],
    ['a cluster of which a master cannot be reached', [clusterOf(nodes, (command, connection) => (connection.includes('30002') ? 'Could not connect to Redis at 127.0.0.1:30002: Connection refused' : undefined))], /^127\.0\.0\.1:30002: Nothing accepts connections at Redis at 127\.0\.0\.1:30002\. Nothing was emptied\.$/],
    ['a cluster of which the second master fails', [clusterOf(nodes, (command, connection) => (command.startsWith('EVAL') && connection.length === 0 ? '(error) READONLY You can\'t write against a read only replica.' : undefined))], /^this node:30003: .* is a replica: it takes no writes\. Emptied before: 127\.0\.0\.1:30002\.$/],
    ['the second of two servers', [fakePlace(cliOf()), fakePlace(cliOf({}, (command) => (command.startsWith('EVAL') ? '"5 5"' : undefined)))], /still has 5 keys in database 0 after FLUSHDB\. Emptied before: container redis of pod redis-0\.$/],
    ['odd', [fakePlace(cliOf({ redis_version: '3.2.0' }, (command) => (command.startsWith('EVAL') ? '(nil)' : undefined)))], /still has an unknown number of keys/],
  ])('is not emptied when it is %s', async (_, places, message) => {
    await expect(emptyCache(fakeContext(), places, cache)).rejects.toThrow(message);
  });

  it('has one database in a cluster', async () => {
    await expect(emptyCache(fakeContext(), [clusterOf(nodes)], { ...cache, login: { ...login, database: '1' } })).rejects.toThrow('is a cluster, which has only database 0, not 1.');
  });
});

describe('parts of commands', () => {
  it('are read as they were written, whatever they are', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      const line = quoted(bytes);
      expect(line).toMatch(/^"[ -~]*"$/);
      expect(Buffer.from(unquoted(line) ?? '', 'latin1').equals(Buffer.from(bytes))).toBe(true);
    }));
    expect([unquoted('"a\\n\\r\\t\\a\\b\\"\\\\"'), unquoted('(nil)'), unquoted('OK')]).toEqual(['a\n\r\t\x07\b"\\', undefined, undefined]);
  });
});

describe('what Redis says', () => {
  const of = { failure: 'backup-failed' as const, place: fakePlace(() => undefined), login: { database: '0', host: 'cache', port: 6379, user: 'app' } };
  it.each<readonly [string, string]>([
    ['(error) ERR invalid password', 'Redis at cache:6379 does not accept the password of user "app".'],
    ['AUTH failed: ERR odd', 'Redis at cache:6379 does not accept the login of user "app": ERR odd.'],
    ['NOPERM this user has no permissions to access one of the keys', 'User "app" does not have the permissions for this at Redis at cache:6379.'],
    [`NOPERM User app has no permissions to run the 'config|get' command`, 'User "app" is not allowed to run CONFIG GET at Redis at cache:6379.'],
    [`ERR The user executing the script can't run this command or subcommand script: x`, 'User "app" is not allowed to run a command of a script at Redis at cache:6379.'],
    [`ERR unknown command 'SYNC', with args beginning with: `, 'Redis at cache:6379 has no command SYNC: it was disabled or renamed, or the service does not offer it.'],
    ['LOADING Redis is loading the dataset in memory', 'Redis at cache:6379 has not loaded its data from the disk yet.'],
    [`MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.`, 'Redis at cache:6379 is a replica that has lost its master.'],
    ['MISCONF Redis is configured to save RDB snapshots', 'Redis at cache:6379 takes no writes, because it could not save its last snapshot on its disk.'],
    ['BUSY Redis is busy running a script.', 'Redis at cache:6379 is busy with a script that does not finish.'],
    ['ERR max number of clients reached', 'All connections of Redis at cache:6379 are in use.'],
    ['DENIED Redis is running in protected mode because', 'Redis at cache:6379 is in protected mode: it accepts connections from its own machine only.'],
    ['ERR SELECT is not allowed in cluster mode', 'Redis at cache:6379 is a cluster, which has only database 0, not 0.'],
    [`SYNC with master failed: -ERR Unable to perform background save`, 'Redis at cache:6379 could not start to write a snapshot.'],
    ['Could not connect to Redis at cache:6379: SSL_connect failed: wrong version number', 'Redis at cache:6379 does not accept encrypted connections on this port.'],
    ['SSL_connect failed: hostname mismatch', 'The certificate of Redis at cache:6379 is for another name.'],
    ['Could not connect: SSL_connect failed: tlsv1 alert unknown ca', 'The encrypted connection to Redis at cache:6379 failed: tlsv1 alert unknown ca.'],
    ['Could not negotiate a TLS connection: Invalid CA Certificate File/Directory', 'A file of the certificates for Redis at cache:6379 cannot be read.'],
    ['Could not connect to Redis at cache:6379: Name or service not known', 'The host name cache of the Redis server cannot be resolved.'],
    ['Could not connect to Redis at cache:6379: Connection timed out', 'There is no answer from Redis at cache:6379.'],
    ['Could not connect to Redis at /run/redis.sock: No such file or directory', 'Redis does not listen on the socket cache at container redis of pod redis-0.'],
    ['Error: Server closed the connection', 'Redis at cache:6379 has closed the connection.'],
    [`Unrecognized option or bad number of args for: '--tls'`, 'redis-cli at container redis of pod redis-0 does not know the option --tls.'],
    ['tee: write error: No space left on device', 'A disk at container redis of pod redis-0 is full.'],
    ['no folder for temporary files: /tmp, /dev/shm and /var/tmp cannot be written to', 'Container redis of pod redis-0 has no folder for temporary files: /tmp, /dev/shm and /var/tmp cannot be written to.'],
    ['Could not negotiate a TLS connection: odd', 'The encrypted connection to Redis at cache:6379 failed: odd.'],
    [`Can't handle RDB format version 12`, 'Redis at container redis of pod redis-0 is too old for this snapshot (version 12 of the format).'],
  ])('"%s" is explained', (text, message) => {
    expect(explain(text, of)?.message).toBe(message);
  });

  it('may be something that nobody knows', () => expect(explain('ERR odd', of)).toBeUndefined());
});
