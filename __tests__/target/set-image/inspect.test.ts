import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import { inspect } from '../../../src/target/set-image/inspect.js';
import type { PolicyReads } from '../../../src/policy/input.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { deployment, newImage, oldImage, service, target } from '../../kubernetes/judge/build.js';
import { fakeCluster } from './fake-cluster.js';

const nothing: PolicyReads = { optionalSources: false, autoscalers: false, ingresses: false, others: [] };
const container = { name: 'app', image: oldImage, envFrom: [{ secretRef: { name: 'login', optional: true } }] };
const workload: Workload = deployment({ image: oldImage, spec: { template: { metadata: { labels: { app: 'api' } }, spec: { containers: [container, { name: 'proxy', image: 'proxy:1' }] } } } });
const api = { kind: 'deployment', name: 'api' } as const;

function look(reads: Partial<PolicyReads>, objects: Readonly<Record<string, unknown>> = {}, found = [{ ref: api, workload }]) {
  const cluster = { ...fakeCluster({ objects: objects as Readonly<Record<string, KubeObject>> }), version: 'v1.34.4' };
  const facts = { cluster, found, services: [service('api', { selector: { app: 'api' } })], store: {} as never, ledger: undefined };
  return { cluster, inspected: inspect({ ports: fakePorts() }, facts, [target()], new Map(), { ...nothing, ...reads }) };
}

describe('what policy rules look at', () => {
  it('are the workloads as they would be, each once, without a request', async () => {
    const { cluster, inspected } = look({}, {}, [{ ref: { ...api, container: 'app' } as never, workload }, { ref: api, workload }]);
    const { objects, selectors, clusterVersion } = await inspected;
    expect(objects).toMatchObject([{
      subject: 'deployment/api', form: 'kubernetes', origin: { kind: 'cluster' }, deployed: new Set(['app']),
      object: { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec: { containers: [{ name: 'app', image: newImage }, { name: 'proxy', image: 'proxy:1' }] } } } },
    }]);
    expect([selectors, clusterVersion, cluster.done]).toEqual([[{ app: 'api' }], 'v1.34.4', []]);
    // What was read from the cluster is not changed.
    expect(workload.spec?.template?.spec?.containers?.[0]?.image).toBe(oldImage);
  });
  it('of a Secret are the names of its keys alone', async () => {
    const { inspected } = look({ optionalSources: true }, { '/api/v1/namespaces/web/secrets/login': { kind: 'Secret', data: { token: 'aHVudGVyMjI=' } } });
    const { sources } = await inspected;
    expect([...sources]).toEqual([['Secret/login', { state: 'read', values: { token: undefined } }]]);
  });
});

describe('the certificates of Ingresses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ingress-test-'));
  let cert = '';
  beforeAll(() => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '9', '-subj', '/CN=a', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    cert = readFileSync(join(folder, 'cert'), 'utf8');
    rmSync(folder, { recursive: true });
  });
  const ingress = (name: string, backend: string, secretName: string) => ({
    metadata: { name }, spec: { tls: [{ secretName }, {}], rules: [{ http: { paths: [{ backend: { service: { name: backend } } }, {}] } }, {}] },
  });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const path = (kind: string, name = '') => (kind === 'ingresses' ? '/apis/networking.k8s.io/v1/namespaces/web/ingresses' : `/api/v1/namespaces/web/secrets/${name}`);

  it('are read of those that lead to the workloads', async () => {
    const items = [ingress('api', 'api', 'api-tls'), ingress('other', 'other', 'other-tls'), ingress('new', 'api', 'not-there'), ingress('odd', 'api', 'odd-tls')];
    const { cluster, inspected } = look({ ingresses: true }, {
      [path('ingresses')]: { items }, [path('secrets', 'api-tls')]: { data: { 'tls.crt': base64(cert), 'tls.key': 'x' } }, [path('secrets', 'odd-tls')]: { data: { 'tls.crt': base64('odd') } },
    });
    const { certificates, notes } = await inspected;
    const { validFrom, validTo } = new X509Certificate(cert);
    expect(certificates).toEqual([{ subject: 'ingress/api', of: 'the Secret api-tls', startsAt: Date.parse(validFrom), expiresAt: Date.parse(validTo) }]);
    expect(notes.map(({ text }) => text)).toEqual([
      'The Secret not-there of Ingress new does not exist, so the policy rule `certificates` cannot check it.', 'The Secret odd-tls of Ingress odd holds no certificate, so the policy rule `certificates` cannot check it.',
    ]);
    expect(cluster.done).not.toContain(`GET ${path('secrets', 'other-tls')}`);
  });
  it('are left out with a note where the account is not allowed to', async () => {
    const { cluster, inspected } = look({});
    await inspected;
    cluster.troubles.push({ method: 'GET', trouble: new ApiError(403, 'Forbidden', 'no') });
    const facts = { cluster, found: [], services: [], store: {} as never, ledger: undefined };
    expect((await inspect({ ports: fakePorts() }, facts, [], new Map(), { ...nothing, ingresses: true })).notes).toEqual([{
      rule: 'certificates', text: 'The account is not allowed to list Ingresses and get Secrets, so the policy rule `certificates` does not check the certificates of Ingresses.',
    }]);
  });
});
