import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { Any } from '../../e2e/harness/api.js';
import { environment } from '../../e2e/harness/environment.js';
import type { Contents, StoredManifest } from './oracle.js';
import type { DataStand } from './stand.js';

/** A backup as the store has it. */
export interface Seen extends StoredManifest {
  readonly database: string;
  readonly name: string;
}

/** What is there, seen from outside. */
export interface Look {
  readonly postgres: Contents;
  readonly redis: Contents;
  /** By `DATABASE/NAME`. Undefined: a manifest that cannot be parsed. */
  readonly backups: Readonly<Record<string, Seen | undefined>>;
  readonly databases: readonly string[];
  /** Uploads that are not finished, by their keys. */
  readonly uploads: readonly string[];
}

const base = 'api/';

export async function backupsIn({ store }: DataStand): Promise<Look['backups']> {
  const manifests = (await store.objects(base)).map(({ key }) => key).filter((key) => key.endsWith('/manifest.json'));
  const read = await Promise.all(manifests.map(async (key) => [key.slice(base.length, -'/manifest.json'.length), parsed((await store.read(key)).toString())] as const));
  return Object.fromEntries(read);
}

function parsed(text: string): Seen | undefined {
  try {
    return { ...JSON.parse(text) as Any, base } as Seen;
  } catch {
    return undefined;
  }
}

export async function lookAt(stand: DataStand): Promise<Look> {
  const [postgres, redis, backups, databases, uploads] = await Promise.all([
    stand.ask.contents(), stand.ask.contentsOfRedis(), backupsIn(stand), databasesOf(stand),
    stand.store.client.send(new ListMultipartUploadsCommand({ Bucket: stand.store.bucket })).then(({ Uploads = [] }) => Uploads.map(({ Key = '' }) => Key)),
  ]);
  return { postgres, redis, backups, databases, uploads };
}

export const databasesOf = async ({ ask }: DataStand): Promise<string[]> =>
  (await ask.sql(`SELECT datname FROM pg_database WHERE datname LIKE 'acci%' ORDER BY 1`, 'postgres')).split('\n').filter(Boolean);

/** Sessions of the action in the server. */
export const sessionsIn = ({ ask }: DataStand): Promise<string> =>
  ask.sql(`SELECT coalesce(string_agg(application_name || ' ' || state || ' ' || left(query, 60), '; '), '') FROM pg_stat_activity WHERE application_name LIKE 'acci:%'`, 'postgres');

/** Folders of its scripts in the containers. */
export async function foldersIn({ postgres, redis }: DataStand): Promise<string> {
  const list = ['sh', '-c', 'ls -d /tmp/acci-* /dev/shm/acci-* 2>/dev/null'];
  return (await Promise.all([postgres.run(list), redis.run(list)])).map(({ stdout }) => stdout.toString().trim()).filter(Boolean).join(' ');
}

/** Undefined when the app runs as before. */
export async function whyAppIsDown({ space }: DataStand): Promise<string | undefined> {
  const { spec, status, metadata } = await space.get('Deployment', 'web');
  if (spec.replicas === 2 && status.availableReplicas === 2) return undefined;
  return `deployment/web has ${spec.replicas} replicas, of which ${status.availableReplicas ?? 0} are available; annotations ${JSON.stringify(metadata.annotations)}`;
}

/** What the server of PostgreSQL has said since then that it says when it restarts its processes. */
export async function crashesSince({ space, postgres }: DataStand, since: Date): Promise<string> {
  const args = ['logs', `--namespace=${space.name}`, postgres.pod, `--since-time=${since.toISOString()}`];
  const { stdout } = await promisify(execFile)('kubectl', args, { env: { ...process.env, KUBECONFIG: environment().kubeconfig }, maxBuffer: 2 ** 26 });
  return stdout.split('\n').filter((line) => /terminated by signal|reinitializing|crash of another server process|exited with exit code [2-9]/.test(line)).join('; ');
}

export const restartsOfRedis = async ({ space }: DataStand): Promise<number> =>
  (await space.list('Pod', 'app=redis')).reduce((sum, { status }: Any) => sum + (status.containerStatuses?.[0]?.restartCount ?? 0), 0);

/** The Jobs of the action that have not ended. */
export const jobsIn = async ({ space }: DataStand): Promise<string[]> => (await space.list('Job')).map(({ metadata }: Any) => metadata.name);
