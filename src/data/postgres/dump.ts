import { number, object, string } from 'valibot';
import { DataError } from '../error.js';
import type { Dump, DumpFacts, DumpOptions, Server } from '../engine.js';
import { headBytes, readHead, type ArchiveHead } from './archive.js';
import { countedTables, countRows, lockTables, readCounters, readMigration, readObjects, readTables } from './contents.js';
import { sessionName, sessionsOf } from './login.js';
import { literal } from './quote.js';
import { readRoles } from './roles.js';
import { brokenOff, failed, startScript, type At } from './run.js';
import { openSession, type Session } from './session.js';
import { endWithInput, limited, ownFolder } from './shell.js';
import { endedWhenSilent } from './silence.js';
import { trailerFormat, withoutTrailer, type Received } from './trailer.js';

/** pg_dump writes to its output, to the program that computes the hash and to the one that counts, and what they say is the trailer. */
const dumpScript = `
limit=$1; shift
${ownFolder}
mkfifo "$folder/dump" "$folder/hash" "$folder/count" || finish 91
sha256sum <"$folder/hash" >"$folder/sum" 3<&- & hash=$!
wc -c <"$folder/count" >"$folder/bytes" 3<&- & count=$!
tee "$folder/hash" "$folder/count" <"$folder/dump" 3<&- & tee=$!
set -- pg_dump "$@"
${limited}
"$@" >"$folder/dump" 3<&- & dump=$!
${endWithInput(['dump', 'tee', 'hash', 'count'])}
wait "$dump"; code=$?
wait "$tee" || code=92
wait "$hash"; wait "$count"
kill "$watcher"
read -r sum rest <"$folder/sum"; read -r bytes rest <"$folder/bytes"
rm -rf "$folder"
printf '${trailerFormat}' "$code" "$sum" "$bytes"
exit "$code"
`;

/** A dump that sends nothing for so long has stalled: pg_dump waits for locks for at most a minute, and reads large tables as a stream. */
const silenceMs = 15 * 60_000;

export const doing = 'The dump';

/** @param server what was read when the database was opened */
export function dumpOf(at: At, server: Server, options: DumpOptions, signal: AbortSignal): Dump {
  let resolve: (facts: DumpFacts) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const facts = new Promise<DumpFacts>((done, wrong) => {
    resolve = done;
    reject = wrong;
  });
  // Whoever reads the pieces gets the same error.
  facts.catch(() => undefined);
  return { pieces: piecesOf(at, server, options, signal, { resolve, reject }), facts: () => facts };
}

interface Outcome {
  readonly resolve: (facts: DumpFacts) => void;
  readonly reject: (error: unknown) => void;
}

async function* piecesOf(at: At, server: Server, options: DumpOptions, signal: AbortSignal, outcome: Outcome): AsyncGenerator<Uint8Array, void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  let session: Session | undefined;
  try {
    session = await openSession(at, 'The snapshot', either);
    const snapshot = await takeSnapshot(at, session, options);
    const roles = await readRoles(at, either);
    // Runs beside the dump, on its snapshot.
    const counting = countRows(session, snapshot.counted, options.timeoutMs);
    // When the count fails, so does the dump, at once and with that reason.
    counting.catch((error: unknown) => { over.abort(error); });
    const { head, received } = yield* dumpPieces(at, server, snapshot.id, options, either);
    const rows = options.rows === 'off' ? undefined : await counting;
    const { version, major, identity, bytes, settings } = server;
    const { objects, counters, migration } = snapshot;
    outcome.resolve({
      snapshotAt: snapshot.at, sha256: received.sha256, bytes: received.bytes, entries: head.entries, rows, objects, counters, migration, ...roles,
      server: { version, major, identity, bytes, settings },
    });
  } catch (error) {
    const reason = either.aborted ? either.reason as unknown : error;
    outcome.reject(reason);
    throw reason;
  } finally {
    // Somebody who stops to read is not told more.
    outcome.reject(new Error('The dump was not read to its end.'));
    await session?.close();
    over.abort(new Error('The dump has ended.'));
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

const snapshotShape = object({ id: string(), at: number() });

async function takeSnapshot(at: At, session: Session, options: DumpOptions): Promise<Snapshot> {
  await session.json(endOlder(at), number());
  await session.run(`SET statement_timeout = ${options.timeoutMs}; SET idle_in_transaction_session_timeout = '20min'; START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
  const taken = await session.json(`
SELECT json_build_object('id', pg_catalog.pg_export_snapshot(), 'at', floor(extract(epoch FROM clock_timestamp()) * 1000))`, snapshotShape);
  const tables = await readTables(session);
  if (tables.length === 0 && !options.allowEmpty) {
    throw new DataError(at.context.failure, `Database "${at.login.database}" at ${at.place.words} has no tables.`, {
      hint: 'Check `database` in the settings: it is probably not the one that was meant. Set `allow-empty: true` if it is.',
    });
  }
  const counted = countedTables(tables, options.rows).map(({ name }) => name);
  await lockTables(session, counted);
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
  const { context } = at;
  const seconds = Math.ceil(timeoutMs / 1000);
  const args = [`${seconds}`, '--format=custom', `--compress=${compression}`, `--snapshot=${snapshot}`, '--lock-wait-timeout=60s', '--no-password'];
  const silence = endedWhenSilent(context.ports.clock, silenceMs, signal, () => new DataError(context.failure, `${doing} at ${at.place.words} has stalled: nothing arrived for ${silenceMs / 60_000} minutes.`));
  const pipe = startScript(at, dumpScript, args, silence.signal);
  try {
    const pieces = withoutTrailer(pipe.output);
    let head: Uint8Array = new Uint8Array();
    let bytes = 0;
    let next = await pieces.next();
    for (; !next.done; next = await pieces.next()) {
      silence.heard();
      if (head.length < headBytes) head = Buffer.concat([head, next.value.subarray(0, headBytes)]);
      bytes += next.value.length;
      context.progress('dump', bytes);
      yield next.value;
    }
    silence.signal.throwIfAborted();
    const received = next.value;
    pipe.end();
    if (!received.trailer) throw await cutOff(at, pipe, received.bytes, silence.signal);
    if (received.trailer.code !== 0) {
      const { stderr } = await pipe.exited;
      if (received.bytes === 0 && compression !== '1' && onlyGzip.test(stderr)) return undefined;
      throw programFailed(at, received.trailer.code, stderr, timeoutMs);
    }
    return { head: verified(at, received, head), received };
  } finally {
    silence.over();
    await pipe.stop();
  }
}

async function cutOff(at: At, pipe: Parameters<typeof brokenOff>[2], bytes: number, signal: AbortSignal): Promise<unknown> {
  return brokenOff(at, `${doing}, after ${bytes.toLocaleString('en-US')} bytes and without its trailer,`, pipe, signal);
}

function programFailed(at: At, code: number, stderr: string, timeoutMs: number): DataError {
  if (code === 124 || (code === 143 && !/error/i.test(stderr))) {
    return new DataError(at.context.failure, `${doing} at ${at.place.words} was ended after ${timeoutMs / 1000} s.`, { hint: 'Allow more time, or find out what slows it down: locks, the disk, or the connection.' });
  }
  return failed(at, 'pg_dump', stderr, code);
}

/** What was received is what was sent, and the beginning is that of a dump. */
function verified(at: At, { trailer, sha256, bytes }: Received, start: Uint8Array): ArchiveHead {
  if (trailer && (trailer.sha256 !== sha256 || trailer.bytes !== bytes)) {
    throw new DataError(at.context.failure, `${doing} was changed on its way from ${at.place.words}: ${trailer.bytes} bytes with SHA-256 ${trailer.sha256} were sent, ${bytes} bytes with ${sha256} arrived.`, {
      hint: 'Run the backup again. If it happens again, something between here and the server changes data: a proxy, or a defective machine.',
    });
  }
  const head = readHead(start);
  if (head) return head;
  throw new DataError(at.context.failure, `What pg_dump at ${at.place.words} has sent is no dump in its custom format.`, { hint: 'Check that `pg_dump` in the container is the program of PostgreSQL.' });
}
