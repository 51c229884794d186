import { describe, expect, it } from '@jest/globals';
import { copyNames } from '../../../src/data/reach/copy-names.js';
import type { CopyWish } from '../../../src/data/place.js';
import type { Pod, Service } from '../../../src/kubernetes/client/objects.js';

const pod: Pod = {
  metadata: { name: 'db-0', labels: { app: 'db', role: 'primary' } },
  spec: { hostname: 'db-0', subdomain: 'db-pods', containers: [{ name: 'postgresql', ports: [{ name: 'sql', containerPort: 5432 }, { name: 'metrics', containerPort: 9187 }] }] },
};
const service = (name: string, spec: Service['spec'], selector: Record<string, string> = { app: 'db' }): Service => ({ metadata: { name }, spec: { selector, clusterIP: '10.0.0.7', ...spec } });
const names = (services: readonly Service[], wish: Partial<CopyWish> = {}, of: Pod = pod) =>
  copyNames({ source: { pod: of, container: 'postgresql' }, namespace: 'shop', services }, { bytes: 1, serverPort: 5432, hosts: [], ...wish });
const sql = { port: 5432, targetPort: 'sql' };

describe('the names under which a workload reaches a database', () => {
  it('are those of every Service that selects its pod, and its own', () => {
    const found = names([service('db', { ports: [sql, { port: 9187, targetPort: 'metrics' }] }), service('db-pods', { clusterIP: 'None' }), service('web', { ports: [{ port: 80 }] }, { app: 'web' })]);
    expect(found.hosts).toEqual([
      'db', 'db-0.db-pods', 'db-0.db-pods.shop', 'db-0.db-pods.shop.svc', 'db-0.db-pods.shop.svc.cluster.local', 'db-pods', 'db-pods.shop', 'db-pods.shop.svc', 'db-pods.shop.svc.cluster.local',
      'db.shop', 'db.shop.svc', 'db.shop.svc.cluster.local',
    ]);
    expect([found.port, found.env]).toEqual([5432, { DB_SERVICE_HOST: '127.0.0.1', DB_PORT_5432_TCP_ADDR: '127.0.0.1' }]);
  });
  it('have the port of the Service, not that of the server', () => {
    expect(names([service('my-db', { ports: [{ port: 6000, targetPort: 5432 }] })])).toMatchObject({ port: 6000, env: { MY_DB_SERVICE_HOST: '127.0.0.1', MY_DB_PORT_6000_TCP_ADDR: '127.0.0.1' } });
  });
  it('include names that lead to one of them, and those of the settings', () => {
    const found = names([service('db', { ports: [sql] }), { metadata: { name: 'data' }, spec: { type: 'ExternalName', externalName: 'db.shop.svc.cluster.local.' } }], { hosts: ['pgbouncer'], port: 6432 });
    expect([found.hosts.includes('data.shop.svc'), found.hosts.includes('pgbouncer'), found.port]).toEqual([true, true, 6432]);
  });
  it('are not known without a Service', () => {
    const { hostname: _, ...spec } = pod.spec ?? {};
    expect(() => names([], {}, { ...pod, spec })).toThrow('No Service selects pod db-0, so it is not known by which name the workload reaches the database.');
    expect(names([], { hosts: ['db.internal.example'] }, { ...pod, spec })).toMatchObject({ hosts: ['db.internal.example'], port: 5432 });
  });
  it('have one port, or the settings say which', () => {
    const services = [service('db', { ports: [sql] }), service('db-alt', { ports: [{ port: 6000, targetPort: 5432 }] })];
    expect(() => names(services)).toThrow('The database is reached on several ports: 5432 (Service db) and 6000 (Service db-alt). A copy listens on one.');
    expect(names(services, { port: 6000 }).port).toBe(6000);
  });
});
