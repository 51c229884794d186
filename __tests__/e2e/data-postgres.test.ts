import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { postgres as engine } from '../../src/data/postgres/engine.js';
import type { DataContext, DumpOptions } from '../../src/data/engine.js';
import type { Reach } from '../../src/data/place.js';
import { describeEngine } from '../data/engine-contract.js';
import { closeApi } from './harness/api.js';
import { inSpace } from './harness/app.js';
import { lab } from './harness/data/lab.js';
import { dataBinding, dataRole, reachOf, spooled } from './harness/data/opened.js';
import { dataContext, newSpool } from './harness/data/ports.js';
import { postgres, type Postgres } from './harness/data/postgres.js';
import { environment, eventually } from './harness/environment.js';
import { namespace, type Space } from './harness/namespace.js';

jest.setTimeout(300_000);
afterAll(closeApi);

const data = await lab();
const options: DumpOptions = { rows: 'exact', allowEmpty: false, timeoutMs: 300_000 };
const aborted = new AbortController().signal;

const sessions = (database: Postgres): Promise<string> => database.sql(`SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'acci:%'`);
const folders = async (database: Postgres): Promise<string> => (await database.run(['sh', '-c', 'ls -d /tmp/acci-* /dev/shm/acci-* 2>/dev/null'])).stdout.toString();

/** The postmaster is process 1 of the container, and restarts all its processes if one that it does not know ends badly. */
async function expectNoCrash(space: Space, database: Postgres): Promise<void> {
  const { stdout } = await promisify(execFile)('kubectl', ['logs', `--namespace=${space.name}`, database.pod], { env: { ...process.env, KUBECONFIG: environment().kubeconfig } });
  expect(stdout).toContain('ready to accept connections');
  expect(stdout).not.toMatch(/terminated by signal|reinitializing|exited with exit code [2-9]/);
}

/** Only /dev/shm and the folders of the server can be written to, as where a policy demands it. */
const writable = { volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql' }, { name: 'run', mountPath: '/var/run/postgresql' }] };

async function filled(space: Space, rows: number, more: Parameters<typeof postgres>[2] = {}): Promise<Postgres> {
  await space.apply(dataRole, dataBinding);
  const database = await postgres(space, data, more);
  await database.fill({ rows });
  return database;
}

describe('a PostgreSQL in the cluster', () => {
  it('is dumped, checked, restored into a scratch pod of the same image, and compared; nothing is left', inSpace('pg', async (space) => {
    const database = await filled(space, 3000);
    const context = dataContext();
    const { reach, login, cluster } = await reachOf(space, database, context);
    try {
      expect(reach.place.image).toBe(data.postgres.image.replace(/:15@/, '@'));
      const opened = await engine.open(context, reach.place, login);
      expect(opened.server).toMatchObject({ major: 15, version: data.postgres.version, settings: { encoding: 'UTF8' } });
      expect(opened.server.freeBytes).toBeGreaterThan(1e6);
      // Rows that are moved by TRUNCATE while the dump starts are in the one table or in the other.
      await database.sql('CREATE TABLE public.moved_from AS SELECT g FROM generate_series(1, 100) g; CREATE TABLE public.moved_to (g int)');
      const moving = database.sql('BEGIN; LOCK TABLE public.moved_from; INSERT INTO public.moved_to SELECT * FROM public.moved_from; TRUNCATE public.moved_from; SELECT pg_sleep(5); COMMIT');
      await eventually('the table is locked', async () => await database.sql(`SELECT count(*) FROM pg_locks WHERE relation = 'public.moved_from'::regclass AND mode = 'AccessExclusiveLock'`) === '1');
      const { spool, facts } = await spooled(opened.dump(options, aborted));
      await moving;
      expect((facts.rows?.['public.moved_from'] ?? 0) + (facts.rows?.['public.moved_to'] ?? 0)).toBe(100);
      expect(facts).toMatchObject({ warnings: [], rows: { 'sales.customer': 3002, '"Audit Log"."Entry"': 1 }, counters: { 'public.ticket': '4711' } });
      await opened.check(spool, facts, aborted);

      const scratch = await reach.scratch(aborted, opened.server.bytes);
      const [job] = await space.list('Job');
      expect(job.spec.template.spec).toMatchObject({
        automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, runAsUser: 999 },
        containers: [{ image: reach.place.image, securityContext: { readOnlyRootFilesystem: true } }],
      });
      const server = await engine.startServer(context, scratch, opened.server);
      expect(server.server.identity).not.toBe(opened.server.identity);
      const compared = await server.restore(spool, facts, aborted);
      expect(compared.words).toMatch(/^[\d,]+ rows of 8 tables, 9 indexes, 12 constraints, 3 sequences$/);
      await server.assert(['SELECT count(*) = 3002 FROM sales.customer'], aborted);
      await expect(server.assert(['SELECT false'], aborted)).rejects.toThrow('does not hold for the restored data: it returned f');
      await scratch.close();
      await eventually('no Job is left', async () => (await space.list('Job')).length === 0);
      await spool.close();
      expect(await sessions(database)).toBe('0');
      expect(await folders(database)).toBe('');
      await expectNoCrash(space, database);
    } finally {
      await cluster.close();
    }
  }));

  it('notices that the pod is killed in mid-dump', inSpace('pg', async (space) => {
    const database = await filled(space, 60_000);
    const context = dataContext();
    const { reach, login, cluster } = await reachOf(space, database, context);
    try {
      const opened = await engine.open(context, reach.place, login);
      const dump = opened.dump(options, aborted);
      let killed: Promise<unknown> | undefined;
      await expect((async () => {
        for await (const _ of dump.pieces) {
          if (killed) await killed;
          // What is read only once the pod has gone was not in the buffers.
          killed ??= space.remove('Pod', database.pod).then(() => eventually('the pod is gone', async () => (await space.get('Pod', database.pod))?.metadata.deletionTimestamp === undefined));
        }
      })()).rejects.toMatchObject({ code: 'backup-failed' });
      await expect(dump.facts()).rejects.toMatchObject({ code: 'backup-failed' });
    } finally {
      await cluster.close();
    }
  }));

  it('has no session and no lock of a dump whose kubectl was killed', inSpace('pg', async (space) => {
    const database = await filled(space, 60_000);
    const context = dataContext();
    const killed: number[] = [];
    const { spawn } = await import('node:child_process');
    const { reach, login, cluster } = await reachOf(space, database, context);
    try {
      const opened = await engine.open(context, reach.place, login);
      const dump = opened.dump(options, aborted);
      await expect((async () => {
        for await (const _ of dump.pieces) {
          if (killed.length > 0) continue;
          await eventually('pg_dump runs', async () => Number(await sessions(database)) > 0);
          // All kubectl of this dump at once, as when the machine is lost.
          const found = await new Promise<string>((resolve) => {
            let text = '';
            const child = spawn('pgrep', ['-f', `kubectl.*--namespace=${space.name} exec`]);
            child.stdout.on('data', (piece: Buffer) => { text += piece.toString(); });
            child.once('close', () => resolve(text));
          });
          killed.push(...found.split('\n').filter(Boolean).map(Number));
          for (const pid of killed) process.kill(pid, 'SIGKILL');
        }
      })()).rejects.toMatchObject({ code: 'backup-failed' });
      expect(killed.length).toBeGreaterThan(0);
      await eventually('no session is left', async () => (await sessions(database)) === '0');
      expect(await database.sql(`SET lock_timeout = '2s'; ALTER TABLE public.item_1 ADD COLUMN added int; SELECT 'altered'`)).toBe('altered');
      await eventually('no folder is left', async () => (await folders(database)) === '');
      await ownerRestores(database, context, reach);
      await expectNoCrash(space, database);
    } finally {
      await cluster.close();
    }
  }));
});

/** The owner of a database is rarely a superuser: it can create databases, and has no permission for any tablespace. */
async function ownerRestores(database: Postgres, context: DataContext, reach: Reach): Promise<void> {
  await database.sql(`CREATE ROLE plain LOGIN CREATEDB PASSWORD 'plain';\nCREATE DATABASE plain OWNER plain`);
  await database.sql('SET ROLE plain; CREATE TABLE item (id int); INSERT INTO item VALUES (1)', 'plain');
  const opened = await engine.open(context, reach.place, { database: 'plain', user: 'plain', password: 'plain' });
  const { spool, facts } = await spooled(opened.dump(options, aborted));
  await database.sql('TRUNCATE item', 'plain');
  const restoration = opened.restoration(spool, facts);
  await restoration.check(aborted);
  await restoration.prepare(aborted);
  await restoration.swap(aborted);
  expect(await database.sql('SELECT count(*) FROM item', 'plain')).toBe('1');
}

describe('PostgreSQL in a pod', () => {
  describeEngine(async () => {
    const space = await namespace('pg');
    const database = await filled(space, 20_000, {
      container: { securityContext: { readOnlyRootFilesystem: true }, ...writable },
      pod: { volumes: [{ name: 'data', emptyDir: {} }, { name: 'run', emptyDir: {} }] },
    });
    const context = dataContext();
    const { reach, login, cluster } = await reachOf(space, database, context);
    return {
      engine, context, reach, login, newSpool,
      sessions: async () => {
        await eventually('no session is left', async () => (await sessions(database)) === '0').catch(() => undefined);
        await expectNoCrash(space, database);
        return Number(await sessions(database));
      },
      close: async () => {
        await cluster.close();
        await space.dispose();
      },
    };
  });
});

describe('a restore into the live server', () => {
  it('leaves the old or the new data, whole, whatever step it ends at', inSpace('pg', async (space) => {
    const database = await filled(space, 1000, { user: 'owner', database: 'we"ird; name' });
    const name = database.database;
    const before = await database.contents();
    const context = dataContext('restore-failed');
    const { reach, login, cluster } = await reachOf(space, database, context);
    const others = (): Promise<string> => database.sql(`SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE datname LIKE 'we"ird%'`, 'postgres');
    try {
      const opened = await engine.open(context, reach.place, login);
      const { spool, facts } = await spooled(opened.dump(options, aborted));
      await database.sql(`DELETE FROM sales.customer WHERE id > 500 AND id NOT IN (SELECT customer FROM sales.purchase)`);
      await database.sql(`TRUNCATE public.item_1; ALTER DATABASE "we""ird; name" SET work_mem = '7MB'`);
      const damaged = await database.contents();

      // Ends after `prepare`, without `discard`: the next one finds what it left behind.
      const first = opened.restoration(spool, facts);
      await first.check(aborted);
      await first.prepare(aborted);
      expect(await database.contents()).toEqual(damaged);
      expect((await others()).split(',')).toHaveLength(2);

      const second = opened.restoration(spool, facts);
      const { steps } = await second.check(aborted);
      expect(steps[0]).toMatch(/^remove database "we"ird; name_restore_\d{8}T\d{6}Z" \([\d.]+ GB\), which an interrupted restore left behind$/);
      await second.prepare(aborted);
      expect(await database.contents()).toEqual(damaged);

      // Somebody is connected all the time.
      const connected = database.run(['psql', '-U', 'owner', '-d', name, '-c', 'SELECT pg_sleep(600)']);
      await eventually('somebody is connected', async () => (await database.sql(`SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'  AND pid <> pg_backend_pid()`)) === '1');
      const { kept } = await second.swap(aborted);
      expect((await connected).code).not.toBe(0);
      expect(await database.contents()).toEqual(before);
      expect(await database.contents(kept)).toEqual(damaged);
      expect(await database.sql('SHOW work_mem')).toBe('7MB');
      await second.discard();
      expect(await database.contents()).toEqual(before);

      await second.swapBack(aborted);
      expect(await database.contents()).toEqual(damaged);
      await second.discard();
      expect(await others()).toBe(name);
      await expectNoCrash(space, database);
    } finally {
      await cluster.close();
    }
  }));
});
