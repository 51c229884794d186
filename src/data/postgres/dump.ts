import { number, object, string } from 'valibot';
import { DataError } from '../error.js';
import type { Dump, DumpFacts, DumpOptions, Server } from '../engine.js';
import { dumpFrom, dumpScript, endedByLimit, receive } from '../script/receive.js';
import type { Received } from '../script/trailer.js';
import { headBytes, readHead, type ArchiveHead } from './archive.js';
import { countedTables, countRows, lockSql, readCounters, readMigration, readObjects, readTables } from './contents.js';
import { sessionName, sessionsOf } from './login.js';
import { literal } from './quote.js';
import { readRoles } from './roles.js';
import { failed, shellOf, type At } from './run.js';
import { openSession, type Session } from './session.js';

const script = dumpScript('pg_dump');

/** @param server what was read when the database was opened */
export const dumpOf = (at: At, server: Server, options: DumpOptions, signal: AbortSignal): Dump =>
  dumpFrom(signal, (either, abort) => piecesOf(at, server, options, either, abort));

async function* piecesOf(
  at: At, server: Server, options: DumpOptions, signal: AbortSignal, abort: (reason: unknown) => void,
): AsyncGenerator<Uint8Array, DumpFacts> {
  const session = await openSession(at, 'The snapshot', signal);
  try {
    const snapshot = await takeSnapshot(at, session, options);
    const roles = await readRoles(at, signal);
    // Runs beside the dump, on its snapshot.
    const counting = countRows(session, snapshot.counted, options.timeoutMs);
    // When the count fails, so does the dump, at once and with that reason.
    counting.catch(abort);
    const { head, received } = yield* dumpPieces(at, server, snapshot.id, options, signal);
    const rows = options.rows === 'off' ? undefined : await counting;
    const { version, major, identity, bytes, settings } = server;
    const { objects, counters, migration } = snapshot;
    return {
      snapshotAt: snapshot.at, sha256: received.sha256, bytes: received.bytes, entries: head.entries, rows, objects, counters, migration, ...roles,
      server: { version, major, identity, bytes, settings },
    };
  } finally {
    await session.close();
  }
}

interface Snapshot {
  readonly id: string;
  /** ms since 1970. */
  readonly at: number;
  readonly counted: readonly string[];
  readonly objects: Readonly<Record<string, number>>;
  readonly counters: Readonly<Record<string, string>>;
  readonly migration?: string;
}

/** Ends the sessions of earlier runs of the app in this database, which hold locks. */
const endOlder = ({ context }: At): string => `
SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND pid <> pg_catalog.pg_backend_pid()
  AND starts_with(application_name, ${literal(sessionsOf(context))}) AND application_name <> ${literal(sessionName(context))}
  AND pg_catalog.pg_has_role(usesysid, 'MEMBER')`;

/** ms; the server gives up a lock after a minute. */
const lockWithinMs = 120_000;

const snapshotShape = object({ id: string(), at: number() });

/**
 * All tables are locked before the snapshot is taken: one that is emptied by TRUNCATE or rewritten after the snapshot and before its lock is
 * empty for the dump, and for the count (https://www.postgresql.org/docs/current/mvcc-caveats.html). Only a query takes the
 * snapshot of a transaction, LOCK does not.
 */
async function takeSnapshot(at: At, session: Session, options: DumpOptions): Promise<Snapshot> {
  await session.json(endOlder(at), number());
  await session.run(`SET statement_timeout = ${options.timeoutMs}; SET idle_in_transaction_session_timeout = '20min'`);
  const known = (await readTables(session)).map(({ name }) => name);
  const taken = await session.json(`
START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
${lockSql(known).map((lock) => `${lock};`).join('\n')}
SELECT json_build_object('id', pg_catalog.pg_export_snapshot(), 'at', floor(extract(epoch FROM clock_timestamp()) * 1000))`, snapshotShape, lockWithinMs);
  const tables = await readTables(session);
  if (tables.length === 0 && !options.allowEmpty) {
    throw new DataError(at.context.failure, `Database "${at.login.database}" at ${at.place.words} has no tables.`, {
      hint: 'Check `database` in the settings: it is probably not the one that was meant. Set `backup.allow-smaller` to true if it is.',
    });
  }
  const counted = countedTables(tables, options.rows).map(({ name }) => name);
  const created = tables.map(({ name }) => name).filter((name) => !known.includes(name));
  for (const lock of lockSql(created)) await session.run(lock, lockWithinMs);
  const objects = await readObjects(session);
  const counters = await readCounters(session);
  return { ...taken, counted, objects, counters, migration: await readMigration(session) };
}

const onlyGzip = /does not support compression with|unrecognized compression algorithm|invalid compression/i;

/** From PostgreSQL 16 on zstd, if pg_dump was built with it: the same size as gzip in less than half of the time. */
const compressions = ({ major }: Server): readonly string[] => (major >= 16 ? ['zstd:1', '1'] : ['1']);

async function* dumpPieces(at: At, server: Server, snapshot: string, options: DumpOptions, signal: AbortSignal): AsyncGenerator<Uint8Array, Dumped> {
  for (const compression of compressions(server)) {
    const dumped = yield* onePass(at, snapshot, compression, options, signal);
    if (dumped) return dumped;
  }
  throw new DataError(at.context.failure, `pg_dump at ${at.place.words} supports no compression.`);
}

interface Dumped {
  readonly head: ArchiveHead;
  readonly received: Received;
}

/** @returns undefined when pg_dump does not know this compression, before any piece */
async function* onePass(
  at: At, snapshot: string, compression: string, { timeoutMs }: DumpOptions, signal: AbortSignal,
): AsyncGenerator<Uint8Array, Dumped | undefined> {
  const shell = shellOf(at);
  const args = ['--format=custom', `--compress=${compression}`, `--snapshot=${snapshot}`, '--lock-wait-timeout=60s', '--no-password'];
  let head: Uint8Array = new Uint8Array();
  const seen = (piece: Uint8Array): void => {
    if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes)]);
  };
  const arrived = yield* receive(shell, { script, args, timeoutMs, seen }, signal);
  if (arrived.code === 0) return { head: headOf(at, head), received: arrived.received };
  if (arrived.received.bytes === 0 && compression !== '1' && onlyGzip.test(arrived.stderr)) return undefined;
  throw endedByLimit(shell, arrived, timeoutMs) ?? failed(at, 'pg_dump', arrived.stderr, arrived.code);
}

function headOf(at: At, start: Uint8Array): ArchiveHead {
  const head = readHead(start);
  if (head) return head;
  throw new DataError(at.context.failure, `What pg_dump at ${at.place.words} has sent is no dump in its custom format.`, { hint: 'Check that `pg_dump` in the container is the program of PostgreSQL.' });
}
