import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../environment.js';
import type { Lab } from './lab.js';
import { fillScript } from './redis.js';
import { freePort } from './s3.js';

const run = promisify(execFile);

/** A Redis on this machine, at 127.0.0.1: no cluster is needed. */
export interface LocalRedis {
  readonly port: number;
  readonly password: string;
  /** What redis-cli prints. Throws its message, also where it is an error of the server. */
  command(args: readonly string[], database?: number): Promise<string>;
  /** As that of `Redis`. */
  fill(keys: number, database?: number): Promise<void>;
  /** Each key with its expiry and the digest of its value. */
  contents(database?: number): Promise<Readonly<Record<string, string>>>;
  /** Ends it at once. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one with a folder of its own; `settings` are those of redis.conf; with a certificate, it only accepts encrypted connections. */
export async function localRedis({ redis: { programs } }: Lab, settings: Readonly<Record<string, string>> = {}): Promise<LocalRedis> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const [port, password] = [await freePort(), randomBytes(12).toString('base64url')];
  const isEncrypted = settings['tls-cert-file'] !== undefined;
  const ports = isEncrypted ? { 'port': '0', 'tls-port': `${port}`, 'tls-auth-clients': 'no' } : { port: `${port}` };
  const all = {
    ...ports, 'bind': '127.0.0.1', 'dir': folder, 'requirepass': password, 'masterauth': password, 'save': '""', 'repl-diskless-sync-delay': '0', ...settings,
  };
  writeFileSync(join(folder, 'redis.conf'), Object.entries(all).map(([name, value]) => `${name} ${value}\n`).join(''), { mode: 0o600 });
  const server = spawn(join(programs, 'redis-server'), [join(folder, 'redis.conf')], { stdio: 'ignore' });
  const closed = new Promise<void>((resolve, reject) => server.once('error', reject).once('close', () => resolve()));
  const command: LocalRedis['command'] = async (args, database = 0) => {
    const args2 = ['-e', '-p', `${port}`, ...(isEncrypted ? ['--tls', '--insecure'] : []), '-n', `${database}`, ...args];
    const { stdout } = await run(join(programs, 'redis-cli'), args2, { env: { ...process.env, REDISCLI_AUTH: password }, maxBuffer: 2 ** 28 });
    return stdout.trimEnd();
  };
  await eventually('Redis answers', async () => {
    if (server.exitCode !== null) throw new Error(`redis-server exited with code ${server.exitCode}`);
    return command(['ping']).then((said) => said === 'PONG', () => false);
  });
  const kill = async (): Promise<void> => {
    server.kill('SIGKILL');
    await closed;
  };
  return {
    port, password, command, kill,
    fill: async (keys, database) => {
      await command(['eval', fillScript, '0', `${keys}`], database);
    },
    contents: async (database) => JSON.parse(await command(['eval', contentsScript, '0'], database) || '{}') as Record<string, string>,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A JSON object: each key → its type, its expiry and the digest of its value. */
export const contentsScript = `
local all = {}
for _, key in ipairs(redis.call('keys', '*')) do
  local type = redis.call('type', key).ok
  local value
  if type == 'string' then value = {redis.call('get', key)} end
  if type == 'list' then value = redis.call('lrange', key, 0, -1) end
  if type == 'set' then value = redis.call('smembers', key) table.sort(value) end
  if type == 'hash' then value = {} local found = redis.call('hgetall', key) for i = 1, #found, 2 do table.insert(value, found[i] .. '=' .. found[i + 1]) end table.sort(value) end
  if type == 'zset' then value = redis.call('zrange', key, 0, -1, 'withscores') end
  if type == 'stream' then value = {redis.call('dump', key)} end
  local name = string.gsub(key, '[^%w:-]', function(c) return string.format('%%%02x', string.byte(c)) end)
  all[name] = type .. ' ' .. redis.call('pexpiretime', key) .. ' ' .. redis.sha1hex(table.concat(value, '\\0'))
end
return next(all) and cjson.encode(all) or ''`;

/** Masters without replicas, which share the slots of a cluster. */
export async function localRedisCluster(lab: Lab, masters: number): Promise<readonly LocalRedis[]> {
  const nodes = await Promise.all(Array.from({ length: masters }, () => localRedis(lab, { 'cluster-enabled': 'yes' })));
  const [first] = nodes;
  if (!first) return nodes;
  // One password for all: a client logs in to each node with it.
  for (const node of nodes.slice(1)) await node.command(['acl', 'setuser', 'default', `>${first.password}`]);
  const args = ['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`), '--cluster-yes'];
  await run(join(lab.redis.programs, 'redis-cli'), args, { env: { ...process.env, REDISCLI_AUTH: first.password } });
  await eventually('the cluster is complete', async () => {
    const states = await Promise.all(nodes.map((node) => node.command(['cluster', 'info'])));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
  return nodes;
}
