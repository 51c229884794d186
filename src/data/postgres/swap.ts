import { array, number, object, string } from 'valibot';
import { DataError } from '../error.js';
import { besideLive } from './live.js';
import { sessionName } from './login.js';
import { identifier, literal } from './quote.js';
import type { At } from './run.js';
import type { Session } from './session.js';

export interface Names {
  readonly live: string;
  /** What becomes the live one. */
  readonly fresh: string;
  /** What the live one is called then. */
  readonly kept: string;
}

const doing = 'The swap of the databases';
/** In all, until everybody is disconnected. */
const limitMs = 60_000;

/**
 * Renames both in one transaction: whoever connects sees the one or the other. While it waits, the server lets nobody connect to the live
 * database, and another session ends those that are there.
 * @param comment of the database that becomes the live one
 * @param keptComment of the other one; undefined: it keeps its own
 * @throws DataError with who is still connected
 */
export async function swapNames(at: At, names: Names, comment: string | null, signal: AbortSignal, keptComment?: string): Promise<void> {
  const { clock } = at.context.ports;
  const untilMs = clock.monotonic() + limitMs;
  for (;;) {
    const { wrong, others } = await attempt(at, names, commentsSql(names, comment, keptComment), signal);
    if (wrong === undefined || (await isDone(at, names, signal))) return;
    signal.throwIfAborted();
    if (!/is being accessed by other users|55006/.test(wrong.message)) throw wrong;
    if (clock.monotonic() < untilMs) {
      await clock.sleep(500, signal);
      continue;
    }
    throw new DataError(at.context.failure, `Database "${names.live}" at ${at.place.words} is still in use after ${limitMs / 1000} s: ${others.join(', ') || 'sessions end and start too fast to be seen'}. Nothing was renamed.`, {
      hint: 'Stop what is connected (scale the app and poolers to 0), and try again.',
    });
  }
}

const commentsSql = ({ live, kept }: Names, comment: string | null, keptComment?: string): string => [
  `COMMENT ON DATABASE ${identifier(live)} IS ${comment === null ? 'NULL' : literal(comment)}`,
  ...(keptComment === undefined ? [] : [`COMMENT ON DATABASE ${identifier(kept)} IS ${literal(keptComment)}`]),
].join(';\n');

interface Attempt {
  /** What went wrong. */
  readonly wrong?: Error;
  /** Who was connected at the end. */
  readonly others: readonly string[];
}

/** One attempt: the server waits 5 s for the others to go. */
async function attempt(at: At, { live, fresh, kept }: Names, comments: string, signal: AbortSignal): Promise<Attempt> {
  const over = new AbortController();
  const watching = await besideLive(at, doing, signal);
  let others: readonly string[] = [];
  const disconnect = async (): Promise<void> => {
    while (!over.signal.aborted) {
      others = await disconnectAll(watching, live);
      await at.context.ports.clock.sleep(300, over.signal).catch(() => undefined);
    }
  };
  const disconnecting = disconnect().catch(() => undefined);
  try {
    const renaming = await besideLive(at, doing, signal);
    try {
      await renaming.run(`START TRANSACTION;
ALTER DATABASE ${identifier(live)} RENAME TO ${identifier(kept)};
ALTER DATABASE ${identifier(fresh)} RENAME TO ${identifier(live)};
${comments};
COMMIT`);
      return { others };
    } catch (error) {
      return { wrong: error as Error, others };
    } finally {
      await renaming.close();
    }
  } finally {
    over.abort();
    await disconnecting;
    await watching.close();
  }
}

const peopleShape = array(object({ name: string(), user: string(), client: string() }));

/** Ends the sessions in a database that this user is allowed to end, and returns all that were there: `psql of acci from 10.0.0.7`. */
async function disconnectAll(session: Session, database: string): Promise<string[]> {
  const people = await session.json(`
SELECT coalesce(json_agg(json_build_object('name', coalesce(nullif(a.application_name, ''), a.backend_type), 'user', coalesce(a.usename, '-'), 'client', coalesce(host(a.client_addr), 'the socket'))), '[]')
FROM pg_catalog.pg_stat_activity a WHERE a.datname = ${literal(database)}`, peopleShape);
  await session.json(`
SELECT count(pg_catalog.pg_terminate_backend(a.pid)) FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
WHERE a.datname = ${literal(database)} AND ((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
  OR (NOT r.rolsuper AND (pg_catalog.pg_has_role(a.usesysid, 'MEMBER') OR pg_catalog.pg_has_role('pg_signal_backend', 'MEMBER'))))`, number());
  return people.map(({ name, user, client }) => `${name} of ${user} from ${client}`);
}

/** Whether it has happened: an answer that was lost proves nothing. */
async function isDone(at: At, { fresh, kept }: Names, signal: AbortSignal): Promise<boolean> {
  const session = await besideLive(at, doing, signal);
  try {
    const found = await session.json(`SELECT coalesce(json_agg(datname), '[]') FROM pg_catalog.pg_database WHERE datname IN (${literal(fresh)}, ${literal(kept)})`, array(string()));
    return found.includes(kept) && !found.includes(fresh);
  } finally {
    await session.close();
  }
}

/**
 * Ends the other sessions of this run. A swap that was broken off may still be under way on the server, and be done after somebody
 * has looked whether it was.
 * @throws DataError when they do not end
 */
export async function endOwn({ context, place }: At, session: Session, signal: AbortSignal): Promise<void> {
  const { clock } = context.ports;
  const untilMs = clock.monotonic() + limitMs;
  const sql = `
SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
WHERE application_name = ${literal(sessionName(context))} AND pid <> pg_catalog.pg_backend_pid()`;
  while (await session.json(sql, number()) > 0) {
    if (clock.monotonic() >= untilMs) throw new DataError(context.failure, `Sessions of this run at ${place.words} do not end.`, { hint: 'pg_stat_activity shows them: their `application_name` starts with acci.' });
    await clock.sleep(250, signal);
  }
}
