import { generateKeyPairSync } from 'node:crypto';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { Any } from '../../e2e/harness/api.js';
import { startHealthy } from '../../e2e/harness/app.js';
import type { Lab } from '../../e2e/harness/data/lab.js';
import { postgres, type Postgres } from '../../e2e/harness/data/postgres.js';
import { redis, type Redis } from '../../e2e/harness/data/redis.js';
import { s3Faults, type S3Faults } from '../../e2e/harness/data/s3-faults.js';
import { s3, type S3 } from '../../e2e/harness/data/s3.js';
import { namespace, type Space } from '../../e2e/harness/namespace.js';
import { grant } from '../../e2e/harness/rights.js';
import { fromHere, type FromHere } from './from-here.js';
import type { DataShape } from './plan.js';

/** Databases, an app that uses them, and a store, in which several cases are played one after another. */
export interface DataStand {
  readonly shape: DataShape;
  readonly space: Space;
  readonly postgres: Postgres;
  readonly redis: Redis;
  readonly ask: FromHere;
  readonly store: S3;
  /** Between the action and the store. */
  readonly proxy: S3Faults;
  readonly keys: { readonly identity: string; readonly other: string; readonly recipient: string; readonly signing: string; readonly signedBy: string };
  dispose(): Promise<void>;
}

const rules = [
  { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] }, { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['get'] }, { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'delete', 'get', 'list', 'watch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update', 'patch', 'delete'] },
];

/** Tables that others write to while a backup is made. What holds of them at each moment: see oracle.ts. */
const ledgerSql = `
CREATE SCHEMA ledger;
CREATE TABLE ledger.a (n int); CREATE TABLE ledger.b (n int);
CREATE TABLE ledger.c (n int); INSERT INTO ledger.c SELECT generate_series(1, 50);
CREATE TABLE ledger.d (n int); INSERT INTO ledger.d SELECT generate_series(1, 50);`;

/** A dump of it has more than one part of an upload. */
const largeSql = `CREATE TABLE public.large AS SELECT i, md5('a' || i) || md5('b' || i) || md5('c' || i) || md5('d' || i) AS body FROM generate_series(1, 170000) AS i`;

export async function startDataStand(lab: Lab, shape: DataShape): Promise<DataStand> {
  const space = await namespace('data-chaos');
  // The data outlives the pod, as on a volume.
  const disk = mkdtempSync(join(tmpdir(), 'chaos-disk-'));
  chownSync(disk, 999, 999);
  const closing: (() => Promise<unknown>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const close of closing.reverse()) await close().catch(() => undefined);
    await space.dispose();
    rmSync(disk, { recursive: true, force: true });
  };
  try {
    await grant(space, ...rules);
    const [database, cache, store] = await Promise.all([
      postgres(space, lab, {
        database: 'acci', user: 'acci', pod: { terminationGracePeriodSeconds: 1, volumes: [{ name: 'data', hostPath: { path: disk, type: 'Directory' } }] },
        // The image declares a volume there, so a mount above it would not hold the data.
        container: { volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/data' }] },
      }),
      redis(space, lab, { args: ['--repl-diskless-sync-delay', '0'] }), s3(lab), startHealthy(space),
    ]);
    closing.push(() => store.stop());
    const proxy = await s3Faults(store);
    closing.push(() => proxy.close());
    await database.fill({ tables: 2, rows: 200 });
    const ask = fromHere(lab, database, cache);
    await ask.sql(ledgerSql);
    if (shape.isLarge) await ask.sql(largeSql);
    await ask.sql('CREATE DATABASE nothing', 'postgres');
    await cache.fill(300);
    const [identity, other] = [await generateIdentity(), await generateIdentity()];
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const keys = {
      identity, other, recipient: await identityToRecipient(identity),
      signing: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), signedBy: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    };
    return { shape, space, postgres: database, redis: cache, ask, store, proxy, keys, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What a run is started with. @param endpoint of the store @param database of PostgreSQL, under the name `other` unless it is that of the app */
export function settingsOf({ shape, store, keys }: DataStand, of: { engine: 'postgres' | 'redis'; verify: string; endpoint: string; database?: string }): Any {
  const secret = (name: string, key: string): string => `secret/${name}/${key}`;
  const databases = of.engine === 'redis'
    ? { sessions: { engine: 'redis', pod: 'app.kubernetes.io/name=redis', password: secret('redis', 'redis-password') } }
    : { [of.database === undefined ? 'main' : 'other']: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: of.database ?? 'acci', user: 'acci', password: secret('postgresql', 'postgres-password') } };
  return {
    app: 'api', databases,
    backup: {
      'to': `s3://${store.bucket}/api`, 'endpoint': of.endpoint, 'access-key': 'env:ACCESS_KEY', 'secret-key': 'env:SECRET_KEY', 'verify': of.verify, 'timeout': '5m',
      ...shape.isEncrypted ? { recipients: [keys.recipient], identity: 'env:IDENTITY' } : { encrypt: 'false' },
      ...shape.isSigned && { 'sign': 'env:SIGNING', 'signed-by': keys.signedBy }, ...shape.retention && { retention: { last: '6' } },
    },
  };
}

/** So that what is there differs from every backup, and can be told from it. */
export async function changeData(stand: DataStand, number: number): Promise<void> {
  await stand.ask.sql(`INSERT INTO "Audit Log"."Entry" VALUES (now(), 'case ${number}'); DELETE FROM public.item_1 WHERE id = ${(number % 190) + 1}`);
  await stand.ask.command(['set', `case:${number}`, `${number}`]);
  await stand.ask.command(['del', `string:${(number % 290) + 1}`]);
}
