import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi } from './harness/api.js';
import { inSpace } from './harness/app.js';
import { lab } from './harness/data/lab.js';
import { localPostgres } from './harness/data/local-postgres.js';
import { postgres, type Postgres } from './harness/data/postgres.js';
import { redis } from './harness/data/redis.js';
import { accessDenied, internalError, s3Faults, slowDown } from './harness/data/s3-faults.js';
import { s3 } from './harness/data/s3.js';
import { eventually } from './harness/environment.js';
import type { Space } from './harness/namespace.js';
import { statefulset } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(closeApi);

const data = await lab();
const run = promisify(execFile);

describe('PostgreSQL in the cluster', () => {
  it.concurrent('has what it is filled with, in a dump as well, and is reached from this machine', inSpace('data', async (space) => {
    const database = await postgres(space, data);
    expect(await database.sql('SHOW server_version')).toContain(data.postgres.version);
    await database.fill({ tables: 2, rows: 500 });
    const contents = await database.contents();
    expect(Object.fromEntries(Object.entries(contents).map(([table, text]) => [table, Number(text.split(' ')[0])]))).toEqual({
      'Audit Log.Entry': 1, 'public.item_1': 500, 'public.item_2': 500, 'sales.customer': 502, 'sales.purchase_2025': 364, 'sales.purchase_2026': 136, 'sales.total': 500,
    });

    await dumpAndRestore(database);
    expect(await database.contents('copy')).toEqual(contents);
    expect(await database.sql('SELECT encode(lo_get(4242), \'hex\') = md5(\'large\'), last_value FROM public.ticket', 'copy')).toBe('t|4711');

    const options = { env: { ...process.env, PATH: `${data.postgres.programs}:${process.env.PATH}` } };
    const { stdout } = await run('psql', ['-XAt', '--dbname', await database.url(), '--command', 'SELECT count(*) FROM sales.customer'], options);
    expect(stdout).toBe('502\n');
    const { stdout: list } = await run('pg_dump', ['--schema-only', '--dbname', await database.url()], options);
    expect(list).toContain('CREATE MATERIALIZED VIEW sales.total');
  }));

  it.concurrent('behaves as the official image does', inSpace('data', async (space) => {
    await space.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'scripts' }, data: { 'a.sql': 'CREATE TABLE ours (a int);', 'b.sh': 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO ours VALUES (7)"' } },
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'in-a-file' }, stringData: { password: 'it\'s "$HOME"' } },
      statefulset('silent', { image: data.postgres.image, replicas: 1 }),
    );
    const database = await postgres(space, data, {
      user: 'owner', database: 'some db',
      container: {
        env: Object.entries({ POSTGRES_USER: 'owner', POSTGRES_DB: 'some db', POSTGRES_PASSWORD_FILE: '/secret/password', PGDATA: '/var/lib/postgresql/own' }).map(([name, value]) => ({ name, value })),
        volumeMounts: [{ name: 'scripts', mountPath: '/docker-entrypoint-initdb.d' }, { name: 'secret', mountPath: '/secret' }],
      },
      pod: { volumes: [{ name: 'scripts', configMap: { name: 'scripts' } }, { name: 'secret', secret: { secretName: 'in-a-file' } }] },
    });
    expect(await database.sql('SELECT a, current_user, current_database(), current_setting(\'data_directory\') FROM ours')).toBe('7|owner|some db|/var/lib/postgresql/own');
    expect((await database.run(['stat', '--format', '%u %a', '/var/lib/postgresql/own'])).stdout.toString()).toBe('999 700\n');
    // From outside of the pod, with a password.
    expect((await login(database, 'it\'s "$HOME"')).code).toBe(0);
    expect(await login(database, 'wrong')).toMatchObject({ code: 2, stderr: expect.stringContaining('password authentication failed') });
    expect(await logOf(space, 'silent-0')).toContain('Database is uninitialized and superuser password is not specified');
  }));
});

/** In the pod, into a new database `copy`. */
async function dumpAndRestore(database: Postgres): Promise<void> {
  const { code, stdout: dump, stderr } = await database.run(['pg_dump', '--username', database.user, '--format', 'custom', '--compress', '1', database.database]);
  expect([code, stderr]).toEqual([0, '']);
  expect(dump.subarray(0, 5).toString()).toBe('PGDMP');
  await database.sql('CREATE DATABASE copy TEMPLATE template0');
  expect(await database.run(['pg_restore', '--username', database.user, '--exit-on-error', '--dbname', 'copy'], dump)).toMatchObject({ code: 0, stderr: '' });
}

async function login(database: Postgres, password: string): Promise<{ code: number | null; stderr: string }> {
  const url = new URL(await database.url());
  return database.run(['env', `PGPASSWORD=${password}`, 'psql', '--no-psqlrc', '--host', url.hostname, '--username', database.user, '--dbname', database.database, '--command', 'SELECT 1']);
}

const logOf = (space: Space, pod: string): Promise<string> => eventually(`${pod} has exited`, async () => {
  const found = await space.get('Pod', pod);
  if (!found?.status?.containerStatuses?.[0]?.restartCount) return undefined;
  return (await run('kubectl', ['logs', '--namespace', space.name, pod, '--previous'])).stdout;
});

describe('PostgreSQL on this machine', () => {
  it.concurrent('answers at its URL, and can be dumped and restored', async () => {
    const database = await localPostgres(data, { log_min_duration_statement: '0' });
    const options = { env: { ...process.env, PATH: `${data.postgres.programs}:${process.env.PATH}` }, encoding: 'buffer', maxBuffer: 2 ** 26 } as const;
    try {
      await database.fill({ tables: 1, rows: 200 });
      const { stdout: dump } = await run('pg_dump', ['--format', 'custom', '--dbname', database.url()], options);
      await database.sql('CREATE DATABASE copy');
      const restore = run('pg_restore', ['--exit-on-error', '--dbname', database.url('copy')], options);
      restore.child.stdin?.end(dump);
      await restore;
      expect(await database.contents('copy')).toEqual(await database.contents());
      await expect(database.sql('SELECT 1', 'no-such')).rejects.toThrow('database "no-such" does not exist');
    } finally {
      await database.stop();
    }
  });
});

describe('Redis in the cluster', () => {
  it.concurrent('has what it is filled with, in a snapshot as well, and wants its password', inSpace('data', async (space) => {
    const cache = await redis(space, data);
    await cache.fill(300);
    await cache.fill(2, 1);
    expect([await cache.dbsize(), await cache.dbsize(1), await cache.dbsize(2)]).toEqual([307, 9, 0]);
    await expect(cache.command(['config', 'set', 'no-such', '1'])).rejects.toThrow('Unknown option');
    expect((await cache.run(['env', '-u', 'REDISCLI_AUTH', 'redis-cli', '-e', 'dbsize'])).code).toBe(1);
    expect((await cache.run(['stat', '--format', '%u', '/data'])).stdout.toString()).toBe('999\n');

    const cli = (...args: string[]): Promise<{ stdout: string }> => run(`${data.redis.programs}/redis-cli`, args, { env: { ...process.env, REDISCLI_AUTH: cache.password } });
    const { hostname, port } = new URL(await cache.url());
    expect((await cli('-h', hostname, '-p', port, 'get', 'expiring')).stdout).toBe('soon\n');
    const folder = mkdtempSync(join(tmpdir(), 'data-lab-'));
    try {
      await cli('-h', hostname, '-p', port, '--rdb', join(folder, 'dump.rdb'));
      const { stdout } = await run(`${data.redis.programs}/redis-check-rdb`, [join(folder, 'dump.rdb')]);
      expect(stdout).toContain('316 keys read');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }));
});

describe('the S3 server', () => {
  it.concurrent('returns what it has stored, and what the disk makes of it', async () => {
    const store = await s3(data, { lock: true });
    try {
      await store.write('app/one', 'first');
      await store.write('app/two', Buffer.alloc(100_000, 7));
      expect(await store.objects('app/')).toEqual([{ key: 'app/one', bytes: 5 }, { key: 'app/two', bytes: 100_000 }]);
      expect((await store.read('app/one')).toString()).toBe('first');
      store.corrupt('app/one', (bytes) => Buffer.from(bytes.toString().toUpperCase()));
      await expect(store.read('app/one').then(String)).rejects.toThrow(/[Cc]hecksum/);
    } finally {
      await store.stop();
    }
  });
});


describe('the S3 server that misbehaves', () => {
  it.concurrent('passes everything on, and fails as it is told to', async () => {
    const store = await s3(data);
    const faults = await s3Faults(store);
    const client = new S3Client({
      endpoint: faults.endpoint, region: 'us-east-1', credentials: { accessKeyId: store.accessKey, secretAccessKey: store.secretKey }, forcePathStyle: true, maxAttempts: 1,
    });
    const put = (body: Buffer): Promise<unknown> => client.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'a/ü b', Body: body, ChecksumAlgorithm: 'SHA256' }));
    const get = async (): Promise<Buffer> => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: store.bucket, Key: 'a/ü b', ChecksumMode: 'ENABLED' }));
      return Buffer.from(await Body?.transformToByteArray() ?? []);
    };
    const large = Buffer.alloc(3_000_000, 'abcdefg');
    try {
      const arrived = faults.arrived(({ method }) => method === 'PUT');
      await put(large);
      expect([(await get()).equals(large), (await arrived).key, faults.requests.map(({ status }) => status)]).toEqual([true, 'a/ü b', [200, 200]]);

      for (const [fault, code] of [[internalError, 'InternalError'], [slowDown, 'SlowDown'], [accessDenied, 'AccessDenied']] as const) {
        faults.set({ ...fault, times: 1 });
        await expect(put(large)).rejects.toMatchObject({ name: code, $response: { headers: code === 'SlowDown' ? { 'retry-after': '1' } : {} } });
      }
      faults.set({ when: ({ method }) => method === 'PUT', cutUploadAfter: 100_000 }, { when: ({ method }) => method === 'GET', cutAnswerAfter: 100_000 });
      await expect(put(Buffer.from(large).reverse())).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/);
      await expect(get()).rejects.toThrow(/aborted|ECONNRESET|terminated/);
      expect((await store.read('a/ü b')).equals(large)).toBe(true);

      faults.set({ bytesPerSecond: 30_000_000 });
      expect((await get()).equals(large)).toBe(true);
      faults.set({ stores: (bytes) => Buffer.from(bytes.map((byte, index) => (index === 7 ? 0 : byte))) });
      await put(large);
      faults.set();
      await expect(get()).rejects.toThrow(/[Cc]hecksum/);
    } finally {
      client.destroy();
      await faults.close();
      await store.stop();
    }
  });
});
