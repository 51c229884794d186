import type { Spool } from '../../ports/disk.js';
import type { Compared, DatabaseCopy, DumpFacts, Listening, Server } from '../engine.js';
import { DataError } from '../error.js';
import type { ScratchPlace } from '../place.js';
import { readMigration } from './contents.js';
import { carryOver, readLive, type Live } from './live.js';
import { identifier } from './quote.js';
import { rolesFile } from './roles.js';
import { failed, runScript, type At } from './run.js';
import { restoreAt, restored, startServerAt } from './scratch.js';
import { inSession } from './session.js';

const doing = 'The copy of the database';

/** A copy of a database that an app takes for the database itself: with the same name, owner, permissions and settings. */
export async function copyOf(source: At, like: Server, place: ScratchPlace, listening: Listening, signal: AbortSignal): Promise<DatabaseCopy> {
  const { database } = source.login;
  const live = await inSession(source, doing, signal, (session) => readLive(session, database));
  const { at } = await startServerAt(source.context, place, like, listening);
  return {
    restore: (dump, facts, over) => restore({ at, folder: place.folder, database, live }, dump, facts, over),
    seen: async (over) => ({
      logins: await loginsOf(at, place.folder, over),
      head: await inSession({ ...at, login: { ...at.login, database } }, doing, over, readMigration),
    }),
  };
}

interface Copying {
  readonly at: At;
  readonly folder: string;
  readonly database: string;
  readonly live: Live;
}

async function restore({ at, folder, database, live }: Copying, dump: Spool, facts: DumpFacts, signal: AbortSignal): Promise<Compared> {
  if (facts.texts[rolesFile] === undefined) {
    throw new DataError(at.context.failure, 'The backup has no roles, so the app cannot log in to a copy of it.', { hint: 'Let the user of the backup read the roles (docs/backup.md), and make a new backup. Or set `migrate.rehearse` to false.' });
  }
  const compared = await restoreAt(at, folder, dump, facts, signal);
  // From another one: a database in use can be neither renamed nor removed.
  await inSession({ ...at, login: { ...at.login, database: 'template1' } }, doing, signal, async (session) => {
    if (database === 'postgres') await session.run('DROP DATABASE postgres');
    await session.run(`ALTER DATABASE ${identifier(restored)} RENAME TO ${identifier(database)}`);
    await session.run(`ALTER DATABASE ${identifier(database)} OWNER TO ${identifier(live.owner)}`);
    await carryOver(session, live, database);
  });
  return compared;
}

const loginsScript = `
grep -c -E '^(127\\.0\\.0\\.1|::1) LOG: +connection authorized: user=' "$1/errors.log"
code=$?
[ "$code" -gt 1 ] || code=0
finish "$code"
`;

/** Logins by an address, by the log of the server: those of this action come by its socket. */
async function loginsOf(at: At, folder: string, signal: AbortSignal): Promise<number> {
  const { code, text, stderr } = await runScript(at, loginsScript, 'The look at the log of the copy', { args: [folder], signal, timeoutMs: 15_000 });
  if (code !== 0) throw failed(at, 'The look at the log of the copy', stderr, code);
  return Number(text.trim());
}
