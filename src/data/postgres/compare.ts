import type { Compared, DumpFacts } from '../engine.js';
import { DataError } from '../error.js';
import { countRows, readCounters, readInvalidIndexes, readMigration, readObjects, readTables } from './contents.js';
import { readFacts } from './facts.js';
import type { At } from './run.js';
import { inSession, type Session } from './session.js';

interface Found {
  readonly rows: Readonly<Record<string, number>>;
  readonly tables: readonly string[];
  readonly objects: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, string>>;
  readonly invalidIndexes: readonly string[];
  readonly migration?: string;
  readonly extensions: string;
  readonly major: number;
}

const countTimeoutMs = 6 * 3_600_000;

async function read(session: Session, facts: DumpFacts): Promise<Found> {
  await session.run('START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const tables = (await readTables(session)).map(({ name }) => name);
  const counted = tables.filter((name) => facts.rows && Object.hasOwn(facts.rows, name));
  const { settings, major } = await readFacts(session);
  return {
    tables, major, rows: await countRows(session, counted, countTimeoutMs), objects: await readObjects(session), counters: await readCounters(session),
    invalidIndexes: await readInvalidIndexes(session), migration: await readMigration(session), extensions: settings.extensions ?? '',
  };
}

/** What differs between a dump and its restore, in sentences; empty when nothing does. */
export function differences(facts: DumpFacts, found: Found): string[] {
  const rows = Object.entries(facts.rows ?? {}).flatMap(([table, expected]) => {
    if (!found.tables.includes(table)) return [`table ${table} is missing`];
    return found.rows[table] === expected ? [] : [`table ${table} has ${count(found.rows[table] ?? 0)} rows instead of ${count(expected)}`];
  });
  // Later versions count some objects in another way: NOT NULL is a constraint since PostgreSQL 18.
  const isComparable = found.major === facts.server.major;
  const kinds = Object.entries(facts.objects ?? {}).flatMap(([kind, expected]) =>
    (found.objects[kind] === expected || (!isComparable && !['tables', 'sequences', 'indexes'].includes(kind)) ? [] : [`there are ${count(found.objects[kind] ?? 0)} ${kind} instead of ${count(expected)}`]));
  const counters = Object.entries(facts.counters ?? {}).flatMap(([name, expected]) => {
    const value = found.counters[name];
    return value !== undefined && BigInt(value) >= BigInt(expected) ? [] : [`sequence ${name} is at ${value ?? 'its start'}, and was at ${expected}`];
  });
  const names = (list: string): string[] => list.split(', ').map((each) => each.split(' ')[0] ?? '');
  const extensions = names(facts.server.settings.extensions ?? '').filter((name) => name !== '' && !names(found.extensions).includes(name));
  return [
    ...rows, ...kinds, ...counters,
    ...found.invalidIndexes.map((name) => `index ${name} is not valid`),
    ...extensions.map((name) => `extension ${name} is missing`),
    ...(facts.migration === found.migration ? [] : [`the last migration is ${found.migration ?? 'none'} instead of ${facts.migration ?? 'none'}`]),
  ];
}

const shown = 10;
const count = (value: number): string => value.toLocaleString('en-US');

/** Compares a restored database with what its source had in the snapshot of the dump. */
export async function compare(at: At, facts: DumpFacts, signal: AbortSignal): Promise<Omit<Compared, 'tookMs'>> {
  const found = await inSession(at, 'The comparison', signal, (session) => read(session, facts));
  const different = differences(facts, found);
  if (different.length > 0) {
    const more = different.length > shown ? `, and ${different.length - shown} more` : '';
    throw new DataError(at.context.failure, `The restored database differs from its source: ${different.slice(0, shown).join(', ')}${more}.`, {
      hint: 'Do not use this backup. Make a new one; if that differs as well, please report a bug with the schema of the first table.',
    });
  }
  const rows = Object.values(found.rows).reduce((sum, each) => sum + each, 0);
  const tables = Object.keys(found.rows).length;
  const { indexes = 0, constraints = 0, sequences = 0 } = found.objects;
  const counted = facts.rows ? `${count(rows)} rows of ${count(tables)} tables` : `${count(found.objects.tables ?? 0)} tables without their rows`;
  return { tables: found.tables.length, rows, words: `${counted}, ${count(indexes)} indexes, ${count(constraints)} constraints, ${count(sequences)} sequences` };
}
