import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';
import { faultProxy, type FaultProxy } from './harness/api-fault-proxy.js';
import { closeApi, type Any } from './harness/api.js';
import { inSpace, startHealthy } from './harness/app.js';
import { accountFor } from './harness/data/account.js';
import { lab } from './harness/data/lab.js';
import { postgres } from './harness/data/postgres.js';
import { expectEnding } from './harness/ending.js';
import { root } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { rightOf } from './harness/right-of.js';
import { runAction } from './harness/run-action.js';

jest.setTimeout(600_000);
afterAll(() => {
  closeApi();
  closeImages();
});
const data = await lab();

/** What a Role of docs/rbac-backup.yaml allows, a verb and a resource each. */
function grantedTo(name: string): readonly string[] {
  const role = parseAllDocuments(readFileSync(join(root, 'docs/rbac-backup.yaml'), 'utf8')).map((document) => document.toJS() as Any).find(({ kind, metadata }) => kind === 'Role' && metadata.name === name);
  return role.rules.flatMap(({ apiGroups, resources, verbs }: Any) =>
    apiGroups.flatMap((group: string) => resources.flatMap((resource: string) => verbs.map((verb: string) => `${verb} ${group === '' ? '' : `${group}/`}${resource}`)))).sort();
}

/** For kubectl before version 1.31, which does not know WebSockets, and servers from 1.35 on, which want it for these too. */
const forOtherVersions = ['create pods/exec'];
/** After a request for a Job without an answer. */
const forFaults = ['get batch/jobs'];
/** The lock exists after the first run; the others of these are for one that is held by another run. */
const forLocks = ['create', 'update', 'watch'].map((verb) => `${verb} coordination.k8s.io/leases`);
/** Whether nodes count their disk is not known without it. */
const optional = ['GET /api/v1/nodes/sandbox'];
const unused = [...forOtherVersions, ...forFaults, ...forLocks];
const expectedOf = (name: string): readonly string[] => grantedTo(name).filter((right) => !unused.includes(right));

const usedIn = ({ requests }: FaultProxy): readonly string[] => {
  const answered = requests.filter(({ status }) => status !== undefined && status !== 401 && status !== 403);
  return [...new Set(answered.flatMap((request) => rightOf(request) ?? []))].filter((right) => !forLocks.includes(right)).sort();
};
const refusedIn = ({ requests }: FaultProxy): readonly string[] =>
  [...new Set(requests.filter(({ status }) => status === 403).flatMap(({ method, path }) => rightOf({ method, path }) ?? `${method} ${path}`))].sort();

describe('the documented Roles for backups', () => {
  it('are made use of to the last verb, and are enough', inSpace('rights', async (space) => {
    const database = await postgres(space, data);
    await database.fill({ rows: 300 });
    const web = await startHealthy(space);
    await startHealthy(space, { kind: 'CronJob', name: 'nightly' });
    await startHealthy(space, { kind: 'StatefulSet', name: 'db' });
    const folder = mkdtempSync(join(tmpdir(), 'data-rights-'));
    writeFileSync(join(folder, 'deploy.yml'), stringify({
      app: 'hello', namespace: space.name,
      databases: { main: { engine: 'postgres', pod: 'app.kubernetes.io/name=postgresql', database: 'app', password: 'secret/postgresql/postgres-password' } },
      backup: { to: join(folder, 'backups') }, workloads: ['deployment/web', 'statefulset/db', 'cronjob/nightly'], image: web.name,
    }));
    const [backup, restore] = [await faultProxy({ ...space, ...await accountFor(space, 'backup') }), await faultProxy({ ...space, ...await accountFor(space, 'restore') })];
    const inputs = { config: 'deploy.yml' };
    try {
      expectEnding(await runAction({ action: 'backup', workspace: folder, inputs: { ...inputs, kubeconfig: backup.kubeconfig } }), { verdict: 'backed-up' });
      expectEnding(await runAction({ action: 'restore', workspace: folder, inputs: { ...inputs, kubeconfig: backup.kubeconfig, into: 'scratch' } }), { verdict: 'restored' });
      expect([usedIn(backup), refusedIn(backup)]).toEqual([expectedOf('backup'), optional]);

      const before = await database.contents();
      await database.sql('TRUNCATE sales.customer CASCADE');
      const smoke = 'service/web/ -> 200 contains v1';
      expectEnding(await runAction({ action: 'restore', workspace: folder, inputs: { ...inputs, kubeconfig: restore.kubeconfig, confirm: 'app', smoke } }), { verdict: 'restored' });
      expect(await database.contents()).toEqual(before);
      expect([usedIn(restore), refusedIn(restore)]).toEqual([expectedOf('restore'), []]);

      // Its process is killed while the app is stopped: the post step starts the app again.
      const { spec } = await space.get('Deployment', 'web');
      const killed = await runAction({
        action: 'restore', workspace: folder, inputs: { ...inputs, kubeconfig: restore.kubeconfig, confirm: 'app' },
        signals: { when: space.until('Deployment', 'web', 'stopped', (web) => web.spec.replicas === 0, 120_000), send: [{ signal: 'SIGKILL', afterMs: 0 }] },
      });
      expect([killed.signal, killed.post?.exitCode, killed.post?.log]).toEqual(['SIGKILL', 0, expect.stringContaining('deployment/web is started again')]);
      const after = await space.get('Deployment', 'web');
      expect([after.spec.replicas, after.metadata.annotations?.['deploy-action/fenced'], await database.contents()]).toEqual([spec.replicas, undefined, before]);
    } finally {
      await backup.close();
      await restore.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }));
});
