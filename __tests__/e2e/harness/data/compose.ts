import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Any } from '../api.js';
import { root } from '../environment.js';
import type { Ended } from './in-pod.js';
import type { Lab } from './lab.js';

let host: Promise<string> | undefined;

/** Gets Docker Compose and starts the Docker daemon of the sandbox, if it does not run; DOCKER_HOST of it. Throws what the sandbox says. */
export function dockerHost(): Promise<string> {
  host ??= promisify(execFile)(process.execPath, [join(root, 'sandbox/sandbox.mjs'), 'compose'])
    .then(({ stdout }) => (JSON.parse(stdout) as { host: string }).host, (error: { stderr?: string }) => {
      throw new Error(`npm run sandbox compose: ${error.stderr?.trim() ?? String(error)}`);
    });
  return host;
}

/** A project of Docker Compose in a folder of its own, with a name of its own. */
export interface Project {
  readonly name: string;
  /** Holds `compose.yaml`. */
  readonly folder: string;
  /** With DOCKER_HOST. */
  readonly env: NodeJS.ProcessEnv;
  /** `docker compose ARGS` in the folder. Does not throw when it fails. */
  compose(args: readonly string[], input?: string | Buffer): Promise<Ended>;
  /** Runs a command in the container of a service. */
  run(service: string, command: readonly string[], input?: string | Buffer): Promise<Ended>;
  /** Starts all services and waits until they are healthy. Throws what Docker says. */
  up(): Promise<void>;
  /** Removes containers, networks, volumes and the folder. */
  remove(): Promise<void>;
}

/** `content` is that of the file; its `name` is set. */
export async function composeProject(content: Any): Promise<Project> {
  const env = { ...process.env, DOCKER_HOST: await dockerHost() };
  const name = `e2e-${randomBytes(3).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'compose-'));
  // JSON is YAML.
  writeFileSync(join(folder, 'compose.yaml'), JSON.stringify({ name, ...content }));
  const compose: Project['compose'] = async (args, input = '') => {
    const child = spawn('docker', ['compose', ...args], { cwd: folder, env });
    child.stdin.on('error', () => undefined).end(input);
    const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), text(child.stderr), closed]);
    return { stdout, stderr, code };
  };
  return {
    name, folder, env, compose,
    run: (service, command, input) => compose(['exec', '--no-TTY', service, ...command], input),
    up: async () => {
      const { code, stderr } = await compose(['up', '--detach', '--wait']);
      if (code !== 0) throw new Error(`docker compose up failed with code ${code}: ${stderr.trim()}`);
    },
    remove: async () => {
      await compose(['down', '--volumes', '--timeout', '0', '--remove-orphans']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Often enough for a busy machine, on which the first start of a database takes many seconds. */
const healthcheck = (test: readonly string[]): Any => ({ test: ['CMD', ...test], interval: '1s', timeout: '5s', retries: 100 });

/** A service with a volume `NAME`, and a port of this machine that Docker chooses. */
export const postgresService = ({ postgres }: Lab, password: string, volume: string, more: Any = {}): Any => ({
  image: postgres.image, environment: { POSTGRES_PASSWORD: password, POSTGRES_DB: 'app' }, ports: ['127.0.0.1::5432'], volumes: [`${volume}:/var/lib/postgresql/data`],
  healthcheck: healthcheck(['pg_isready', '--quiet', '--username', 'postgres', '--host', '127.0.0.1']), ...more,
});

export const redisService = ({ redis }: Lab, password: string, more: Any = {}): Any => ({
  image: redis.image, environment: { REDISCLI_AUTH: password }, command: ['--requirepass', password], healthcheck: healthcheck(['redis-cli', '-e', 'ping']), ...more,
});
