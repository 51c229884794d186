import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { contentsSql } from '../../e2e/harness/data/filling.js';
import type { Lab } from '../../e2e/harness/data/lab.js';
import { contentsScript } from '../../e2e/harness/data/local-redis.js';
import type { Postgres } from '../../e2e/harness/data/postgres.js';
import type { Redis } from '../../e2e/harness/data/redis.js';
import type { Contents } from './oracle.js';

const run = promisify(execFile);

/** The servers in the pods, asked by programs of this machine: a `kubectl exec` for each question would take longer than the cases. */
export interface FromHere {
  /** A line a row. Throws what psql says. */
  sql(text: string, database?: string): Promise<string>;
  contents(database?: string): Promise<Contents>;
  /** Throws what redis-cli says, also where it is an error of the server. */
  command(args: readonly string[], database?: number): Promise<string>;
  contentsOfRedis(database?: number): Promise<Contents>;
}

export function fromHere(lab: Lab, postgres: Postgres, redis: Redis): FromHere {
  const sql: FromHere['sql'] = async (text, database = postgres.database) => {
    const args = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--dbname', await postgres.url(database)];
    const running = run(join(lab.postgres.programs, 'psql'), args, { maxBuffer: 2 ** 26 });
    running.child.stdin?.on('error', () => undefined).end(text);
    return (await running).stdout.trimEnd();
  };
  const command: FromHere['command'] = async (args, database = 0) => {
    const { hostname } = new URL(await redis.url());
    const { stdout } = await run(join(lab.redis.programs, 'redis-cli'), ['-e', '-h', hostname, '-n', `${database}`, ...args], { env: { ...process.env, REDISCLI_AUTH: redis.password }, maxBuffer: 2 ** 26 });
    return stdout.trimEnd();
  };
  return {
    sql, command,
    contents: async (database) => JSON.parse(await sql(contentsSql, database)) as Contents,
    contentsOfRedis: async (database) => JSON.parse(await command(['eval', contentsScript, '0'], database) || '{}') as Contents,
  };
}
