import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Database, DataContext, Dump, DumpFacts, DumpOptions, Login } from '../../src/data/engine.js';
import type { DataFailure } from '../../src/data/error.js';
import type { Place, Reach } from '../../src/data/place.js';
import { localReach } from '../../src/data/reach/local.js';
import { podReach } from '../../src/data/reach/pod.js';
import { emptyCache } from '../../src/data/redis/cache.js';
import { redis as engine } from '../../src/data/redis/engine.js';
import { markKey } from '../../src/data/redis/lua.js';
import type { Spool } from '../../src/ports/disk.js';
import { closeApi } from './harness/api.js';
import { inSpace } from './harness/app.js';
import { lab } from './harness/data/lab.js';
import { localRedis, localRedisCluster, type LocalRedis } from './harness/data/local-redis.js';
import { redis, type Redis } from './harness/data/redis.js';
import { eventually } from './harness/environment.js';
import type { Space } from './harness/namespace.js';
import { clusterOf, dataBinding, dataRole } from './harness/data/opened.js';
import { dataContext as contextOf, newSpool, realPorts } from './harness/data/ports.js';

jest.setTimeout(300_000);

afterAll(closeApi);

const data = await lab();
const options: DumpOptions = { rows: 'exact', allowEmpty: false, timeoutMs: 300_000 };
const aborted = new AbortController().signal;

const ports = realPorts();
const dataContext = (failure?: DataFailure): DataContext => contextOf(failure, ports);
const spools: Spool[] = [];
afterAll(() => Promise.all(spools.map((spool) => spool.close())));

/** Where the user of a scratch server reaches them: root has them in a folder of its own. */
const programs = mkdtempSync(join(tmpdir(), 'redis-programs-'));
for (const path of ['bin', 'libraries', ...['server', 'cli', 'check-rdb'].map((name) => `root/usr/bin/redis-${name}`)]) {
  cpSync(join(dirname(data.redis.programs), path), join(programs, path), { recursive: true, dereference: true });
}
chmodSync(programs, 0o755);
afterAll(() => rmSync(programs, { recursive: true }));

const reachOf = (context: DataContext): Reach => localReach(context, join(programs, 'bin'));
const loginOf = ({ port, password }: LocalRedis, more: Partial<Login> = {}): Login => ({ database: '0', host: '127.0.0.1', port, password, ...more });

async function spooled(dump: Dump): Promise<{ readonly spool: Spool; readonly facts: DumpFacts }> {
  const spool = await newSpool();
  spools.push(spool);
  await spool.append(dump.pieces);
  return { spool, facts: await dump.facts() };
}

async function withRedis(work: (server: LocalRedis) => Promise<void>, settings: Readonly<Record<string, string>> = {}): Promise<void> {
  const server = await localRedis(data, settings);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

async function dumped(server: LocalRedis, more: Partial<Login> = {}) {
  const context = dataContext();
  const reach = reachOf(context);
  const opened = await engine.open(context, reach.place, loginOf(server, more));
  return { context, reach, opened, ...await spooled(opened.dump(options, aborted)) };
}

const cut = (spool: Spool, bytes: number): Spool => ({
  ...spool, bytes,
  async *read() {
    let rest = bytes;
    for await (const piece of spool.read()) {
      if (rest > 0) yield piece.subarray(0, rest);
      rest -= piece.length;
    }
  },
});

describe('a Redis on this machine', () => {
  it.concurrent('is dumped, checked, restored into a scratch server, and compared', () => withRedis(async (server) => {
    await server.fill(3000);
    await server.fill(2, 3);
    // It has expired when the dump is loaded, and is a part of it.
    await server.command(['set', 'short', 'lived', 'px', '1500']);
    const { context, reach, opened, spool, facts } = await dumped(server);
    expect(opened.server).toMatchObject({ major: 7, version: data.redis.version, settings: { 'mode': 'standalone', 'databases': '16', 'append-only': 'off' } });
    expect(facts).toMatchObject({ entries: 3017, rows: { 0: 3008, 3: 9 }, objects: { 'keys that expire': 3 }, warnings: [] });
    expect(Math.abs(Date.now() - facts.snapshotAt)).toBeLessThan(60_000);
    await opened.check(spool, facts, aborted);
    const scratch = await reach.scratch(aborted, opened.server.bytes);
    try {
      const restored = await engine.startServer(context, scratch, opened.server);
      expect(restored.server.identity).not.toBe(opened.server.identity);
      expect((await restored.restore(spool, facts, aborted)).words).toBe('3,017 keys in 2 databases, 3 of which expire');
      await expect(restored.assert(['SELECT 1'], aborted)).rejects.toThrow('Redis has no SQL');
      await expect(restored.restore(cut(spool, spool.bytes - 30), facts, aborted)).rejects.toThrow(/^The dump that arrived at the scratch server on this machine has SHA-256/);
      await expect(restored.restore(spool, { ...facts, rows: { 0: 3009, 3: 9 } }, aborted)).rejects.toThrow('database 0 has 3,008 keys instead of 3,009');
    } finally {
      await scratch.close();
    }
    for (const bytes of [Math.ceil(spool.bytes / 100), Math.ceil(spool.bytes / 2), spool.bytes - 1]) {
      await expect(opened.check(cut(spool, bytes), facts, aborted)).rejects.toThrow(`it ends after ${bytes.toLocaleString('en-US')} bytes`);
    }
  }));

  it.concurrent('is dumped the same when it writes a snapshot to its disk first', () => withRedis(async (server) => {
    await server.fill(100);
    const { facts } = await dumped(server);
    expect(facts.rows).toEqual({ 0: 107 });
  }, { 'repl-diskless-sync': 'no' }));

  it.concurrent('is not dumped with a wrong login, without rights, when it is another one or empty', () => withRedis(async (server) => {
    await server.fill(1);
    await server.command(['acl', 'setuser', 'reader', 'on', '>reader', '~*', '+@read', '+ping', '+echo', '+info', '+select', '+config|get']);
    await server.command(['acl', 'setuser', 'nothing', 'on', '>nothing', '+@all', '-info']);
    const context = dataContext();
    const open = (more: Partial<Login>): Promise<Database> => engine.open(context, reachOf(context).place, loginOf(server, more));
    const where = `Redis at 127.0.0.1:${server.port}`;
    await expect(open({ password: 'wrong' })).rejects.toThrow(`${where} does not accept the password of the default user.`);
    await expect(open({ password: undefined })).rejects.toThrow(`${where} requires a password.`);
    await expect(open({ user: 'nobody' })).rejects.toThrow(`${where} does not accept the password of user "nobody".`);
    await expect(open({ user: 'nothing', password: 'nothing' })).rejects.toMatchObject({ message: `User "nothing" is not allowed to run INFO at ${where}.`, hint: 'Run as an administrator: ACL SETUSER nothing +info' });
    await expect(open({ port: 1 })).rejects.toThrow('Nothing accepts connections at Redis at 127.0.0.1:1.');
    await expect(open({ host: 'no-such-host.invalid' })).rejects.toThrow('The host name no-such-host.invalid of the Redis server cannot be resolved.');
    await expect(open({ options: { tls: 'true' } })).rejects.toMatchObject({ code: 'backup-failed' });
    await expect(open({ database: '99' })).rejects.toThrow(`${where} has no database 99.`);
    await expect(open({ database: 'shop' })).rejects.toThrow('"shop" is no database of Redis');
    const reader = await open({ user: 'reader', password: 'reader' });
    await expect(spooled(reader.dump(options, aborted))).rejects.toMatchObject({ code: 'backup-failed', message: expect.stringContaining('User "reader" is not allowed to run') });
    const empty = await open({ database: '5' });
    await expect(spooled(empty.dump(options, aborted))).rejects.toThrow('Database 5 of Redis at this machine has no keys; database 0 has 8.');
    expect((await spooled(empty.dump({ ...options, allowEmpty: true }, aborted))).facts.rows).toEqual({ 0: 8 });

    const replica = await localRedis(data, { replicaof: `127.0.0.1 ${server.port}`, masterauth: server.password });
    try {
      expect(await engine.isPrimary(context, reachOf(context).place, loginOf(server))).toBe(true);
      expect(await engine.isPrimary(context, reachOf(context).place, loginOf(replica))).toBe(false);
      await expect(engine.open(context, reachOf(context).place, loginOf(replica))).rejects.toThrow(`Redis at this machine is a replica of 127.0.0.1:${server.port}.`);
    } finally {
      await replica.stop();
    }
  }));

  it.concurrent('is dumped through an encrypted connection, with its certificate authority or with none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'redis-tls-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', cert, ...subject]);
    try {
      await withRedis(async (server) => {
        await server.fill(5);
        for (const trust of [['cacert', cert], ['insecure', 'true']] as const) {
          const { facts, opened, spool } = await dumped(server, { options: { tls: 'true', [trust[0]]: trust[1] } });
          expect(facts.rows).toEqual({ 0: 12 });
          const restoration = opened.restoration(spool, facts);
          expect(await restoration.prepare(aborted)).toMatchObject({ rows: 12 });
          await restoration.discard();
        }
        await expect(dumped(server, { options: { tls: 'true' } })).rejects.toThrow('is not signed by an authority that is known here');
        await expect(dumped(server, { options: { tls: 'true', cacert: join(folder, 'none.pem') } })).rejects.toThrow('A file of the certificates for');
        await expect(dumped(server)).rejects.toMatchObject({ message: expect.stringMatching(/has closed the connection\.$/), hint: expect.stringContaining('rediss://') });
      }, { 'tls-cert-file': cert, 'tls-key-file': key, 'tls-ca-cert-file': cert });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.concurrent('leaves no client behind when a dump is cancelled, and notices when the server is killed', () => withRedis(async (server) => {
    await server.command(['eval', 'for i = 1, 300000 do redis.call("set", "k" .. i, redis.sha1hex(i) .. redis.sha1hex(-i)) end', '0']);
    const context = dataContext();
    const opened = await engine.open(context, reachOf(context).place, loginOf(server));
    const over = new AbortController();
    await expect((async () => {
      for await (const _ of opened.dump(options, over.signal).pieces) over.abort(new Error('cancelled'));
    })()).rejects.toThrow('cancelled');
    const replicas = async (): Promise<string> => server.command(['client', 'list', 'type', 'replica']);
    await eventually('no dump is left', async () => (await replicas()) === '');
    let killed: Promise<void> | undefined;
    await expect((async () => {
      for await (const _ of opened.dump(options, aborted).pieces) await (killed ??= server.kill());
    })()).rejects.toMatchObject({ code: 'backup-failed' });
  }));
});

interface InCluster {
  readonly context: DataContext;
  readonly reach: Reach;
  readonly server: Redis;
  readonly login: Login;
}

const inCluster = (work: (space: Space, of: InCluster) => Promise<void>) => inSpace('data', async (space) => {
  await space.apply(dataRole, dataBinding);
  const server = await redis(space, data, { args: ['--repl-diskless-sync-delay', '0'] });
  const context = dataContext();
  const cluster = await clusterOf(space, context);
  try {
    const login: Login = { database: '0', password: server.password };
    const reach = await podReach(context, cluster, { selector: `app=${server.name}` }, (place) => engine.isPrimary(context, place, login));
    await work(space, { context, reach, server, login });
  } finally {
    await cluster.close();
  }
});

const folders = async (server: Redis): Promise<string> => (await server.run(['sh', '-c', 'ls -d /tmp/acci-* /dev/shm/acci-* 2>/dev/null'])).stdout.toString();
const fillWith = (keys: number): string[] => ['eval', `for i = 1, ${keys} do redis.call("set", "k" .. i, redis.sha1hex(i) .. redis.sha1hex(-i)) end`, '0'];

describe('a Redis in the cluster', () => {
  it.concurrent('is dumped, checked, restored into a scratch pod, replaced, and emptied; nothing is left', inCluster(async (space, { context, reach, server, login }) => {
    await server.fill(1000);
    await server.fill(3, 1);
    const opened = await engine.open(context, reach.place, login);
    const { spool, facts } = await spooled(opened.dump(options, aborted));
    expect(facts).toMatchObject({ rows: { 0: 1007, 1: 10 }, warnings: [] });
    await opened.check(spool, facts, aborted);
    await expect(opened.check(cut(spool, 200), facts, aborted)).rejects.toThrow('is no complete snapshot');
    const scratch = await reach.scratch(aborted, opened.server.bytes);
    const restored = await engine.startServer(context, scratch, opened.server);
    expect((await restored.restore(spool, facts, aborted)).words).toBe('1,017 keys in 2 databases, 2 of which expire');
    await scratch.close();
    await eventually('no Job is left', async () => (await space.list('Job')).length === 0);

    await server.command(['del', 'hash', 'list']);
    const restoration = opened.restoration(spool, facts);
    await restoration.check(aborted);
    expect((await restoration.prepare(aborted)).words).toBe('1,007 keys, 1 of which expire');
    expect([await server.dbsize(), await server.command(['exists', 'hash'])]).toEqual([1005, '0']);
    expect(await restoration.swap(aborted)).toEqual({ kept: '15' });
    expect([await server.dbsize(), await server.command(['hget', 'hash', 'a']), await server.dbsize(15)]).toEqual([1007, '1', 1006]);
    await restoration.swapBack(aborted);
    await restoration.discard();
    expect([await server.dbsize(), await server.dbsize(15)]).toEqual([1005, 0]);

    await expect(engine.open(context, reach.place, { ...login, password: 'wrong' })).rejects.toThrow('does not accept the password');
    // The container has a password in REDISCLI_AUTH, which is not that of the settings.
    await expect(engine.open(context, reach.place, { database: '0' })).rejects.toThrow('requires a password');
    expect(await emptyCache(context, [reach.place], { name: 'cache', isCache: true, login: { ...login, database: '1' } })).toMatchObject({ masters: 1, keys: 10 });
    expect([await server.dbsize(), await server.dbsize(1)]).toEqual([1005, 0]);
    expect(await folders(server)).toBe('');
  }));

  it.concurrent('has no client of a dump whose kubectl was killed', inCluster(async (space, { context, reach, server, login }) => {
    await server.command(fillWith(400_000));
    const opened = await engine.open(context, reach.place, login);
    const killed: number[] = [];
    await expect((async () => {
      for await (const _ of opened.dump(options, aborted).pieces) {
        if (killed.length > 0) continue;
        const { stdout } = await promisify(execFile)('pgrep', ['-f', `kubectl.*--namespace=${space.name} exec`]);
        killed.push(...stdout.split('\n').filter(Boolean).map(Number));
        for (const pid of killed) process.kill(pid, 'SIGKILL');
      }
    })()).rejects.toMatchObject({ code: 'backup-failed' });
    await eventually('no client of the dump is left', async () => (await server.command(['client', 'list', 'type', 'replica'])) === '');
    await eventually('no folder is left', async () => (await folders(server)) === '');
  }));

  it.concurrent('is not backed up when its pod is killed in mid-dump', inCluster(async (space, { context, reach, server, login }) => {
    await server.command(fillWith(400_000));
    const opened = await engine.open(context, reach.place, login);
    const [pod] = await space.list('Pod', `app=${server.name}`);
    let killed: Promise<unknown> | undefined;
    await expect((async () => {
      for await (const _ of opened.dump(options, aborted).pieces) {
        if (killed) await killed;
        killed ??= space.remove('Pod', pod.metadata.name).then(() => eventually('the pod is gone', async () => (await space.get('Pod', pod.metadata.name)) === undefined));
      }
    })()).rejects.toMatchObject({ code: 'backup-failed' });
  }));
});

describe('the live data of a Redis', () => {
  it.concurrent('is replaced in one step, and restored', () => withRedis(async (server) => {
    await server.fill(2000);
    await server.fill(5, 1);
    await server.command(['eval', 'redis.call("set", "large", string.rep("0123456789abcdef", 200000)) for i = 1, 100000 do redis.call("hset", "big hash", i, redis.sha1hex(i)) end', '0']);
    await server.command(['set', 'short', 'lived', 'px', '200']);
    const before = await server.contents();
    const { opened, spool, facts } = await dumped(server);
    await server.command(['set', 'string:1', 'changed']);
    await server.command(['del', 'hash']);
    await server.command(['set', 'new', '1']);
    const changed = await server.contents();

    const restoration = opened.restoration(spool, facts);
    const { steps } = await restoration.check(aborted);
    expect(steps[0]).toMatch(/^restore [\d,]+ keys of database 0 into the empty database 15 of the same server/);
    expect(await server.command(['dbsize'], 15)).toBe('0');
    const compared = await restoration.prepare(aborted);
    expect(compared.rows).toBeGreaterThanOrEqual(2009);
    expect(await server.contents()).toEqual(changed);

    expect(await restoration.swap(aborted)).toEqual({ kept: '15' });
    const { short: _, ...lasting } = before;
    expect(await server.contents()).toEqual(lasting);
    const { [markKey]: mark, ...kept } = await server.contents(15);
    expect(mark).toBeDefined();
    expect(kept).toEqual(changed);
    // Whoever does not know whether the answer was lost does it again.
    expect(await restoration.swap(aborted)).toEqual({ kept: '15' });
    expect(await server.contents()).toEqual(lasting);
    // After a swap, it is the old data that would be lost.
    await restoration.discard();
    expect(Object.keys(await server.contents(15))).toHaveLength(Object.keys(changed).length + 1);

    // The next one takes another database.
    const second = opened.restoration(spool, facts);
    await second.prepare(aborted);
    expect(await server.command(['get', markKey], 14)).toMatch(/^restore of 0: not complete, run test-/);
    await second.discard();
    expect(await server.command(['dbsize'], 14)).toBe('0');

    await restoration.swapBack(aborted);
    await restoration.swapBack(aborted);
    expect(await server.contents()).toEqual(changed);
    await restoration.discard();
    expect(await server.command(['dbsize'], 15)).toBe('0');
    expect((await server.contents(1))[markKey]).toBeUndefined();
  }));

  it.concurrent('is unchanged when a restore is interrupted at any step; the next one removes what is left', () => withRedis(async (server) => {
    await server.fill(500);
    const before = await server.contents();
    const { opened, spool, facts } = await dumped(server);
    for (const progress of [1, 300]) {
      const over = new AbortController();
      const context = { ...dataContext(), progress: (what: string, done: number) => { if (what === 'restore' && done === progress) over.abort(new Error('killed')); } };
      const again = await engine.open(context, reachOf(context).place, loginOf(server));
      await expect(again.restoration(spool, facts).prepare(over.signal)).rejects.toThrow('killed');
      expect(await server.contents()).toEqual(before);
      expect(Number(await server.command(['dbsize'], 15))).toBeGreaterThan(0);
    }
    const restoration = opened.restoration(spool, facts);
    expect((await restoration.check(aborted)).steps[0]).toBe('empty database 15, which an interrupted restore left behind');
    await restoration.prepare(aborted);
    // Killed between its steps: the data that was prepared is not swapped by anybody else.
    const other = opened.restoration(spool, facts);
    await expect(other.swap(aborted)).rejects.toMatchObject({ code: 'backup-failed' });
    await other.prepare(aborted);
    await expect(restoration.swap(aborted)).rejects.toThrow('Database 15 of Redis at this machine is not what the restore has loaded');
    expect(await server.contents()).toEqual(before);
    await other.swap(aborted);
    expect(await server.contents()).toEqual(before);
  }));

  it.concurrent('is not touched where the server does not allow it, or there is no room', () => withRedis(async (server) => {
    await server.fill(10);
    const { spool, facts } = await dumped(server);
    await server.command(['acl', 'setuser', 'app', 'on', '>app', '~*', '&*', '+@all', '-swapdb']);
    await server.command(['acl', 'setuser', 'old', 'on', '>old', '~*', '&*', '+@all', '-restore']);
    const check = async (more: Partial<Login> = {}, changed: Partial<DumpFacts> = {}): Promise<unknown> => {
      const context = dataContext('restore-failed');
      const opened = await engine.open(context, reachOf(context).place, loginOf(server, more));
      return opened.restoration(spool, { ...facts, ...changed }).check(aborted);
    };
    await expect(check({ user: 'app', password: 'app' })).rejects.toMatchObject({ code: 'restore-failed', message: expect.stringContaining('is not allowed to run') });
    await expect(check({ user: 'old', password: 'old' })).rejects.toMatchObject({ message: expect.stringContaining('is not allowed to run RESTORE'), hint: 'Run as an administrator: ACL SETUSER old +restore' });
    await expect(check({}, { server: { ...facts.server, major: 8, version: '8.0.0' } })).rejects.toThrow(/has Redis 7\.\S+, older than 8\.0\.0 of the backup/);
    await expect(check({ database: '3' })).rejects.toThrow('The backup has no keys in database 3: it has keys in 0.');
    await expect(check({}, { server: { ...facts.server, bytes: 1e15 } })).rejects.toThrow(/and the restore needs 1,200,000,000 MB beside the live data/);
    await server.command(['config', 'set', 'maxmemory', '2mb']);
    await expect(check()).rejects.toMatchObject({ hint: 'Raise `maxmemory`, or remove data that is no longer needed.' });
    await server.command(['config', 'set', 'maxmemory', '0']);
    for (const database of [1, 2, 3]) await server.command(['set', 'a', 'b'], database);
    await expect(check()).rejects.toThrow('has no empty database beside 0 to restore into: 0, 1, 2, 3 have keys.');
    expect(await server.command(['dbsize'])).toBe('17');
  }, { databases: '4' }));
});

describe('a cache', () => {
  let places: readonly Place[];
  let context: DataContext;
  beforeAll(() => {
    context = dataContext('restore-failed');
    places = [reachOf(context).place];
  });

  it.concurrent('loses its own database, and no other one; and only if it is declared', () => withRedis(async (server) => {
    await server.fill(10);
    await server.fill(20, 2);
    const cache = { name: 'cache', isCache: true, login: loginOf(server, { database: '2' }) };
    await expect(emptyCache(context, places, { ...cache, isCache: false })).rejects.toMatchObject({
      code: 'restore-failed', message: 'Database "cache" is not declared as a cache, so it is not emptied.', hint: expect.stringContaining('set `databases.cache.cache` to `true`'),
    });
    await expect(emptyCache(context, places, { ...cache, login: loginOf(server, { database: '99' }) })).rejects.toThrow('has no database 99');
    await expect(emptyCache(context, places, { ...cache, login: loginOf(server, { password: 'wrong' }) })).rejects.toThrow('does not accept the password');
    expect([await server.command(['dbsize']), await server.command(['dbsize'], 2)]).toEqual(['17', '27']);
    expect(await emptyCache(context, places, cache)).toEqual({ masters: 1, keys: 27, words: '27 keys of 1 server' });
    expect([await server.command(['dbsize']), await server.command(['dbsize'], 2)]).toEqual(['17', '0']);
  }));

  it.concurrent('is not emptied where FLUSHDB is disabled', () => withRedis(async (server) => {
    await server.fill(10);
    await expect(emptyCache(context, places, { name: 'cache', isCache: true, login: loginOf(server) })).rejects.toThrow(/has no command .*: it was disabled or renamed/);
    expect(await server.command(['dbsize'])).toBe('17');
  }, { 'rename-command': 'FLUSHDB ""' }));

  it.concurrent('that is a cluster is emptied on all masters; none is when one of them cannot be', async () => {
    const nodes = await localRedisCluster(data, 3);
    const [first] = nodes;
    if (!first) throw new Error('no node');
    try {
      const cli = `for i = 1, 300 do pcall(redis.call, 'set', 'key' .. i, i) end return redis.call('dbsize')`;
      const fill = async (): Promise<number[]> => Promise.all(nodes.map(async (node) => Number(await node.command(['eval', cli, '0']))));
      const sizes = async (): Promise<string[]> => Promise.all(nodes.map((node) => node.command(['dbsize'])));
      const filled = await fill();
      expect(Math.min(...filled)).toBeGreaterThan(50);
      const cache = { name: 'cache', isCache: true, login: loginOf(first) };
      await expect(emptyCache(context, places, { ...cache, login: loginOf(first, { database: '1' }) })).rejects.toThrow('is a cluster, which has only database 0, not 1');
      expect(await emptyCache(context, [...places, ...places], cache)).toEqual({ masters: 3, keys: filled.reduce((sum, each) => sum + each, 0), words: expect.stringMatching(/keys of 3 masters$/) });
      expect(await sizes()).toEqual(['0', '0', '0']);

      const opened = await engine.open(context, places[0] as Place, loginOf(first));
      await expect(spooled(opened.dump(options, aborted))).rejects.toThrow('is one master of a cluster: its snapshot has only a part of the data');

      await fill();
      await nodes[2]?.command(['acl', 'setuser', 'default', 'resetpass', '>other']);
      await expect(emptyCache(context, places, cache)).rejects.toThrow(/^127\.0\.0\.1:\d+: .*does not accept the password of the default user\. Nothing was emptied\.$/);
      expect(Number((await sizes().catch(() => nodes[0]?.command(['dbsize'])))?.[0])).toBeGreaterThan(0);
    } finally {
      await Promise.all(nodes.map((node) => node.stop()));
    }
  });
});
