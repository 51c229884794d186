import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { closeApi, type Any } from './harness/api.js';
import { inSpace, startHealthy } from './harness/app.js';
import { lab, type Lab } from './harness/data/lab.js';
import { postgres, type Postgres } from './harness/data/postgres.js';
import { redis } from './harness/data/redis.js';
import { s3, type S3 } from './harness/data/s3.js';
import { expectEnding, expectHidden } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import type { Space } from './harness/namespace.js';
import { grant } from './harness/rights.js';
import { runAction } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';

jest.setTimeout(300_000);
const data: Lab = await lab();
let identity = '';
let recipient = '';
beforeAll(async () => {
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
});
afterAll(() => {
  closeApi();
  closeImages();
});

/** A namespace with a filled database, and a bucket. */
interface Stand {
  readonly space: Space;
  readonly database: Postgres;
  readonly store: S3;
}

const withDatabase = (body: (stand: Stand) => Promise<void>) => inSpace('backup', async (space) => {
  await grant(space, ...backupRights);
  const database = await postgres(space, data, { database: 'acci', user: 'acci' });
  await database.fill({ tables: 3, rows: 200 });
  const store = await s3(data);
  try {
    await body({ space, database, store });
  } finally {
    await store.stop();
  }
});

const backupRights = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }, { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] }, { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'delete', 'get', 'list', 'watch'] },
];

const settingsOf = ({ store }: Pick<Stand, 'store'>, more: Any = {}): Any => ({
  app: 'api',
  databases: { main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'acci', user: 'acci', password: 'secret/postgresql/postgres-password' } },
  backup: {
    'to': `s3://${store.bucket}/api`, 'endpoint': store.endpoint, 'access-key': 'env:ACCESS_KEY', 'secret-key': 'env:SECRET_KEY', 'recipients': [recipient], 'identity': 'env:IDENTITY', ...more,
  },
});

const act = (stand: Pick<Stand, 'space' | 'store'>, action: 'backup' | 'restore', inputs: Record<string, string> = {}, more: Any = {}, settings: Any = {}) =>
  withSettings({ ...settingsOf(stand, more), ...settings }, (workspace) => runAction({
    action, workspace, inputs: { kubeconfig: stand.space.kubeconfig, namespace: stand.space.name, ...inputs },
    env: { ACCESS_KEY: stand.store.accessKey, SECRET_KEY: stand.store.secretKey, IDENTITY: identity },
  }));

describe('a backup of a database in a pod', () => {
  it.concurrent('is verified, encrypted, stored, and comes back into the live database', withDatabase(async (stand) => {
    const { space, database, store } = stand;
    const before = await database.contents();
    const made = await act(stand, 'backup');
    expectEnding(made, { verdict: 'backed-up' });
    for (const secret of [database.password, identity, store.secretKey]) expectHidden(made, secret);
    expect(made.outputs).toMatchObject({ verified: 'restore', manifest: expect.stringMatching(/^s3:\/\/backups\/api\/main\/.*\/manifest\.json$/) });
    expect(Number(made.outputs['rows'])).toBeGreaterThan(600);
    const [manifest, ...others] = (await store.objects()).map(({ key }) => key).filter((key) => key.includes(made.outputs['backup'] ?? '')).sort((a) => (a.endsWith('manifest.json') ? -1 : 1));
    expect([manifest, others.every((key) => key.endsWith('.age')), others.length]).toEqual([expect.stringMatching(/manifest\.json$/), true, 2]);
    // Nothing is left in the cluster.
    expect(await space.list('Job')).toEqual([]);

    await startHealthy(space);
    await database.sql('DELETE FROM public.item_1; CREATE TABLE after_the_backup (id int)');
    const restored = await act(stand, 'restore', { confirm: 'acci', workloads: 'deployment/web', smoke: 'service/web/ -> 200' });
    expectEnding(restored, { verdict: 'restored' });
    expect(await database.contents()).toEqual(before);
    expect(restored.outputs['kept']).toMatch(/^acci_pre_restore_/);
    expect(await database.sql('SELECT count(*) FROM after_the_backup', restored.outputs['kept'])).toBe('0');
  }));

  it.concurrent('is rehearsed by a drill, which touches nothing', withDatabase(async (stand) => {
    expectEnding(await act(stand, 'backup'), { verdict: 'backed-up' });
    const databases = await stand.database.sql('SELECT datname FROM pg_database ORDER BY 1');
    const drill = await act(stand, 'restore', { into: 'scratch' }, { assertions: ['SELECT count(*) > 0 FROM pg_class'] });
    expectEnding(drill, { verdict: 'restored' });
    expect(drill.report.data.restores).toMatchObject([{ database: 'main', into: 'scratch', kept: null }]);
    expect(await stand.database.sql('SELECT datname FROM pg_database ORDER BY 1')).toBe(databases);
    const wrong = await act(stand, 'restore', { into: 'scratch' }, { assertions: ['SELECT count(*) < 0 FROM pg_class'] });
    expectEnding(wrong, { verdict: 'failed', cause: 'restore-failed', stage: 'restore' });
  }));

  it.concurrent('is refused by a restore without confirmation, with another key, or after it was changed', withDatabase(async (stand) => {
    const { store } = stand;
    const made = await act(stand, 'backup');
    expectEnding(made, { verdict: 'backed-up' });
    const unconfirmed = await act(stand, 'restore');
    expectEnding(unconfirmed, { verdict: 'failed', cause: 'config-invalid', stage: 'preflight' });
    expect(unconfirmed.log).toContain('The data of main would be replaced, and `confirm` is not set: it must be the name of the database on its server, "acci".');
    const planned = await act(stand, 'restore', { 'dry-run': 'true' });
    expectEnding(planned, { verdict: 'planned' });
    const dump = (await store.objects()).map(({ key }) => key).find((key) => key.endsWith('dump.age')) ?? '';
    store.corrupt(dump, (content) => {
      content[content.length - 100] = (content[content.length - 100] ?? 0) ^ 1;
      return content;
    });
    const broken = await act(stand, 'restore', { confirm: 'acci' });
    expectEnding(broken, { verdict: 'failed', cause: 'restore-failed', stage: 'restore' });
    expect(await stand.database.sql('SELECT datname FROM pg_database WHERE datname LIKE \'acci_%\'')).toBe('');
  }));

  it.concurrent('fails with a clear cause if there is nothing to back up, and leaves nothing', withDatabase(async (stand) => {
    const { store } = stand;
    const absent = await act(stand, 'backup', {}, {}, { databases: { main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'none', user: 'acci', password: 'secret/postgresql/postgres-password' } } });
    expectEnding(absent, { verdict: 'failed', cause: 'backup-failed', stage: 'preflight' });
    expect(absent.log).toContain('none');
    expect(await store.objects()).toEqual([]);
    const elsewhere = await act(stand, 'backup', {}, { to: 's3://no-such-bucket/api' });
    expectEnding(elsewhere, { verdict: 'failed', cause: 'backup-failed', stage: 'preflight' });
    expect(elsewhere.log).toContain('no-such-bucket');
  }));
});

describe('a Redis in a pod', () => {
  it.concurrent('is backed up, rehearsed, restored into the live server, and emptied if it is a cache', inSpace('backup', async (space) => {
    await grant(space, ...backupRights);
    const [server, store] = [await redis(space, data), await s3(data)];
    try {
      await server.fill(500);
      const [stand, of] = [{ space, store }, { engine: 'redis', pod: 'app.kubernetes.io/name=redis', password: 'secret/redis/redis-password' }];
      const keys = await server.dbsize();
      expectEnding(await act(stand, 'backup', {}, {}, { databases: { sessions: of } }), { verdict: 'backed-up' });
      await server.command(['FLUSHDB']);
      const drill = await act(stand, 'restore', { into: 'scratch' }, {}, { databases: { sessions: of } });
      expectEnding(drill, { verdict: 'restored' });
      expect(await server.dbsize()).toBe(0);
      const restored = await act(stand, 'restore', { confirm: '0' }, {}, { databases: { sessions: of } });
      expectEnding(restored, { verdict: 'restored' });
      expect(await server.dbsize()).toBe(keys);
      const emptied = await act(stand, 'restore', { confirm: '0' }, {}, { databases: { sessions: { ...of, cache: 'true' } } });
      expectEnding(emptied, { verdict: 'restored' });
      expect(await server.dbsize()).toBe(0);
      expectHidden(emptied, server.password);
    } finally {
      await store.stop();
    }
  }));
});
