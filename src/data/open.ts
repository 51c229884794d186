import type { DatabaseConfig } from '../config/config.js';
import { ClusterError } from '../outcome/errors.js';
import type { Cluster } from '../kubernetes/client/cluster.js';
import type { Secret } from '../kubernetes/client/objects.js';
import { resources } from '../kubernetes/client/resources.js';
import type { DataContext, Engine, Login } from './engine.js';
import { DataError } from './error.js';
import type { OpenedDatabase } from './opened.js';
import type { Reach } from './place.js';

/** What is opened when the first database needs it: the cluster. */
export type OpenCluster = () => Promise<Cluster>;

/** Opens a database: finds where its programs run, and looks at its server. Nothing is changed. @throws DataError, ClusterError */
export async function openDatabase(context: DataContext, config: DatabaseConfig, cluster: OpenCluster): Promise<OpenedDatabase> {
  const engine = await engineOf(config);
  const login = await loginOf(context, config, cluster);
  const reach = await reachOf(context, { config, engine, login }, cluster);
  try {
    const database = await engine.open(context, reach.place, login);
    return { config, engine, reach, login, database, close: async () => { await reach.close?.(); } };
  } catch (error) {
    await reach.close?.();
    throw error;
  }
}

/** Loaded when it is needed. */
async function engineOf({ engine }: DatabaseConfig): Promise<Engine> {
  switch (engine) {
    case 'postgres': return (await import('./postgres/engine.js')).postgres;
    case 'redis': return (await import('./redis/engine.js')).redis;
  }
}

interface Reaching {
  readonly config: DatabaseConfig;
  readonly engine: Engine;
  readonly login: Login;
}

async function reachOf(context: DataContext, { config: { reach }, engine, login }: Reaching, cluster: OpenCluster): Promise<Reach> {
  switch (reach.kind) {
    case 'pod': return (await import('./reach/pod.js')).podReach(context, await cluster(), reach, (place) => engine.isPrimary(context, place, login));
    case 'service': return (await import('./reach/compose.js')).composeReach(context, reach);
    case 'address': return (await import('./reach/local.js')).localReach(context, await engine.programs?.(context, login));
  }
}

/** Who logs in, with the password from its Secret. */
export async function loginOf(context: DataContext, { name, database, user, password, reach }: DatabaseConfig, cluster: OpenCluster): Promise<Login> {
  const secret = password && ('text' in password ? password.text : await secretOf(context, password, await cluster()));
  if (secret !== undefined && /[\n\r\0]/.test(secret)) {
    throw new DataError(context.failure, `The password of ${name} has several lines, so it is none.`, { hint: 'Check `password` of the database in the settings: it may name a file, such as a certificate.' });
  }
  return {
    database, ...user !== undefined && { user }, ...secret !== undefined && { password: secret },
    ...reach.kind === 'address' && { host: reach.host, port: reach.port, options: reach.options },
  };
}

interface SecretKey {
  readonly secret: string;
  readonly key: string;
}

/** The value of a key of a Secret. It is masked before anything else happens with it. */
async function secretOf({ ports, failure }: DataContext, { secret: name, key }: SecretKey, { api, namespace }: Cluster): Promise<string> {
  const found = await api.find<Secret>(resources.secrets, namespace, name).catch((cause: unknown) => {
    throw new ClusterError('permission-denied', `The Secret ${name} in namespace ${namespace}, which has the password of the database, cannot be read.`, {
      hint: 'Allow the account to `get` this Secret (docs/backup.md has the Role), or give the password as env:NAME.', cause,
    });
  });
  if (!found) throw new DataError(failure, `The Secret ${name} in namespace ${namespace}, which has the password of the database, does not exist.`, { hint: 'Check `password` of the database in the settings.' });
  const value = found.data?.[key];
  if (value === undefined) {
    throw new DataError(failure, `The Secret ${name} in namespace ${namespace} has no key ${key}.`, { hint: `It has: ${Object.keys(found.data ?? {}).join(', ') || 'none'}. Write secret/${name}/KEY.` });
  }
  const text = Buffer.from(value, 'base64').toString('utf8').replace(/\r?\n$/, '');
  ports.log.mask(text);
  return text;
}
