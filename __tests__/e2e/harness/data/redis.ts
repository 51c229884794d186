import { randomBytes } from 'node:crypto';
import type { Any } from '../api.js';
import type { Space } from '../namespace.js';
import { deployment } from '../workloads.js';
import { inPod, outputInPod, type Ended } from './in-pod.js';
import type { Lab } from './lab.js';
import type { Made } from './postgres.js';

export interface RedisOptions {
  /** Of the Deployment, its Service, its Secret and its container. */
  readonly name?: string;
  /** More arguments of redis-server. */
  readonly args?: readonly string[];
  /** Merged over the container. */
  readonly container?: Any;
}

/** A Redis in the cluster that wants a password. */
export interface Redis {
  readonly name: string;
  readonly password: string;
  /** What redis-cli prints for one command. Throws its message, also where it is an error of the server. */
  command(args: readonly string[], database?: number): Promise<string>;
  /** Writes keys of each type, some with an expiry: `keys` strings and 7 others. */
  fill(keys: number, database?: number): Promise<void>;
  dbsize(database?: number): Promise<number>;
  /** Runs a command in its container; REDISCLI_AUTH has the password. */
  run(command: readonly string[], input?: string | Buffer): Promise<Ended>;
  /** A URL that this machine reaches, as long as the pod lives. */
  url(database?: number): Promise<string>;
}

/** A Deployment with a Service and a Secret `NAME` with the key `redis-password`. Resolves when it is ready. */
export async function redis(space: Space, lab: Lab, options: RedisOptions = {}): Promise<Redis> {
  const { objects, open } = redisObjects(lab, options);
  await space.apply(...objects);
  await space.rolledOut('Deployment', objects.at(-1).metadata.name);
  return open(space);
}

/** The objects of one, for whoever else applies them, and how it is reached in a namespace once it is ready. */
export function redisObjects({ redis: { image } }: Lab, options: RedisOptions = {}): Made<Redis> {
  const { name = 'redis', args = [] } = options;
  const password = randomBytes(12).toString('base64url');
  const objects = [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { 'redis-password': password } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ name: 'redis', port: 6379, targetPort: 'redis' }] } },
    deployment(name, {
      image, replicas: 1, labels: { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/instance': name },
      container: {
        ports: [{ name: 'redis', containerPort: 6379 }],
        args: ['--requirepass', '$(REDISCLI_AUTH)', ...args],
        env: [{ name: 'REDISCLI_AUTH', valueFrom: { secretKeyRef: { name, key: 'redis-password' } } }],
        readinessProbe: { exec: { command: ['redis-cli', '-e', 'ping'] }, periodSeconds: 1, timeoutSeconds: 5 },
        ...options.container,
      },
    }),
  ];
  return { objects, open: (space) => connected(space, name, password) };
}

function connected(space: Space, name: string, password: string): Redis {
  /** The one that serves: a Deployment gives each a new name. */
  const podOf = async (): Promise<Any> => {
    const pods = await space.list('Pod', `app=${name}`);
    const found = pods.find(({ metadata, status }) => !metadata.deletionTimestamp && status.containerStatuses?.every((each: Any) => each.ready));
    if (!found) throw new Error(`no pod of ${name} is ready`);
    return found;
  };
  const container = async (): Promise<{ pod: string; name: string }> => ({ pod: (await podOf()).metadata.name, name });
  // -e: without it, redis-cli exits with 0 also after an error of the server.
  const ask = async (args: readonly string[], database = 0, input = ''): Promise<string> =>
    outputInPod(space, await container(), ['redis-cli', '-e', '-n', String(database), ...args], input);
  return {
    name, password,
    command: (args, database) => ask(args, database),
    fill: async (keys, database) => {
      await ask(['eval', fillScript, '0', String(keys)], database);
    },
    dbsize: async (database) => Number(await ask(['dbsize'], database)),
    run: async (command, input) => inPod(space, await container(), command, input),
    url: async (database = 0) => `redis://:${encodeURIComponent(password)}@${(await podOf()).status.podIP}:6379/${database}`,
  };
}

export const fillScript = `
for i = 1, tonumber(ARGV[1]) do redis.call('set', 'string:' .. i, redis.sha1hex(i) .. redis.sha1hex(-i)) end
redis.call('set', 'expiring', 'soon', 'EX', 86400)
redis.call('set', 'binary', '\\0\\255\\r\\n')
redis.call('hset', 'hash', 'a', '1', 'b', '')
redis.call('rpush', 'list', 'a', 'b', 'a')
redis.call('sadd', 'set', 'a', 'b')
redis.call('zadd', 'sorted', 1, 'a', 0.5, 'b')
redis.call('xadd', 'stream', '1-1', 'field', 'value')
return 'OK'`;
