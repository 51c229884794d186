import type { Server } from '../engine.js';
import { DataError } from '../error.js';
import { databaseOf, unknownOptions } from './login.js';
import type { At } from './run.js';
import { inSession, type Session } from './session.js';
import { unquoted } from './quote.js';

const doing = 'The connection to Redis';

/** The fields of INFO: https://redis.io/docs/latest/commands/info/ */
export type Info = Readonly<Record<string, string>>;

export async function readInfo(session: Session): Promise<Info> {
  const lines = await session.ask(['INFO']);
  return Object.fromEntries(lines.filter((line) => !line.startsWith('#')).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

/** Keys of each logical database that has any, by its number, and those of them that expire. */
export function keyspaceOf(info: Info): Readonly<Record<string, { readonly keys: number; readonly expires: number }>> {
  return Object.fromEntries(Object.entries(info).flatMap(([name, value]) => {
    const database = /^db(\d+)$/.exec(name)?.[1];
    const [, keys, expires] = /^keys=(\d+),expires=(\d+)/.exec(value) ?? [];
    return database === undefined ? [] : [[database, { keys: Number(keys), expires: Number(expires) }]];
  }));
}

export const isCluster = ({ settings }: Pick<Server, 'settings'>): boolean => settings.mode === 'cluster';

/** What a server says of itself, whatever it is. */
export async function readServer(session: Session): Promise<{ readonly server: Server; readonly info: Info }> {
  const info = await readInfo(session);
  const version = info.valkey_version ?? info.redis_version ?? '';
  // What managed services do not offer is not needed.
  const { lines } = await session.attempt(['CONFIG', 'GET', 'databases']);
  const databases = unquoted(lines.at(-1)?.replace(/^\d+\) /, '') ?? '');
  const settings: Record<string, string | undefined> = {
    'mode': info.redis_mode, 'server': info.server_name, databases, 'append-only': info.aof_enabled === '1' ? 'on' : 'off',
    'last-save': info.rdb_last_bgsave_status, 'eviction': info.maxmemory_policy,
  };
  const known = Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    info,
    server: { version, major: Number.parseInt(version, 10) || 0, identity: info.run_id ?? '', bytes: Number(info.used_memory ?? 0), settings: Object.fromEntries(known) },
  };
}

export const isMaster = (at: At): Promise<boolean> => inSession(at, doing, at.context.signal, async (session) => {
  const info = await readInfo(session);
  return info.redis_mode !== 'sentinel' && info.role === 'master';
});

/** The same for a database: that it exists, and its server is a master that has loaded its data. */
export async function openServer(at: At): Promise<{ readonly server: Server; readonly info: Info }> {
  const database = databaseOf(at.login);
  if (!/^\d{1,5}$/.test(database)) {
    throw new DataError(at.context.failure, `"${database}" is no database of Redis: they have numbers.`, { hint: 'Set `database` in the settings to a number, such as `0`.' });
  }
  const unknown = unknownOptions(at.login);
  if (unknown.length > 0) {
    throw new DataError(at.context.failure, `The URL of Redis has options that are not known: ${unknown.join(', ')}.`, {
      hint: 'Remove them. Known are cacert, cacertdir, cert, key, sni and insecure; `rediss://` encrypts the connection.',
    });
  }
  return inSession(at, doing, at.context.signal, async (session) => {
    const found = await readServer(session);
    refuseOthers(at, found.info);
    if (database !== '0') await session.ask(['SELECT', database]);
    return found;
  });
}

/** @throws DataError for what does not have the data */
export function refuseOthers(at: At, info: Info): void {
  const fail = (message: string, hint: string): DataError => new DataError(at.context.failure, message, { hint });
  if (info.redis_mode === 'sentinel') {
    throw fail(`What answers at ${at.place.words} is a Sentinel, which has no data.`, 'Use the address or the selector of the Redis master; `redis-cli -p 26379 sentinel masters` shows it.');
  }
  if (info.loading === '1') throw fail(`Redis at ${at.place.words} has not loaded its data from the disk yet.`, 'Wait until it is ready, and try again.');
  if (info.role !== 'master') {
    const master = info.master_host === undefined ? '' : ` of ${info.master_host}:${info.master_port ?? ''}`;
    throw fail(`Redis at ${at.place.words} is a replica${master}.`, 'Use the address or the selector of the master.');
  }
}
