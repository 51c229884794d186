import { describe, expect, it } from '@jest/globals';
import { postgres } from '../../../src/data/postgres/engine.js';
import type { DatabaseCopy } from '../../../src/data/engine.js';
import type { ScratchPlace } from '../../../src/data/place.js';
import { dumpFacts, dumpHead, ended, fakeContext, fakePlace, login, psqlOf, serverFacts, sha256, spoolOf, type FakePlace, type Went } from './fake-place.js';

const signal = new AbortController().signal;
const bytes = dumpHead(60);
const live = { 'owner': 'shop "x"', 'may-act-as-owner': true, 'may-create': true, 'is-superuser': false, 'tablespace': null, 'limit': -1, 'comment': null, 'prepared': 0, 'grants': null, 'settings': null, 'leftovers': [], 'roles': ['shop'] };
const facts = dumpFacts(bytes, { texts: { 'roles.sql': 'CREATE ROLE shop;\n' } });

/** A copy of a database of this name, with all statements that its server got. */
async function copy(settings: object = {}, scripts: Readonly<Record<string, Went>> = {}, database = 'shop'): Promise<{ readonly copy: DatabaseCopy; readonly place: FakePlace; readonly statements: string[] }> {
  const statements: string[] = [];
  const here = JSON.stringify({ ...serverFacts, settings: { ...serverFacts.settings, ...settings } });
  const source = fakePlace(psqlOf((sql) => (sql.includes('may-act-as-owner') ? JSON.stringify(live) : sql.includes('pg_control_system') ? here : undefined)), { 'df -P': ended('') });
  const place = fakePlace(psqlOf((sql) => {
    statements.push(sql);
    return sql.includes('pg_control_system') ? JSON.stringify({ ...serverFacts, identity: '42' }) : undefined;
  }), {
    'run server': { output: ['ready\n'], hangs: true }, 'sha256sum <"$1"': ended(`${sha256(bytes)}  -`), 'ON_ERROR_STOP=0': ended(''), 'pg_restore --exit-on-error': ended(''), 'connection authorized': ended('3\n'), ...scripts,
  });
  const opened = await postgres.open(fakeContext(), source, { ...login, database });
  const scratch: ScratchPlace = { ...place, words: 'the copy', folder: '/scratch/x', close: async () => undefined };
  const made = await opened.copy?.(scratch, { addresses: ['127.0.0.1', '::1'], port: 6432 }, signal);
  if (!made) throw new Error('PostgreSQL has copies');
  return { copy: made, place, statements };
}

describe('a copy of a database', () => {
  it('listens on addresses of its pod, on the port of the app, and without TLS where the database has none', async () => {
    const { place } = await copy();
    const { args } = place.started.find(({ script }) => script.includes('run server')) ?? {};
    expect(args?.slice(-5)).toEqual(['/scratch/x', '', '127.0.0.1,::1', '6432', 'off']);
    expect((await copy({ ssl: 'on' })).place.started.find(({ script }) => script.includes('run server'))?.args.at(-1)).toBe('on');
  });
  it('gets the name, the owner and the settings of the database', async () => {
    const { copy: made, statements } = await copy();
    await made.restore(spoolOf(bytes), facts, signal);
    expect(statements.filter((sql) => /^ALTER|^DROP/.test(sql)).map((sql) => sql.split(';')[0])).toEqual(['ALTER DATABASE "restored" RENAME TO "shop"', 'ALTER DATABASE "shop" OWNER TO "shop ""x"""']);
  });
  it('can have the name that every server has', async () => {
    const { copy: made, statements } = await copy({}, {}, 'postgres');
    await made.restore(spoolOf(bytes), facts, signal);
    expect(statements.filter((sql) => /^DROP/.test(sql)).length).toBe(1);
  });
  it('needs the roles: the app logs in with its own', async () => {
    const { copy: made } = await copy();
    await expect(made.restore(spoolOf(bytes), dumpFacts(bytes), signal)).rejects.toThrow('The backup has no roles, so the app cannot log in to a copy of it.');
  });
  it('says who has logged in, and what its last migration is', async () => {
    const { copy: made } = await copy();
    expect(await made.seen(signal)).toEqual({ logins: 3, head: 'prisma 20260101_add_users' });
  });
  it('needs openssl where the database has TLS', async () => {
    await expect(copy({ ssl: 'on' }, { 'run server': ended('', 127, 'openssl: not found') })).rejects.toMatchObject({ code: 'tool-missing', message: 'The database uses TLS, and the image of the copy has no openssl to make a certificate for its copy.' });
  });
});
