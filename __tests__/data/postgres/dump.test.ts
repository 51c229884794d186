import { describe, expect, it } from '@jest/globals';
import type { DumpFacts, DumpOptions } from '../../../src/data/engine.js';
import { postgres } from '../../../src/data/postgres/engine.js';
import { dumpHead, ended, fakeContext, fakePlace, login, psqlOf, trailer, type FakePlace, type Went } from './fake-place.js';

const body = Buffer.concat([dumpHead(60), Buffer.from('x'.repeat(20_000))]);
const rolesText = 'CREATE ROLE app;\n--\n-- PostgreSQL database cluster dump complete\n--\n';
const df = ended('Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 100 50 4096 10% /data');

/** Cut into pieces of a size that is not that of the trailer. */
const inPieces = (bytes: Buffer, size = 77): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
const sent = (bytes: Buffer, end = trailer(bytes)): Went => ({ output: inPieces(Buffer.concat([bytes, Buffer.from(end)])) });

const place = (dump: Went, more: Parameters<typeof psqlOf>[0] = undefined, roles: Went = ended(rolesText)): FakePlace =>
  fakePlace(psqlOf(more), { 'df -P': df, 'pg_dumpall': roles, 'acci-dump': dump });

const options: DumpOptions = { rows: 'exact', allowEmpty: false, timeoutMs: 600_000 };

async function dumped(at: FakePlace, given: Partial<DumpOptions> = {}, context = fakeContext()): Promise<{ bytes: Buffer; facts: DumpFacts }> {
  const database = await postgres.open(context, at, login);
  const dump = database.dump({ ...options, ...given }, context.signal);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of dump.pieces) pieces.push(piece);
  } catch (error) {
    await expect(dump.facts()).rejects.toBe(error);
    throw error;
  }
  return { bytes: Buffer.concat(pieces), facts: await dump.facts() };
}

describe('a dump', () => {
  it('is what was sent without its trailer, with the rows of its snapshot', async () => {
    const at = place(sent(body));
    const { bytes, facts } = await dumped(at);
    expect(bytes.equals(body)).toBe(true);
    expect(facts).toMatchObject({
      bytes: body.length, entries: 60, rows: { 'public.users': 3, 'sales."Order Line"': 12 }, migration: 'prisma 20260101_add_users', warnings: [],
      texts: { 'roles.sql': rolesText }, counters: { 'public.ticket': '4711' }, server: { version: '15.18', major: 15, identity: '7714003180156865740' },
    });
    const script = at.started.find(({ script }) => script.includes('acci-dump'));
    expect(script?.args).toEqual([
      'PGDATABASE=shop', 'PGUSER=app', 'PGAPPNAME=acci:shop:42-1', 'PGCONNECT_TIMEOUT=15', '--',
      '600', '--format=custom', '--compress=1', '--snapshot=00000003-0000001B-1', '--lock-wait-timeout=60s', '--no-password',
    ]);
    expect(at.started.every(({ secrets, script: text, args }) => secrets[0] === 'pa$$ word' && !text.includes('pa$$') && !args.join().includes('pa$$'))).toBe(true);
    expect(at.started.every(({ script: text }) => !text.includes('shop'))).toBe(true);
  });

  it.each([7, 60, 105, 106, 107, 5000, 100_000])('does not depend on how it is cut into pieces: %i bytes', async (size) => {
    const { bytes } = await dumped(place({ output: inPieces(Buffer.concat([body, Buffer.from(trailer(body))]), size) }));
    expect(bytes.equals(body)).toBe(true);
  });

  it('counts the tables that were asked for', async () => {
    expect((await dumped(place(sent(body)), { rows: 'sample' })).facts.rows).toEqual({ 'sales."Order Line"': 12 });
    expect((await dumped(place(sent(body)), { rows: 'off' })).facts.rows).toBeUndefined();
  });

  it('goes on without the roles if they cannot be read', async () => {
    const { facts } = await dumped(place(sent(body), undefined, ended('', 1, 'pg_dumpall: error: query failed: ERROR:  permission denied for table pg_authid')));
    expect(facts.texts).toEqual({});
    expect(facts.warnings[0]).toContain('The roles could not be read: pg_dumpall: error: query failed: ERROR:  permission denied for table pg_authid.');
  });

  it('ends the sessions of earlier runs of the app first', async () => {
    const statements: string[] = [];
    await dumped(place(sent(body), (sql) => void statements.push(sql)));
    const ending = statements.find((sql) => sql.includes('pg_terminate_backend'));
    expect(ending).toContain(`starts_with(application_name, 'acci:shop:') AND application_name <> 'acci:shop:42-1'`);
  });

  it('locks all tables before its snapshot, and those that were created meanwhile after it', async () => {
    const statements: string[] = [];
    let listed = 0;
    await dumped(place(sent(body), (sql) => {
      statements.push(sql);
      if (!sql.includes('pg_relation_size')) return undefined;
      listed += 1;
      const names = listed === 1 ? ['public.users'] : ['public.users', 'sales."Order Line"'];
      return JSON.stringify(names.map((name) => ({ name, bytes: 1 })));
    }), { rows: 'off' });
    const taking = statements.find((sql) => sql.includes('pg_export_snapshot'));
    expect(taking).toMatch(/^\s*START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;\s+LOCK TABLE ONLY public\.users IN ACCESS SHARE MODE;\s+SELECT [^;]+$/);
    expect(statements.slice(statements.indexOf(taking ?? '')).some((sql) => sql.startsWith('LOCK TABLE ONLY sales."Order Line" IN'))).toBe(true);
  });

  it('uses zstd from PostgreSQL 16 on, and gzip where pg_dump was built without it', async () => {
    const facts16 = { version: '16.4', number: 160004, identity: '1', bytes: 1, replica: false, settings: {} };
    let tries = 0;
    const at = fakePlace(psqlOf((sql) => (sql.includes('pg_control_system') ? JSON.stringify(facts16) : undefined)), {
      'df -P': df, 'pg_dumpall': ended(rolesText),
      'acci-dump': () => ((tries += 1) === 1
        ? { output: [trailer(Buffer.alloc(0), 1)], stderr: 'pg_dump: error: this build does not support compression with ZSTD' }
        : sent(body)),
    });
    expect((await dumped(at)).bytes.equals(body)).toBe(true);
    expect(at.started.filter(({ script }) => script.includes('acci-dump')).map(({ args }) => args.find((arg) => arg.startsWith('--compress')))).toEqual(['--compress=zstd:1', '--compress=1']);
  });
});

describe('a dump fails', () => {
  const whole = Buffer.concat([body, Buffer.from(trailer(body))]);

  it.each([
    ['at its beginning', 0], ['after 1 %', Math.ceil(whole.length / 100)], ['after a half', Math.ceil(whole.length / 2)], ['before its trailer', body.length],
    ['in its trailer', whole.length - 50], ['one byte before its end', whole.length - 1],
  ])('when the connection breaks %s, although kubectl exits with 0', async (_, length) => {
    await expect(dumped(place({ output: inPieces(whole.subarray(0, length)), code: 0 }))).rejects.toMatchObject({
      code: 'backup-failed', message: expect.stringMatching(/^The dump, after [\d,]+ bytes and without its trailer, at container db of pod db-0 broke off: its connection ended before it had finished \(exit code 0\)\.$/),
    });
  });

  it('when something follows its trailer', async () => {
    await expect(dumped(place({ output: [whole, 'more'] }))).rejects.toThrow('without its trailer');
  });

  it('when a bit was changed on the way', async () => {
    const changed = Buffer.from(body);
    changed[9000] = 0;
    await expect(dumped(place(sent(changed, trailer(body))))).rejects.toMatchObject({ message: expect.stringContaining('was changed on its way from container db of pod db-0: 20') });
  });

  it('when bytes are missing in the middle', async () => {
    await expect(dumped(place(sent(Buffer.concat([body.subarray(0, 100), body.subarray(200)]), trailer(body))))).rejects.toThrow('was changed on its way');
  });

  it('when pg_dump does, whatever the exit code of kubectl', async () => {
    await expect(dumped(place({ ...sent(body, trailer(body, 1)), stderr: 'pg_dump: error: query failed: ERROR:  permission denied for table secrets', code: 0 })))
      .rejects.toMatchObject({ message: 'User "app" has no permission for table secrets on the server at container db of pod db-0.' });
    await expect(dumped(place({ ...sent(body, trailer(body, 1)), stderr: 'pg_dump: error: something new\ncommand terminated with exit code 1' })))
      .rejects.toMatchObject({ message: 'pg_dump at container db of pod db-0 failed with exit code 1: pg_dump: error: something new.' });
  });

  it('when it takes longer than allowed', async () => {
    await expect(dumped(place(sent(body, trailer(body, 124))))).rejects.toThrow('The dump at container db of pod db-0 was ended after 600 s.');
  });

  it('when nothing arrives any more', async () => {
    await expect(dumped(place({ output: [body], hangs: true }))).rejects.toThrow('has stalled: nothing arrived for 15 minutes');
  });

  it('when what arrives is no dump', async () => {
    const text = Buffer.from('-- PostgreSQL database dump\n'.repeat(100));
    await expect(dumped(place(sent(text)))).rejects.toThrow('is no dump in its custom format');
  });

  it('when the database has no tables, unless that is allowed', async () => {
    const empty = (sql: string): string | undefined => (sql.includes('pg_relation_size') ? '[]' : undefined);
    await expect(dumped(place(sent(body), empty))).rejects.toMatchObject({ message: 'Database "shop" at container db of pod db-0 has no tables.' });
    expect((await dumped(place(sent(body), empty), { allowEmpty: true })).facts.rows).toEqual({});
  });

  it('when the rows cannot be counted', async () => {
    const denied = (sql: string): string | undefined => (sql.includes('AS counted') ? 'ERROR:  57014: canceling statement due to statement timeout' : undefined);
    await expect(dumped(place({ output: [body], hangs: true }, denied))).rejects.toThrow('The snapshot at container db of pod db-0 failed with exit code 3: ERROR:  57014: canceling statement due to statement timeout.');
  });

  it('when a table is locked by somebody else', async () => {
    const locked = (sql: string): string | undefined => (sql.includes('LOCK TABLE') ? 'ERROR:  55P03: canceling statement due to lock timeout' : undefined);
    await expect(dumped(place(sent(body), locked))).rejects.toThrow('A table in database "shop" was locked by another session for too long.');
  });

  it('when the session of the snapshot breaks off', async () => {
    await expect(dumped(place(sent(body), (sql) => (sql.includes('AS counted') ? 'cut' : undefined)))).rejects.toThrow('The snapshot at container db of pod db-0 broke off');
  });

  it('when the run is cancelled, with its reason', async () => {
    const stop = new AbortController();
    const context = fakeContext(stop.signal);
    const at = place({ output: [body], hangs: true });
    const database = await postgres.open(context, at, login);
    const dump = database.dump(options, context.signal);
    await expect((async () => {
      for await (const _ of dump.pieces) stop.abort(new Error('stopped by a test'));
    })()).rejects.toThrow('stopped by a test');
  });

  it('has no facts when its reader stops', async () => {
    const context = fakeContext();
    const database = await postgres.open(context, place(sent(body)), login);
    const dump = database.dump(options, context.signal);
    for await (const _ of dump.pieces) break;
    await expect(dump.facts()).rejects.toThrow('was not read to its end');
  });
});
