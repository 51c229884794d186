import { describe, expect, it } from '@jest/globals';
import { differences } from '../../../src/data/postgres/compare.js';
import { readHead } from '../../../src/data/postgres/archive.js';
import { sessionName } from '../../../src/data/postgres/login.js';
import { preloaded } from '../../../src/data/postgres/preload.js';
import { connectionValue, identifier, literal, nameWith } from '../../../src/data/postgres/quote.js';
import { roleStatements } from '../../../src/data/postgres/role-statements.js';
import { dumpFacts, dumpHead } from './fake-place.js';

describe('names and texts in SQL', () => {
  it('are quoted', () => {
    expect(identifier('we"ird; name')).toBe('"we""ird; name"');
    expect(literal(`it's \\ "so"`)).toBe(`'it''s \\ "so"'`);
    expect(connectionValue(`it's \\ so`)).toBe(`'it\\'s \\\\ so'`);
    for (const quote of [identifier, literal, connectionValue]) expect(() => quote('a\0b')).toThrow('NUL');
  });

  it('keep their ending when they are cut to 63 bytes', () => {
    expect(nameWith('shop', '_restore_20261130T164000Z')).toBe('shop_restore_20261130T164000Z');
    const cut = nameWith('ü'.repeat(40), '_restore_20261130T164000Z');
    expect(cut).toBe(`${'ü'.repeat(19)}_restore_20261130T164000Z`);
    expect(Buffer.byteLength(nameWith('🚀'.repeat(40), '_x'))).toBe(62);
  });

  it('name sessions with what the server shows as it is', () => {
    expect(sessionName({ app: 'shöp of mine', id: '1234567890/1' })).toBe('acci:sh-p-of-mine:1234567890/1');
    expect(sessionName({ app: 'a'.repeat(100), id: 'b'.repeat(100) }).length).toBeLessThanOrEqual(63);
  });
});

describe('the head of a dump', () => {
  it('has the number of its entries', () => {
    expect(readHead(dumpHead(60))).toEqual({ format: '1.14', database: 'shop', entries: 60 });
  });

  it('is one of PostgreSQL 17 as well, whose compression is one byte', () => {
    const head = Buffer.concat([dumpHead(4711).subarray(0, 11), Buffer.from([1]), dumpHead(4711).subarray(16)]);
    head[6] = 16;
    expect(readHead(head)).toEqual({ format: '1.16', database: 'shop', entries: 4711 });
  });

  it.each([['empty', Buffer.alloc(0)], ['text', Buffer.from('-- PostgreSQL database dump\n')], ['cut', dumpHead(60).subarray(0, 40)], ['in another format', Buffer.from('PGDMP\x01\x0e\x00\x04\x08\x03 and more')]])('is not read when it is %s', (_, bytes) => {
    expect(readHead(bytes)).toBeUndefined();
  });
});

describe('statements about roles', () => {
  it('are those that create and change them', () => {
    const text = [
      '\\restrict abc', 'SET default_transaction_read_only = off;', 'CREATE ROLE clerk;', 'ALTER ROLE clerk WITH NOSUPERUSER LOGIN;', 'CREATE ROLE "we""ird; name";',
      `COMMENT ON ROLE "we""ird; name" IS 'a; b';`, 'GRANT reader TO clerk GRANTED BY postgres;', `ALTER ROLE clerk SET search_path TO 'a', 'b';`, '\\unrestrict abc',
    ].join('\n');
    expect(roleStatements(text).map(({ sql, role, isCreate }) => [sql.split(' ')[0], role, isCreate])).toEqual([
      ['CREATE', 'clerk', true], ['ALTER', 'clerk', false], ['CREATE', 'we"ird; name', true], ['COMMENT', 'we"ird; name', false], ['GRANT', 'clerk', false], ['ALTER', 'clerk', false],
    ]);
  });

  it('are not found in the value of a setting that a user has given a role, or in a comment', () => {
    const hidden = 'x\nCREATE ROLE evil;\nALTER ROLE evil WITH SUPERUSER;\ny';
    const text = [
      'CREATE ROLE clerk;', `ALTER ROLE clerk SET "my.note" TO '${hidden}';`, `ALTER ROLE clerk SET "my.path" TO E'C:\\\\it''s \\'${hidden}';`, `COMMENT ON ROLE clerk IS '${hidden}';`,
      '-- it\'s', 'ALTER ROLE clerk WITH CONNECTION LIMIT -1;', '',
    ].join('\n');
    expect(roleStatements(text).map(({ sql, role }) => [sql.split(' ')[0], role])).toEqual([['CREATE', 'clerk'], ['ALTER', 'clerk'], ['ALTER', 'clerk'], ['COMMENT', 'clerk'], ['ALTER', 'clerk']]);
    expect(roleStatements(text)[1]?.sql).toBe(`ALTER ROLE clerk SET "my.note" TO '${hidden}';`);
  });

  it.each([
    `COMMENT ON ROLE a IS E'\\'' ; DROP DATABASE shop ; --';`, `COMMENT ON ROLE a IS $$ ' $$; DROP DATABASE shop; --';`, `ALTER ROLE a NOLOGIN /* ' */ ; DROP DATABASE shop; --';`,
    `ALTER ROLE a NOLOGIN -- '\n; DROP DATABASE shop; --';`, `COMMENT ON ROLE a IS e'\\'' \\! id ; --';`, `COMMENT ON ROLE a IS 'not ended;\nCREATE ROLE b;`, 'CREATE ROLE "a;\nCREATE ROLE b;',
  ])('do not hide another statement in quotes that only seem to be some: %s', (line) => {
    expect(roleStatements(`${line}\nCREATE ROLE c;`)).toEqual([]);
  });

  it.each(['CREATE ROLE a; DROP DATABASE shop;', 'ALTER ROLE a WITH LOGIN \\! touch /tmp/x ;', 'CREATE ROLE a \\gexec;', 'DROP ROLE a;', `ALTER ROLE a SET x TO 'b'; DROP TABLE c;`, '\\! id'])('never are something else: %s', (line) => {
    expect(roleStatements(line)).toEqual([]);
  });
});

describe('libraries of a scratch server', () => {
  it('are those that an extension of the database needs', () => {
    const settings = { preload: 'timescaledb, "pg_cron",auto_explain,pg_stat_statements', extensions: 'pg_cron 1.6, plpgsql 1.0, timescaledb 2.11' };
    expect(preloaded({ settings })).toBe('timescaledb,pg_cron');
    expect(preloaded({ settings: {} })).toBe('');
  });
});

describe('a restored database', () => {
  const facts = dumpFacts(Buffer.from('x'));
  const same = {
    rows: facts.rows ?? {}, tables: Object.keys(facts.rows ?? {}), objects: facts.objects ?? {}, counters: { 'public.ticket': '4711' }, invalidIndexes: [],
    migration: facts.migration, extensions: 'citext 1.6, plpgsql 1.0', major: 15,
  };

  it('is the same as its source', () => {
    expect(differences(facts, same)).toEqual([]);
    expect(differences(facts, { ...same, counters: { 'public.ticket': '4712' } })).toEqual([]);
    expect(differences({ ...facts, rows: undefined, objects: undefined, counters: undefined }, { ...same, rows: {} })).toEqual([]);
  });

  it('is counted in another way by a later version', () => {
    expect(differences(facts, { ...same, major: 18, objects: { ...same.objects, constraints: 9 } })).toEqual([]);
    expect(differences(facts, { ...same, major: 18, objects: { ...same.objects, indexes: 3 } })).toEqual(['there are 3 indexes instead of 4']);
  });

  it('differs, and how is named', () => {
    expect(differences(facts, {
      rows: { 'public.users': 2 }, tables: ['public.users'], objects: { tables: 1, indexes: 4, constraints: 2, sequences: 1 }, counters: { 'public.ticket': '99' },
      invalidIndexes: ['public.users_pkey'], extensions: 'plpgsql 1.0', major: 15,
    })).toEqual([
      'table public.users has 2 rows instead of 3', 'table sales."Order Line" is missing', 'there are 1 tables instead of 2', 'there are 2 constraints instead of 3',
      'sequence public.ticket is at 99, and was at 4711', 'index public.users_pkey is not valid', 'extension citext is missing', 'the last migration is none instead of prisma 20260101_add_users',
    ]);
  });
});
