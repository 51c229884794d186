import type { DataContext, Login } from '../engine.js';
import { DataError } from '../error.js';
import type { Place } from '../place.js';
import { nodesOf, type ClusterNode } from './cluster.js';
import { openServer, readInfo, refuseOthers } from './facts.js';
import { databaseOf } from './login.js';
import { emptyScript } from './lua.js';
import type { At } from './run.js';
import { evaluate, inSession } from './session.js';

export interface Cache {
  /** Under `databases` in the settings. */
  readonly name: string;
  /** Whether the settings declare it as a cache. */
  readonly isCache: boolean;
  readonly login: Login;
}

export interface Emptied {
  /** Servers whose database was emptied. */
  readonly masters: number;
  /** Keys that they had. */
  readonly keys: number;
  /** `1,234 keys of 3 masters` */
  readonly words: string;
}

const doing = 'The emptying of the cache';

/**
 * Empties the database of a cache on every master: of a cluster, all its masters. Other databases of the servers stay as they are. All
 * servers are checked before the first one is emptied.
 * @param places of the servers: all masters that know nothing of each other, and one or more nodes of a cluster
 * @throws DataError when it is not declared as a cache, or a server is no master, cannot be reached, or does not do it
 */
export async function emptyCache(context: DataContext, places: readonly Place[], { name, isCache, login }: Cache): Promise<Emptied> {
  if (!isCache) {
    throw new DataError(context.failure, `Database "${name}" is not declared as a cache, so it is not emptied.`, {
      hint: `If all its data can be lost, set \`databases.${name}.cache\` to \`true\`. Otherwise restore a backup of it.`,
    });
  }
  const found: Master[] = [];
  for (const place of places) found.push(...await mastersOf({ context, place, login }));
  // Each node of a cluster names all its masters.
  const masters = found.filter(({ id }, index) => id === undefined || found.findIndex((other) => other.id === id) === index);
  for (const { at, words } of masters) await refuseReplica(at, words);
  let keys = 0;
  for (const [index, { at, words }] of masters.entries()) {
    keys += await withPlace(at, words, masters.slice(0, index), () => emptyOne(at));
  }
  const count = masters.length;
  return { masters: count, keys, words: `${keys.toLocaleString('en-US')} keys of ${count} ${count === 1 ? 'server' : 'masters'}` };
}

interface Master {
  /** In a cluster. */
  readonly id?: string;
  readonly at: At;
  /** `10.0.0.7:6379` in a cluster. */
  readonly words: string;
}

async function mastersOf(at: At): Promise<Master[]> {
  const info = await inSession(at, doing, at.context.signal, readInfo);
  if (info.redis_mode !== 'cluster') {
    await openServer(at);
    return [{ at, words: at.place.words }];
  }
  const database = databaseOf(at.login);
  if (database !== '0') throw new DataError(at.context.failure, `Redis at ${at.place.words} is a cluster, which has only database 0, not ${database}.`, { hint: 'Remove `database` from the settings.' });
  const lines = await inSession(at, doing, at.context.signal, (session) => session.ask(['CLUSTER', 'NODES']));
  const masters = nodesOf(lines).filter(({ isMaster }) => isMaster);
  const lost = masters.filter(({ trouble }) => trouble !== undefined);
  if (masters.length === 0 || lost.length > 0) {
    const which = lost.map((node) => `${node.host ?? node.id}:${node.port} (${node.trouble})`).join(', ');
    throw new DataError(at.context.failure, `Masters of the Redis cluster at ${at.place.words} cannot be reached: ${which || 'it names none'}. Nothing was emptied.`, {
      hint: 'Repair the cluster (`redis-cli --cluster check`), and try again.',
    });
  }
  return masters.map((node) => ({
    id: node.id, at: { ...at, login: loginOf(at.login, node) }, words: `${node.host ?? 'this node'}:${node.port}`,
  }));
}

/** Certificates are for names. */
function loginOf(login: Login, { host, name, port, isMyself }: ClusterNode): Login {
  if (host === undefined && isMyself) return login;
  return { ...login, host: login.options?.tls === 'true' ? name ?? host : host, port };
}

async function refuseReplica(at: At, words: string): Promise<void> {
  await withPlace(at, words, [], () => inSession(at, doing, at.context.signal, async (session) => refuseOthers(at, await readInfo(session))));
}

/** An error also says of which server of a cluster it is, and which were emptied before it. */
async function withPlace<T>(at: At, words: string, done: readonly Master[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DataError) || (words === at.place.words && done.length === 0)) throw error;
    const emptied = done.length === 0 ? 'Nothing was emptied.' : `Emptied before: ${done.map((master) => master.words).join(', ')}.`;
    throw new DataError(error.code as DataContext['failure'], `${words}: ${error.message} ${emptied}`, { hint: error.hint, cause: error });
  }
}

async function emptyOne(at: At): Promise<number> {
  return inSession(at, doing, at.context.signal, async (session) => {
    const info = await readInfo(session);
    const isLazy = Number.parseInt(info.redis_version ?? '', 10) >= 4;
    const [, before, after] = /^(\d+) (\d+)$/.exec(await evaluate(session, emptyScript, [], [databaseOf(at.login), isLazy ? 'async' : ''])) ?? [];
    if (before !== undefined && after === '0') return Number(before);
    throw new DataError(at.context.failure, `Redis at ${at.place.words} still has ${after ?? 'an unknown number of'} keys in database ${databaseOf(at.login)} after FLUSHDB.`, {
      hint: 'Look at the log of the server.',
    });
  });
}
