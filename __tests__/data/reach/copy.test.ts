import { describe, expect, it } from '@jest/globals';
import { copySidecar, ownAddresses } from '../../../src/data/reach/copy-object.js';
import { besideCommand } from '../../../src/data/reach/copy.js';
import type { DataContext } from '../../../src/data/engine.js';
import type { Cluster } from '../../../src/kubernetes/client/cluster.js';
import type { Pod } from '../../../src/kubernetes/client/objects.js';
import { fakePlace, psqlOf, fakeContext } from '../postgres/fake-place.js';

const source = (resources?: object): { readonly pod: Pod; readonly container: string } => ({
  container: 'postgresql', pod: { metadata: { name: 'db-0' }, spec: { imagePullSecrets: [{ name: 'data' }], containers: [{ name: 'postgresql', image: 'postgres:15', ...resources && { resources } }] } },
});
const names = { hosts: ['db', 'db.shop'], port: 5432, env: {} };
const made = (resources?: object, requestsDisk = true) =>
  copySidecar({ source: source(resources), image: 'postgres@sha256:1', owner: { user: 999, group: 998 }, bytes: 1024 ** 3, requestsDisk, names, addresses: ['127.0.0.1', '::1'], timeoutMs: 600_000 });

describe('the container of a copy', () => {
  it('is a sidecar that nobody outside of its pod reaches, with as few permissions as possible', () => {
    const { container, volumes, hostAliases, imagePullSecrets } = made();
    expect(container).toMatchObject({
      restartPolicy: 'Always', image: 'postgres@sha256:1', startupProbe: { exec: { command: ['test', '-e', '/scratch/ready'] }, failureThreshold: 600 },
      securityContext: { runAsNonRoot: true, runAsUser: 999, runAsGroup: 998, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect([container.ports, container.envFrom, container.env?.map(({ name }) => name)]).toEqual([undefined, undefined, ['TMPDIR']]);
    // The token of the account of the workload is not mounted over this.
    expect(container.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(['/scratch', '/var/run/secrets/kubernetes.io/serviceaccount']);
    expect([volumes.map(({ emptyDir }) => emptyDir?.sizeLimit), imagePullSecrets]).toEqual([['5Gi', '1Mi'], [{ name: 'data' }]]);
    expect(hostAliases).toEqual([{ ip: '127.0.0.1', hostnames: ['db', 'db.shop'] }, { ip: '::1', hostnames: ['db', 'db.shop'] }]);
  });
  it('has the resources of the database', () => {
    expect(made({ requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '4Gi' } }).container.resources).toEqual({ requests: { 'cpu': '1', 'memory': '2Gi', 'ephemeral-storage': '5Gi' }, limits: { 'memory': '4Gi', 'ephemeral-storage': '5Gi' } });
    expect(made({ limits: { memory: '4Gi' } }, false).container.resources).toEqual({ requests: { memory: '4Gi' }, limits: { memory: '4Gi' } });
    expect(made(undefined, false).container.resources).toEqual({ requests: { cpu: '250m', memory: '512Mi' }, limits: {} });
  });
  it('has an address of IPv6 where the database has one', () => {
    expect([ownAddresses({ status: { podIPs: [{ ip: '10.0.0.1' }] } }), ownAddresses({ status: { podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } })]).toEqual([['127.0.0.1'], ['127.0.0.1', '::1']]);
  });
});

describe('a place for a copy', () => {
  const open = (version: string, image?: string): Promise<unknown> => {
    const { image: _, ...place } = fakePlace(psqlOf());
    const cluster = { version, namespace: 'shop', api: { get: async () => ({ items: [] }) } } as unknown as Cluster;
    const wish = { bytes: 1, serverPort: 5432, hosts: ['db'] };
    const of = { ...source(), place: { ...place, ...image !== undefined && { image } } };
    return besideCommand(fakeContext() as DataContext, cluster, of, wish, new AbortController().signal);
  };
  it('needs sidecars among the init containers', async () => {
    await expect(open('v1.28.4', 'postgres:15')).rejects.toMatchObject({ code: 'config-invalid', message: 'A rehearsal of the migration needs Kubernetes 1.29 or later, and the cluster has v1.28.4: the copy of the database runs as a sidecar.' });
  });
  it('needs the image of the database', async () => {
    await expect(open('v1.34.1+k3s1')).rejects.toThrow('The image of container db of pod db-0 is not known, so no copy of the database can run with it.');
  });
});
