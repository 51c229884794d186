import { execFile, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { eventually } from '../environment.js';
import { contentsSql, fillSql, type Filling } from './filling.js';
import type { Lab } from './lab.js';
import { freePort } from './s3.js';

/** A PostgreSQL on this machine, at a URL of 127.0.0.1: no cluster is needed. */
export interface LocalPostgres {
  readonly port: number;
  readonly password: string;
  /** With the user `postgres`. */
  url(database?: string): string;
  /** What psql prints: a line a row, columns separated by `|`. Throws its message. */
  sql(text: string, database?: string): Promise<string>;
  fill(filling: Filling, database?: string): Promise<void>;
  /** As that of `Postgres`. */
  contents(database?: string): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const nobody = 65534;

/**
 * The server refuses to run as root, and another user cannot reach its programs in a home folder of root without this
 * capability. access(2), which they use, ignores capabilities of such a user unless the kernel is told not to.
 */
const asNobody = [
  'setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--securebits=+no_setuid_fixup', '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search',
];
const isRoot = process.getuid?.() === 0;
const unprivileged = (command: readonly string[]): [string, ...string[]] => [...(isRoot ? asNobody : []), ...command] as [string, ...string[]];

/** Starts one with a folder of its own; `settings` are those of postgresql.conf. */
export async function localPostgres(lab: Lab, settings: Readonly<Record<string, string>> = {}): Promise<LocalPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
  const [port, password] = [await freePort(), randomBytes(12).toString('base64url')];
  const [cluster, passwordFile] = [join(folder, 'data'), join(folder, 'password')];
  mkdirSync(cluster, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (isRoot) for (const path of [folder, cluster, passwordFile]) chownSync(path, nobody, nobody);
  const program = (name: string): string => join(lab.postgres.programs, name);
  const [initdb, ...args] = unprivileged([program('initdb'), '--pgdata', cluster, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--no-sync']);
  await run(initdb, args, { cwd: folder, env: { PATH: process.env.PATH, LANG: 'C.UTF-8' } });
  const all = { ...settings, listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: folder, fsync: 'off' };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [postgres, ...rest] = unprivileged([program('postgres'), '-D', cluster, ...options]);
  const server = spawn(postgres, rest, { cwd: folder, env: { PATH: process.env.PATH, LANG: 'C.UTF-8' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise<void>((resolve, reject) => server.once('error', reject).once('close', () => resolve()));
  const said = text(server.stderr);
  const url = (database = 'postgres'): string => `postgresql://postgres:${password}@127.0.0.1:${port}/${database}`;
  const sql: LocalPostgres['sql'] = async (statements, database) => {
    const running = run(program('psql'), ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--dbname', url(database)]);
    running.child.stdin?.on('error', () => undefined).end(statements);
    return (await running).stdout.trimEnd();
  };
  await eventually('PostgreSQL answers', async () => {
    if (server.exitCode !== null) throw new Error(`postgres exited with code ${server.exitCode}: ${await said}`);
    return sql('SELECT 1').then(() => true, () => false);
  });
  return {
    port, password, url, sql,
    fill: async (filling, database) => {
      await sql(fillSql(filling), database);
    },
    contents: async (database) => JSON.parse(await sql(contentsSql, database)) as Record<string, string>,
    stop: async () => {
      // Fast shutdown: clients are not waited for.
      server.kill('SIGINT');
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
