import { boolean, nullish, number, object, record, string } from 'valibot';
import type { Server } from '../engine.js';
import { DataError } from '../error.js';
import { runScript, type At } from './run.js';
import { inSession, type Session } from './session.js';
import { programs, runOne } from '../script/shell.js';

/** What differs between versions is read from the whole row: `datlocale` is called `daticulocale` before PostgreSQL 17. */
const factsSql = `
SELECT json_build_object(
  'version', current_setting('server_version'), 'number', current_setting('server_version_num')::int,
  'identity', (SELECT system_identifier::text FROM pg_catalog.pg_control_system()),
  'bytes', pg_catalog.pg_database_size(d.oid), 'replica', pg_catalog.pg_is_in_recovery(),
  'folder', (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'),
  'settings', json_strip_nulls(json_build_object(
    'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
    'provider', to_jsonb(d) ->> 'datlocprovider', 'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
    'icu-rules', to_jsonb(d) ->> 'daticurules',
    'preload', (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'shared_preload_libraries'),
    'port', current_setting('port'), 'ssl', current_setting('ssl'),
    'extensions', (SELECT string_agg(extname || ' ' || extversion, ', ' ORDER BY extname) FROM pg_catalog.pg_extension)
  )))
FROM pg_catalog.pg_database d WHERE d.datname = current_database()`;

const factsShape = object({
  version: string(), number: number(), identity: string(), bytes: number(), replica: boolean(), folder: nullish(string()), settings: record(string(), string()),
});

export interface Facts extends Server {
  readonly isReplica: boolean;
}

/** What a server says of itself and of the database of the session. */
export async function readFacts(session: Session): Promise<Facts & { readonly folder?: string }> {
  const { version, number: versionNumber, folder, replica, ...rest } = await session.json(factsSql, factsShape);
  // `15.18 (Debian 15.18-0+deb12u1)`
  return { ...rest, version: version.split(' ')[0] ?? version, major: Math.floor(versionNumber / 10_000), isReplica: replica, folder: folder ?? undefined };
}

export const isReplica = async (at: At): Promise<boolean> =>
  inSession(at, 'The connection to PostgreSQL', at.context.signal, (session) => session.json('SELECT pg_catalog.pg_is_in_recovery()::text', boolean()));

/** The same, with the free space on the disk of its data where the programs run beside the server. */
export async function readServer(at: At): Promise<Server> {
  const { isReplica: replica, folder, ...server } = await inSession(at, 'The connection to PostgreSQL', at.context.signal, readFacts);
  if (replica) {
    throw new DataError(at.context.failure, `PostgreSQL at ${at.place.words} is a replica: it takes no writes, and cannot export a snapshot.`, {
      hint: 'Use the address or the selector of the primary server.',
    });
  }
  return { ...server, freeBytes: at.login.host === undefined ? await freeBytes(at, folder) : undefined };
}

const diskScript = `
${programs}
set -- df -P -k "\${1:-\${PGDATA:-/nowhere}}"
${runOne}
finish "$code"
`;

async function freeBytes(at: At, folder = ''): Promise<number | undefined> {
  const { code, text } = await runScript(at, diskScript, 'The look at the disk', { args: [folder], signal: at.context.signal, timeoutMs: 30_000 });
  // Filesystem, 1024-blocks, used, available, capacity, mounted on.
  const kilobytes = /\s(\d+)\s+\d+%\s/.exec(text)?.[1];
  return code === 0 && kilobytes !== undefined ? Number(kilobytes) * 1024 : undefined;
}
