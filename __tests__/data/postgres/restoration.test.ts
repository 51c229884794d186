import { describe, expect, it } from '@jest/globals';
import type { DumpFacts } from '../../../src/data/engine.js';
import { postgres } from '../../../src/data/postgres/engine.js';
import { dumpFacts, ended, fakeContext, fakePlace, login, psqlOf, serverFacts, spoolOf, type FakePlace, type Psql } from './fake-place.js';

const signal = new AbortController().signal;
const denied = 'psql: error: FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "app", database "postgres", no encryption';
const bytes = Buffer.from('a dump');
const df = (kilobytes: number) => ended(`Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 100 50 ${kilobytes} 10% /data`);

const live = {
  'owner': 'app', 'may-act-as-owner': true, 'may-create': true, 'is-superuser': false, 'tablespace': null as string | null, 'limit': -1, 'comment': `it's ours`, 'prepared': 0,
  'grants': [{ to: null, privilege: 'CONNECT', grantable: false }, { to: 'cl"erk', privilege: 'TEMPORARY', grantable: true }],
  'settings': [{ role: null, name: 'search_path', value: '"$user", public' }, { role: 'clerk', name: 'app.x', value: `a'b` }], 'leftovers': [], 'roles': ['app', 'clerk'],
};

interface World {
  readonly live?: Partial<typeof live>;
  readonly kilobytes?: number;
  readonly psql?: (sql: string) => string | undefined;
  readonly restore?: ReturnType<typeof ended>;
}

async function restoration(world: World = {}, facts: DumpFacts = dumpFacts(bytes)) {
  const statements: string[] = [];
  const databases = new Set(['shop']);
  const psql: Psql = psqlOf((sql) => {
    statements.push(sql);
    const own = world.psql?.(sql);
    if (own !== undefined) return own;
    if (sql.includes('may-act-as-owner')) return JSON.stringify({ ...live, ...world.live });
    if (sql.includes('count(*) FROM pg_catalog.pg_database')) return '1';
    if (sql.includes('pg_stat_activity a WHERE')) return JSON.stringify([{ name: 'psql', user: 'app', client: '10.0.0.7' }]);
    if (sql.includes('set_config')) return '"x"';
    if (sql.includes('SELECT coalesce(json_agg(datname)')) return JSON.stringify([...databases]);
    return undefined;
  });
  const place: FakePlace = fakePlace(psql, { 'df -P': df(world.kilobytes ?? 1_000_000), 'pg_restore --exit-on-error': world.restore ?? ended('') });
  const context = { ...fakeContext(), failure: 'restore-failed' as const };
  const database = await postgres.open(context, place, login);
  statements.length = 0;
  return { restoration: database.restoration(spoolOf(bytes), facts), database, statements, place };
}

describe('a restore into the live server', () => {
  it('prints what it would do, and changes nothing', async () => {
    const { restoration: it, statements } = await restoration({ live: { leftovers: [{ name: 'shop_restore_1', bytes: 5e9 }] as never } });
    const { steps } = await it.check(signal);
    expect(steps).toEqual([
      'remove database "shop_restore_1" (5 GB), which an interrupted restore left behind', 'restore into a new database "shop_restore_20260101T000001Z"',
      'compare it with what its source had', 'end all sessions in "shop", rename it to "shop_pre_restore_20260101T000001Z", and rename the new database to "shop", in one transaction',
    ]);
    expect(statements.filter((sql) => /CREATE|DROP|ALTER|COMMENT/.test(sql))).toEqual([]);
  });

  it.each<[string, World, Partial<DumpFacts>, string, string]>([
    ['the server is older', {}, { server: { ...dumpFacts(bytes).server, version: '16.4', major: 16 } }, 'The server at container db of pod db-0 has PostgreSQL 15.18, older than 16.4 of the backup.', 'Update the server'],
    ['the user may not create databases', { live: { 'may-create': false } }, {}, 'User "app" is not allowed to create databases at container db of pod db-0.', 'ALTER ROLE "app" CREATEDB;'],
    ['the database belongs to somebody else', { live: { 'may-act-as-owner': false, 'owner': 'boss' } }, {}, 'Database "shop" at container db of pod db-0 belongs to "boss", whose rights user "app" does not have.', 'GRANT "boss" TO "app";'],
    ['there are prepared transactions', { live: { prepared: 2 } }, {}, 'Database "shop" has 2 prepared transactions, with which it cannot be renamed.', 'COMMIT PREPARED'],
    ['roles are missing', {}, { texts: { 'roles.sql': 'CREATE ROLE app;\nCREATE ROLE reader;\nGRANT reader TO clerk;\n' } }, 'Roles of the backup do not exist at container db of pod db-0: reader.', 'CREATE ROLE reader;'],
    ['there is too little space', { kilobytes: 11_000 }, {}, 'The disk of the server at container db of pod db-0 has 0.01 GB free, and the restore needs 0.01 GB beside the live data.', 'Enlarge the volume'],
  ])('is refused when %s', async (_, world, facts, message, hint) => {
    const { restoration: it } = await restoration(world, dumpFacts(bytes, facts));
    await expect(it.check(signal)).rejects.toMatchObject({ code: 'restore-failed', message, hint: expect.stringContaining(hint) });
    await expect(it.prepare(signal)).rejects.toMatchObject({ message });
  });

  it('restores beside the live data, with what belongs to the database', async () => {
    const { restoration: it, statements, place } = await restoration({ live: { 'is-superuser': true } }, dumpFacts(bytes, { texts: { 'roles.sql': 'CREATE ROLE reader;\nALTER ROLE reader WITH NOLOGIN;\n' } }));
    expect(await it.prepare(signal)).toMatchObject({ tables: 2, rows: 15 });
    const made = statements.filter((sql) => /^(?:CREATE|ALTER|COMMENT|REVOKE|GRANT)/.test(sql)).map((sql) => sql.split(';\nSELECT')[0]);
    expect(made).toEqual([
      'CREATE ROLE reader', 'ALTER ROLE reader WITH NOLOGIN',
      `CREATE DATABASE "shop_restore_20260101T000001Z" TEMPLATE template0 OWNER "app" ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' LOCALE_PROVIDER libc`,
      `COMMENT ON DATABASE "shop_restore_20260101T000001Z" IS 'acci-deploy restore of shop: not complete, run 42-1'`,
      'REVOKE ALL ON DATABASE "shop_restore_20260101T000001Z" FROM PUBLIC, "app"', 'GRANT CONNECT ON DATABASE "shop_restore_20260101T000001Z" TO PUBLIC',
      'GRANT TEMPORARY ON DATABASE "shop_restore_20260101T000001Z" TO "cl""erk" WITH GRANT OPTION',
      'ALTER DATABASE "shop_restore_20260101T000001Z" SET "search_path" FROM CURRENT; COMMIT', 'ALTER ROLE "clerk" IN DATABASE "shop_restore_20260101T000001Z" SET "app"."x" FROM CURRENT; COMMIT',
    ]);
    expect(place.started.find(({ script }) => script.includes('pg_restore --exit-on-error'))?.args).toContain(`dbname='shop_restore_20260101T000001Z'`);
    expect(place.started.find(({ script }) => script.includes('pg_restore --exit-on-error'))?.input).toBe('a dump');
  });

  it('names the tablespace of the live data only where a new database would not be in it anyway', async () => {
    for (const tablespace of [null, 'fast']) {
      const { restoration: it, statements } = await restoration({ live: { tablespace } });
      await it.prepare(signal);
      expect(/ TABLESPACE ([^;\s]+)/.exec(statements.find((sql) => sql.startsWith('CREATE DATABASE')) ?? '')?.[1]).toBe(tablespace === null ? undefined : '"fast"');
    }
  });

  it('touches nothing when the dump does not restore, or differs', async () => {
    const broken = await restoration({ restore: ended('', 1, 'pg_restore: error: could not execute query: ERROR:  type "public.vector" does not exist') });
    await expect(broken.restoration.prepare(signal)).rejects.toMatchObject({
      message: expect.stringContaining('The dump does not restore at container db of pod db-0: pg_restore stopped with exit code 1: pg_restore: error: could not execute query'), hint: expect.stringContaining('lacks an extension'),
    });
    const different = await restoration({}, dumpFacts(bytes, { rows: Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`public.t${index}`, 1])) }));
    await expect(different.restoration.prepare(signal)).rejects.toThrow(/^The restored database differs from its source: (?:table public\.t\d is missing, ){9}table public\.t9 is missing, and 4 more\.$/);
    const changed = await restoration({}, dumpFacts(bytes, { sha256: '0'.repeat(64) }));
    await expect(changed.restoration.prepare(signal)).rejects.toThrow('it was changed since it was made.');
  });

  it('renames both in one transaction', async () => {
    const { restoration: it, statements } = await restoration();
    await it.check(signal);
    expect(await it.swap(signal)).toEqual({ kept: 'shop_pre_restore_20260101T000001Z' });
    expect(statements.find((sql) => sql.startsWith('START TRANSACTION;'))?.split('\n')).toEqual([
      'START TRANSACTION;', 'ALTER DATABASE "shop" RENAME TO "shop_pre_restore_20260101T000001Z";', 'ALTER DATABASE "shop_restore_20260101T000001Z" RENAME TO "shop";',
      `COMMENT ON DATABASE "shop" IS 'it''s ours';`, 'COMMIT;', `SELECT 'done'`,
    ]);
  });

  it('names who stays connected when it cannot', async () => {
    const inUse = 'ERROR:  55006: database "shop" is being accessed by other users\nDETAIL:  There is 1 other session using the database.';
    const { restoration: it } = await restoration({ psql: (sql) => (sql.startsWith('START TRANSACTION;') ? inUse : undefined) });
    await expect(it.swap(signal)).rejects.toMatchObject({
      message: 'Database "shop" at container db of pod db-0 is still in use after 60 s: psql of app from 10.0.0.7. Nothing was renamed.', hint: expect.stringContaining('scale the app'),
    });
  });

  it('has happened if its answer was lost, but the databases are renamed', async () => {
    const { restoration: it } = await restoration({
      psql: (sql) => (sql.startsWith('START TRANSACTION;') ? 'cut' : sql.includes('json_agg(datname)') ? '["shop","shop_pre_restore_20260101T000001Z"]' : undefined),
    });
    expect((await it.swap(signal)).kept).toBe('shop_pre_restore_20260101T000001Z');
    const lost = await restoration({ psql: (sql) => (sql.startsWith('START TRANSACTION;') ? 'cut' : undefined) });
    await expect(lost.restoration.swap(signal)).rejects.toThrow('The swap of the databases at container db of pod db-0 broke off');
  });

  it('is only taken for undone once no earlier session of the run can rename any more', async () => {
    const left = ['1', '1', '0'];
    const asked: string[] = [];
    const { restoration: it, statements } = await restoration({ psql: (sql) => {
      if (sql.includes('WHERE application_name =')) asked.push(`ends ${left[0]}`);
      if (sql.includes('count(*) FROM pg_catalog.pg_database')) asked.push('looks');
      return sql.includes('WHERE application_name =') ? left.shift() : undefined;
    } });
    await it.check(signal);
    await it.swapBack(signal);
    expect(asked).toEqual(['ends 1', 'ends 1', 'ends 0', 'looks']);
    expect(statements.find((sql) => sql.startsWith('START TRANSACTION;'))).toContain('ALTER DATABASE "shop_pre_restore_20260101T000001Z" RENAME TO "shop";');
    const stuck = await restoration({ psql: (sql) => (sql.includes('WHERE application_name =') ? '1' : undefined) });
    await expect(stuck.restoration.swapBack(signal)).rejects.toThrow('Sessions of this run at container db of pod db-0 do not end.');
  });

  it('that was killed is removed by its own run alone, by the mark of the database', async () => {
    const { database, statements } = await restoration({ psql: (sql) => (sql.includes('json_agg(d.datname)') ? '["shop_restore_1"]' : undefined) });
    expect(await database.removeLeft(signal)).toEqual(['database "shop_restore_1"']);
    expect(statements.find((sql) => sql.includes('json_agg(d.datname)'))).toContain(`= 'acci-deploy restore of shop: not complete, run 42-1'`);
    expect(statements.filter((sql) => sql.startsWith('DROP')).map((sql) => sql.split(';')[0])).toEqual(['DROP DATABASE IF EXISTS "shop_restore_1"']);
  });
  it('needs another database of the server to work from', async () => {
    let isOpen = false;
    const { restoration: it } = await restoration({ psql: (sql) => {
      isOpen ||= sql.includes('pg_control_system');
      return isOpen && !sql.includes('pg_control_system') ? denied : undefined;
    } });
    await expect(it.check(signal)).rejects.toThrow('pg_hba.conf of the server at container db of pod db-0 does not allow this connection');
  });
});

describe('opening a database', () => {
  it('refuses a replica', async () => {
    const place = fakePlace(psqlOf((sql) => (sql.includes('pg_control_system') ? JSON.stringify({ ...serverFacts, replica: true }) : sql.includes('pg_is_in_recovery()::text') ? 'true' : undefined)));
    await expect(postgres.open(fakeContext(), place, login)).rejects.toMatchObject({ message: 'PostgreSQL at container db of pod db-0 is a replica: it takes no writes, and cannot export a snapshot.' });
    expect(await postgres.isPrimary(fakeContext(), place, login)).toBe(false);
  });

  it('says what is wrong with the answer', async () => {
    const place = fakePlace(() => 'nonsense');
    await expect(postgres.open(fakeContext(), place, login)).rejects.toMatchObject({ code: 'backup-failed', message: expect.stringMatching(/^The answer of psql at container db of pod db-0 is not JSON/) });
  });
});
