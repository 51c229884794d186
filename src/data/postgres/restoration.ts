import { array, number, string } from 'valibot';
import type { Spool } from '../../ports/disk.js';
import { within } from '../../ports/within.js';
import type { Compared, DumpFacts, Restoration, Server } from '../engine.js';
import { DataError } from '../error.js';
import { compare } from './compare.js';
import { createDatabase } from './create.js';
import { besideLive, carryOver, readLive, restoreMark, type Live } from './live.js';
import { identifier, literal, nameWith } from './quote.js';
import { restoreStream } from './restore.js';
import { roleStatements, type RoleStatement } from './role-statements.js';
import { rolesFile } from './roles.js';
import type { At } from './run.js';
import type { Session } from './session.js';
import { endOwn, swapNames, type Names } from './swap.js';

const doing = 'The restore';
const bytesWords = (bytes: number): string => `${(bytes / 1e9).toLocaleString('en-US', { maximumFractionDigits: 2 })} GB`;

/** More than the data: indexes are sorted, and the log of the server grows meanwhile. */
const spaceFactor = 1.2;

interface Work {
  readonly at: At;
  readonly server: Server;
  readonly dump: Spool;
  readonly facts: DumpFacts;
  readonly names: Names;
}

/** @param server of the live data, as it was read when the database was opened */
export function restorationOf(at: At, server: Server, dump: Spool, facts: DumpFacts): Restoration {
  const live = at.login.database;
  const time = new Date(at.context.ports.clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const names: Names = { live, fresh: nameWith(live, `_restore_${time}`), kept: nameWith(live, `_pre_restore_${time}`) };
  const work: Work = { at, server, dump, facts, names };
  let before: Live | undefined;
  const beside = async <T>(signal: AbortSignal, act: (session: Session) => Promise<T>): Promise<T> => {
    const session = await besideLive(at, doing, signal);
    try {
      return await act(session);
    } finally {
      await session.close();
    }
  };
  return {
    check: (signal) => beside(signal, async (session) => {
      before = await readLive(session, live);
      return { steps: stepsOf(work, before) };
    }),
    prepare: async (signal) => {
      before ??= await beside(signal, (session) => readLive(session, live));
      stepsOf(work, before);
      const live_ = before;
      await beside(signal, (session) => create(session, work, live_));
      return fill(work, live_, signal, (act) => beside(signal, act));
    },
    swap: async (signal) => {
      await swapNames(at, names, before?.comment ?? null, signal);
      return { kept: names.kept };
    },
    swapBack: async (signal) => {
      const isSwapped = await beside(signal, async (session) => {
        await endOwn(at, session, signal);
        return exists(session, names.kept);
      });
      if (!isSwapped) return;
      const comment = `${restoreMark} of ${live}: replaced`;
      await swapNames(at, { live, fresh: names.kept, kept: names.fresh }, before?.comment ?? null, signal, comment);
    },
    discard: async () => {
      // Also after the run was cancelled: its signal has aborted by then.
      const limit = { ms: 120_000, late: () => new DataError(at.context.failure, 'The removal of the new database took too long.') };
      await within(at.context.ports.clock, limit, (signal) => beside(signal, (session) => drop(session, names.fresh, live))).catch(() => undefined);
    },
  };
}

/** What it will do, if it can be done. */
function stepsOf({ at, server, facts, names }: Work, live: Live): string[] {
  const fail = (message: string, hint: string): DataError => new DataError(at.context.failure, message, { hint });
  const { words } = at.place;
  if (server.major < facts.server.major) {
    throw fail(`The server at ${words} has PostgreSQL ${server.version}, older than ${facts.server.version} of the backup.`, 'Update the server, or use a backup of its version.');
  }
  if (!live['may-create']) throw fail(`User "${at.login.user ?? ''}" is not allowed to create databases at ${words}.`, `Run as an administrator: ALTER ROLE ${identifier(at.login.user ?? 'USER')} CREATEDB;`);
  if (!live['may-act-as-owner']) {
    throw fail(`Database "${names.live}" at ${words} belongs to "${live.owner}", whose rights user "${at.login.user ?? ''}" does not have.`, `Use ${live.owner}, or run as an administrator: GRANT ${identifier(live.owner)} TO ${identifier(at.login.user ?? 'USER')};`);
  }
  if (live.prepared > 0) throw fail(`Database "${names.live}" has ${live.prepared} prepared transactions, with which it cannot be renamed.`, 'COMMIT PREPARED or ROLLBACK PREPARED what pg_prepared_xacts lists.');
  const missing = missingRoles(facts, live);
  if (missing.length > 0 && !live['is-superuser']) {
    throw fail(`Roles of the backup do not exist at ${words}: ${[...new Set(missing.map(({ role }) => role))].join(', ')}.`, `Run as an administrator: ${missing.slice(0, 10).map(({ sql }) => sql).join(' ')}`);
  }
  const needed = facts.server.bytes * spaceFactor;
  const leftover = live.leftovers.reduce((sum, { bytes }) => sum + bytes, 0);
  if (server.freeBytes !== undefined && server.freeBytes + leftover < needed) {
    throw fail(`The disk of the server at ${words} has ${bytesWords(server.freeBytes)} free, and the restore needs ${bytesWords(needed)} beside the live data.`, 'Enlarge the volume, or remove databases that are no longer needed: earlier ones are called NAME_pre_restore_TIME.');
  }
  return [
    ...live.leftovers.map(({ name, bytes }) => `remove database "${name}" (${bytesWords(bytes)}), which an interrupted restore left behind`),
    ...(missing.length > 0 ? [`create ${missing.filter(({ isCreate }) => isCreate).length} roles that do not exist, without passwords`] : []),
    `restore into a new database "${names.fresh}"${server.freeBytes === undefined ? ` (${bytesWords(needed)} must be free; that cannot be measured here)` : ''}`,
    'compare it with what its source had',
    `end all sessions in "${names.live}", rename it to "${names.kept}", and rename the new database to "${names.live}", in one transaction`,
  ];
}

function missingRoles(facts: DumpFacts, live: Live): RoleStatement[] {
  const statements = roleStatements(facts.texts[rolesFile] ?? '');
  const missing = new Set(statements.filter(({ isCreate, role }) => isCreate && !live.roles.includes(role)).map(({ role }) => role));
  return statements.filter(({ role }) => missing.has(role));
}

/** The comment of a database that this run has created and not swapped. */
const freshComment = ({ context }: At, live: string): string => `${restoreMark} of ${live}: not complete, run ${context.id}`;

/** Removes what another process of this run has created and not swapped. @returns what it was, in words */
export async function removeLeft(at: At, signal: AbortSignal): Promise<readonly string[]> {
  const live = at.login.database;
  const session = await besideLive(at, doing, signal);
  try {
    const names = await session.json(`SELECT coalesce(json_agg(d.datname), '[]') FROM pg_catalog.pg_database d
    WHERE pg_catalog.shobj_description(d.oid, 'pg_database') = ${literal(freshComment(at, live))}`, array(string()));
    for (const name of names) await drop(session, name, live);
    return names.map((name) => `database "${name}"`);
  } finally {
    await session.close();
  }
}

async function create(session: Session, { at, facts, names }: Work, live: Live): Promise<void> {
  for (const { name } of live.leftovers) await drop(session, name, names.live);
  for (const { sql } of missingRoles(facts, live)) await session.run(sql.replace(/;$/, ''));
  await createDatabase(session, names.fresh, facts.server.settings, {
    owner: live.owner, ...live.tablespace !== null && { tablespace: live.tablespace }, connectionLimit: live.limit,
  });
  await session.run(`COMMENT ON DATABASE ${identifier(names.fresh)} IS ${literal(freshComment(at, names.live))}`);
}

type Beside = (act: (session: Session) => Promise<void>) => Promise<void>;

async function fill({ at, dump, facts, names }: Work, live: Live, signal: AbortSignal, beside: Beside): Promise<Compared> {
  const there: At = { ...at, login: { ...at.login, database: names.fresh } };
  const { clock } = at.context.ports;
  const started = clock.monotonic();
  await restoreStream(there, dump, facts, signal);
  const tookMs = clock.monotonic() - started;
  const compared = await compare(there, facts, signal);
  await beside((session) => carryOver(session, live, names.fresh));
  return { ...compared, tookMs };
}

const exists = async (session: Session, name: string): Promise<boolean> =>
  (await session.json(`SELECT count(*) FROM pg_catalog.pg_database WHERE datname = ${literal(name)}`, number())) > 0;

/** Only what carries the mark of a restore that is not complete: after a swap, the same name may be something else. */
async function drop(session: Session, name: string, live: string): Promise<void> {
  const marked = await session.json(`SELECT count(*) FROM pg_catalog.pg_database d WHERE d.datname = ${literal(name)}
    AND starts_with(pg_catalog.shobj_description(d.oid, 'pg_database'), ${literal(`${restoreMark} of ${live}:`)})`, number());
  if (marked === 0) return;
  await session.json(`SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity WHERE datname = ${literal(name)} AND pid <> pg_catalog.pg_backend_pid()`, number());
  await session.run(`DROP DATABASE IF EXISTS ${identifier(name)}`, 300_000);
}
