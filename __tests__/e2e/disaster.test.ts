import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { closeApi, type Any } from './harness/api.js';
import { calm, inSpace, variant } from './harness/app.js';
import { lab, type Lab } from './harness/data/lab.js';
import { postgresObjects } from './harness/data/postgres.js';
import { redisObjects } from './harness/data/redis.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { namespace, type Space } from './harness/namespace.js';
import { grant } from './harness/rights.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { cronjob, deployment, service } from './harness/workloads.js';

jest.setTimeout(1_200_000);
afterAll(() => {
  closeApi();
  closeImages();
});
const data: Lab = await lab();

const rows = 200;
const all = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };

/** An app that reads both databases when it starts, and cannot become ready without them. */
async function appObjects(): Promise<readonly Any[]> {
  const image = await variant('v1', calm);
  const reading = (name: string, of: string, command: string, env: Any): Any => ({
    name, image: of, command: ['sh', '-c', `until ${command} > /state/${name}; do sleep 1; done`], env: [env], volumeMounts: [{ name: 'state', mountPath: '/state' }],
  });
  const secret = (name: string, of: string, key: string): Any => ({ name, valueFrom: { secretKeyRef: { name: of, key } } });
  return [
    service('web'),
    deployment('web', {
      image: image.reference, replicas: 2, container: { volumeMounts: [{ name: 'state', mountPath: '/state' }] },
      pod: {
        // The sandbox has no DNS.
        enableServiceLinks: true, volumes: [{ name: 'state', emptyDir: {} }],
        initContainers: [
          reading('customers', data.postgres.image, 'psql -At -h "$POSTGRESQL_SERVICE_HOST" -U acci -c "SELECT \'customers=\' || count(*) FROM sales.customer" acci', secret('PGPASSWORD', 'postgresql', 'postgres-password')),
          reading('sessions', data.redis.image, 'redis-cli -e -h "$REDIS_SERVICE_HOST" dbsize', secret('REDISCLI_AUTH', 'redis', 'redis-password')),
        ],
      },
    }),
    cronjob('nightly', { image: image.reference }),
  ];
}

interface Stand {
  readonly folder: string;
  readonly database: ReturnType<typeof postgresObjects>;
  readonly sessions: ReturnType<typeof redisObjects>;
  readonly identity: string;
  act(action: 'backup' | 'restore', space: Space, inputs?: Record<string, string>, changes?: Any, identity?: string): Promise<ActionResult>;
  write(file: string, objects: readonly Any[]): void;
}

async function stand(): Promise<Stand> {
  const folder = mkdtempSync(join(tmpdir(), 'disaster-'));
  const [database, sessions] = [postgresObjects(data, { database: 'acci', user: 'acci' }), redisObjects(data)];
  const identity = await generateIdentity();
  const redis = { engine: 'redis', pod: 'app.kubernetes.io/name=redis', password: 'secret/redis/redis-password' };
  const settings = {
    app: 'api', workloads: ['deployment/web'], smoke: [`service/web/state/customers -> 200 contains customers=${rows + 2}`, 'service/web/state/sessions -> 200 contains 57'],
    databases: {
      main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'acci', user: 'acci', password: 'secret/postgresql/postgres-password' },
      sessions: redis, cache: { ...redis, database: '1', cache: true },
    },
    backup: { to: join(folder, 'backups'), recipients: [await identityToRecipient(identity)], identity: 'env:IDENTITY', rpo: '6h' },
    disaster: { objects: ['k8s'] },
  };
  mkdirSync(join(folder, 'k8s'));
  mkdirSync(join(folder, '.github'));
  const write = (file: string, objects: readonly Any[]): void =>
    writeFileSync(join(folder, 'k8s', file), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  write('postgresql.json', database.objects);
  write('redis.json', sessions.objects);
  write('web.json', await appObjects());
  return {
    folder, database, sessions, identity, write,
    act: (action, space, inputs = {}, changes = {}, key = identity) => {
      writeFileSync(join(folder, '.github/deploy.yml'), JSON.stringify({ ...settings, ...changes }));
      const given = { kubeconfig: space.kubeconfig, namespace: space.name, ...inputs };
      return runAction({ action, workspace: folder, inputs: given, env: { IDENTITY: key }, withinMs: 480_000 });
    },
  };
}

/** The file of the dump of a database in the store. */
function dumpOf(folder: string, database: string): string {
  const under = join(folder, 'backups', database);
  const [backup = ''] = readdirSync(under);
  return join(under, backup, readdirSync(join(under, backup)).find((name) => !/^(?:manifest|roles)/.test(name)) ?? '');
}

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 50] = (bytes[bytes.length - 50] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

/** What is lost. */
async function source({ database, sessions, act }: Stand): Promise<Readonly<Record<string, string>>> {
  const space = await namespace('lost');
  try {
    await grant(space, all);
    await space.apply(...database.objects, ...sessions.objects);
    await Promise.all([space.rolledOut('StatefulSet', 'postgresql'), space.rolledOut('Deployment', 'redis')]);
    await database.open(space).fill({ tables: 1, rows });
    await sessions.open(space).fill(50);
    expectEnding(await act('backup', space, { database: 'main,sessions' }), { verdict: 'backed-up' });
    return await database.open(space).contents();
  } finally {
    await space.dispose();
  }
}

describe('a recovery after a disaster', () => {
  it('walks the whole way into an empty namespace, stops where it must, and continues', inSpace('disaster', async (space) => {
    const stood = await stand();
    const { act, folder, database, sessions } = stood;
    try {
      const before = await source(stood);
      await grant(space, all);
      const disaster = { disaster: 'true' };

      // Everything that is wrong, before anything is touched.
      const reports = { reports: { engine: 'postgres', pod: 'app=postgresql', database: 'reports' } };
      const checked = await act('restore', space, disaster, { databases: { ...reports, main: { engine: 'postgres', pod: 'app=postgresql', database: 'acci' } } }, await generateIdentity());
      expectEnding(checked, { verdict: 'failed', cause: 'restore-failed', stage: 'preflight' });
      expectTold(checked, 'has no backup of reports', 'None of the private keys in `backup.identity` is that of a recipient of the backup');
      expect([await space.list('Secret'), await space.list('StatefulSet')]).toEqual([[], []]);

      const planned = await act('restore', space, { ...disaster, 'dry-run': 'true' });
      expectEnding(planned, { verdict: 'planned' });
      expect(planned.log).toMatch(/\$ kubectl .*apply --filename=k8s\n.*\$ kubectl .*scale deployment\/web --replicas=0/);

      // Objects that the server does not accept.
      stood.write('broken.json', [{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'broken' }, spec: { ports: [{ port: 99_999 }] } }]);
      const refused = await act('restore', space, disaster);
      expectEnding(refused, { verdict: 'failed', cause: 'restore-failed', stage: 'restore' });
      expect(refused.log).toContain('The objects could not be applied: The Service "broken" is invalid');
      rmSync(join(folder, 'k8s/broken.json'));

      // The second database cannot be restored.
      flip(dumpOf(folder, 'sessions'));
      const broken = await act('restore', space, disaster);
      expectEnding(broken, { verdict: 'failed', cause: 'restore-failed', stage: 'restore' });
      expect(broken.report.data.recovery.steps.map(({ label, result }: Any) => `${label}: ${result}`)).toEqual([
        'objects: done', 'databases: done', 'restore main: done', 'restore sessions: failed', 'empty cache: not reached', 'app: not reached', 'checks: not reached',
      ]);
      expect(broken.summary).toContain('# restore sessions\ndeploy-action restore --database sessions --backup ');
      expect([await space.list('Deployment').then((found) => found.map(({ metadata }) => metadata.name)), await space.list('CronJob')]).toEqual([['redis'], []]);
      flip(dumpOf(folder, 'sessions'));

      // A living system is not overwritten by accident: that of another recovery is.
      const kept = (): Promise<string> => database.open(space).sql('SELECT count(*) FROM pg_database WHERE datname LIKE \'acci_pre_restore_%\'');
      const recovered = await act('restore', space, disaster);
      expectEnding(recovered, { verdict: 'restored' });
      expect([await database.open(space).contents(), await sessions.open(space).dbsize(0), await kept()]).toEqual([before, 57, '1']);
      expect([(await space.get('Deployment', 'web')).status.readyReplicas, (await space.get('CronJob', 'nightly')).spec.suspend]).toEqual([2, false]);
      expect(recovered.report.data.recovery).toMatchObject({ continued: true, rtoLimitMs: 3_600_000, rpoLimitMs: 21_600_000 });
      expect(Number(recovered.outputs['rto-seconds']) * 1000).toBeGreaterThan(recovered.report.durationMs - 1000);
      expect(Number(recovered.outputs['rpo-seconds'])).toBeGreaterThan(0);
      expect(recovered.summary).toMatch(/\| 3 \| restore `\S+` into `main`, and compare it \| ✓ done \|/);
      for (const secret of [stood.identity, database.open(space).password]) expectHidden(recovered, secret);

      const again = await act('restore', space, disaster);
      expectEnding(again, { verdict: 'failed', cause: 'config-invalid', stage: 'preflight' });
      expect(again.log).toMatch(/The database main is not empty: it has \d+ tables with data/);
      expect(again.log).toContain('The database sessions is not empty: it has 57 keys');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }));
});
