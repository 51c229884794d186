import { describe, expect, it } from '@jest/globals';
import { postgres } from '../../../src/data/postgres/engine.js';
import type { ScratchPlace } from '../../../src/data/place.js';
import { dumpFacts, dumpHead, ended, fakeContext, fakePlace, login, psqlOf, serverFacts, sha256, spoolOf, type Went } from './fake-place.js';

const signal = new AbortController().signal;
const bytes = Buffer.concat([dumpHead(60), Buffer.from('x'.repeat(5000))]);
const like = { version: '15.18', major: 15, identity: serverFacts.identity, bytes: 1, settings: serverFacts.settings };
const other = JSON.stringify({ ...serverFacts, identity: '42' });

const scratch = (scripts: Readonly<Record<string, Went>> = {}, facts = other): ScratchPlace => ({
  ...fakePlace(psqlOf((sql) => (sql.includes('pg_control_system') ? facts : undefined)), {
    'run server': { output: ['ready\n'], hangs: true }, 'sha256sum <"$1"': ended(`${sha256(bytes)}  -`), 'ON_ERROR_STOP=0': ended(''), 'pg_restore --exit-on-error': ended(''), ...scripts,
  }),
  words: 'the scratch pod', folder: '/scratch/x', close: async () => undefined,
});

describe('a scratch server', () => {
  it('restores a dump, and compares it', async () => {
    const server = await postgres.startServer(fakeContext(), scratch(), like);
    expect(server.url).toBe('postgresql:///restored?host=%2Fscratch%2Fx&user=acci_scratch');
    expect(await server.restore(spoolOf(bytes), dumpFacts(bytes), signal)).toMatchObject({ tables: 2, rows: 15, words: '15 rows of 2 tables, 4 indexes, 3 constraints, 1 sequences' });
  });

  it('is not that of the source', async () => {
    await expect(postgres.startServer(fakeContext(), scratch({}, JSON.stringify(serverFacts)), like)).rejects.toThrow('The scratch server at the scratch pod is the server of the source: its system identifier is the same. Nothing was restored.');
  });

  it('is not older than the source', async () => {
    await expect(postgres.startServer(fakeContext(), scratch(), { ...like, version: '16.4', major: 16 })).rejects.toThrow('The scratch server at the scratch pod has PostgreSQL 15.18, older than 16.4 of the dump.');
  });

  it.each([
    ['there is no initdb', ended('', 127, 'initdb: not found'), 'tool-missing', 'the scratch pod has no initdb: only the client programs of PostgreSQL are installed there.'],
    ['it ends', ended('', 1, 'FATAL:  could not access file "timescaledb": No such file or directory'), 'backup-failed', 'The scratch server at the scratch pod failed with exit code 1: FATAL:  could not access file "timescaledb": No such file or directory.'],
    ['the pod is gone', { output: [] }, 'backup-failed', 'The scratch server at the scratch pod broke off: its connection ended before it had finished (exit code 0).'],
    ['it hangs', { hangs: true }, 'backup-failed', 'The scratch server at the scratch pod did not start within 120 s.'],
  ])('says why it does not start: %s', async (_, went: Went, code, message) => {
    await expect(postgres.startServer(fakeContext(), scratch({ 'run server': went }), like)).rejects.toMatchObject({ code, message });
  });

  it('does not restore what arrived changed', async () => {
    const server = await postgres.startServer(fakeContext(), scratch({ 'sha256sum <"$1"': ended(`${'0'.repeat(64)}  -`) }), like);
    await expect(server.restore(spoolOf(bytes), dumpFacts(bytes), signal)).rejects.toMatchObject({ message: expect.stringContaining('The dump that arrived at the scratch pod has SHA-256 0000'), hint: 'It was changed on its way there: try again.' });
    await expect(server.restore(spoolOf(bytes.subarray(1)), dumpFacts(bytes), signal)).rejects.toMatchObject({ hint: 'It was changed since it was made: use another backup.' });
  });

  it('restores without owners when the dump came without roles', async () => {
    const place = scratch();
    const server = await postgres.startServer(fakeContext(), place, like);
    await server.restore(spoolOf(bytes), dumpFacts(bytes), signal);
    const args = (place as unknown as { started: { script: string; args: readonly string[] }[] }).started.find(({ script }) => script.includes('pg_restore --exit-on-error'))?.args;
    expect(args).toEqual(expect.arrayContaining(['/scratch/x/dump', `dbname='restored'`, '--no-owner', '--no-privileges']));
  });

  it.each([['t', true], ['true', true], ['1', true], ['-2.5', true], ['0', false], ['0.0', false], ['f', false], ['', false], ['abc', false]])('takes %s of an assertion for %s', async (printed, holds) => {
    const server = await postgres.startServer(fakeContext(), scratch({ 'default_transaction_read_only': ended(printed) }), like);
    const asserting = server.assert(['SELECT x'], signal);
    if (holds) await asserting;
    else await expect(asserting).rejects.toMatchObject({ message: `The assertion "SELECT x" does not hold for the restored data: it returned ${printed || 'nothing'}.` });
  });

  it('runs no command of psql as an assertion', async () => {
    const server = await postgres.startServer(fakeContext(), scratch(), like);
    await expect(server.assert([' \\! id'], signal)).rejects.toThrow('The assertion " \\! id" is a command of psql.');
  });
});

describe('the check of a dump', () => {
  const check = async (went: Went, spooled: Buffer = bytes, facts = dumpFacts(bytes)): Promise<void> => {
    const place = fakePlace(psqlOf(), { 'df -P': ended(''), 'pg_restore --file=/dev/null': went });
    await (await postgres.open(fakeContext(), place, login)).check(spoolOf(spooled), facts, signal);
  };

  it('passes when it is whole', () => check(ended('')));

  it.each<[string, Went, Buffer, Partial<ReturnType<typeof dumpFacts>>, string]>([
    ['pg_restore cannot read it', ended('', 1, 'pg_restore: error: could not read from input file: end of file'), bytes, {}, 'The dump is not readable: pg_restore at container db of pod db-0 stopped with exit code 1: pg_restore: error: could not read from input file: end of file.'],
    ['a byte is missing', ended(''), bytes.subarray(0, -1), {}, 'it was changed after it was made.'],
    ['something follows it', ended(''), Buffer.concat([bytes, Buffer.from('x')]), {}, 'it was changed after it was made.'],
    ['it has other entries', ended(''), bytes, { entries: 61 }, 'The table of contents of the dump has 60 entries, and must have 61.'],
    ['the connection breaks', { output: [] }, bytes, {}, 'The check of the dump at container db of pod db-0 broke off'],
    ['it takes too long', { hangs: true }, bytes, {}, 'The check of the dump at container db of pod db-0 did not finish within'],
  ])('fails when %s', async (_, went, spooled, facts, message) => {
    await expect(check(went, spooled, dumpFacts(bytes, facts))).rejects.toMatchObject({ code: 'backup-failed', message: expect.stringContaining(message) });
  });
});
