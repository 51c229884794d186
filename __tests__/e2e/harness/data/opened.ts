import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataContext, Dump, DumpFacts, Login } from '../../../../src/data/engine.js';
import { postgres as engine } from '../../../../src/data/postgres/engine.js';
import type { Reach } from '../../../../src/data/place.js';
import { podReach } from '../../../../src/data/reach/pod.js';
import { openCluster, type Cluster } from '../../../../src/kubernetes/client/cluster.js';
import type { Spool } from '../../../../src/ports/disk.js';
import type { Space } from '../namespace.js';
import type { Postgres } from './postgres.js';
import { newSpool } from './ports.js';

/** What the account `deployer` needs besides the Role of the deployment. */
export const dataRole = {
  apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'backup' },
  rules: [
    { apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] },
    { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
  ],
};

export const dataBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name: 'backup' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'backup' }, subjects: [{ kind: 'ServiceAccount', name: 'deployer' }],
};

/** The cluster as the deployer reaches it. Whoever opens it closes it. */
export async function clusterOf(space: Space, context: DataContext): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'acci-test-'));
  return openCluster(context.ports, { kubeconfig: { path: space.kubeconfig }, namespace: space.name }, folder);
}

export interface OpenPostgres {
  readonly context: DataContext;
  readonly cluster: Cluster;
  readonly reach: Reach;
  readonly login: Login;
}

export async function reachOf(space: Space, database: Postgres, context: DataContext, more: { readonly database?: string } = {}): Promise<OpenPostgres> {
  const cluster = await clusterOf(space, context);
  const login: Login = { database: more.database ?? database.database, user: database.user, password: database.password };
  try {
    const reach = await podReach(context, cluster, { selector: `app=${database.name}` }, (place) => engine.isPrimary(context, place, { ...login, database: 'postgres' }));
    return { context, cluster, reach, login };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

export async function spooled(dump: Dump): Promise<{ readonly spool: Spool; readonly facts: DumpFacts }> {
  const spool = await newSpool();
  await spool.append(dump.pieces);
  return { spool, facts: await dump.facts() };
}
