import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import { administrator, ApiFailure, call, pathOf, type Any } from './api.js';
import { eventually, root } from './environment.js';

/** A namespace of one test, with the account that deploys into it under the documented Role. */
export interface Space {
  readonly name: string;
  /** Path of a kubeconfig of the account `deployer`: it can do what docs/rbac.yaml says, and nothing else. */
  readonly kubeconfig: string;
  readonly token: string;
  /** Server-side apply of each object. */
  apply(...objects: readonly Any[]): Promise<void>;
  /** Undefined when there is none of that name. */
  get(kind: string, name: string): Promise<Any>;
  list(kind: string, labelSelector?: string): Promise<Any[]>;
  /** Merge patch, as somebody else. */
  patch(kind: string, name: string, change: Any): Promise<Any>;
  remove(kind: string, name: string): Promise<void>;
  /** The object, once the condition holds. */
  until(kind: string, name: string, what: string, holds: (object: Any) => unknown, withinMs?: number): Promise<Any>;
  /** Resolves when the workload's controller has finished its rollout. */
  rolledOut(kind: string, name: string, withinMs?: number): Promise<Any>;
  /** Starts to delete everything; does not wait for it. */
  dispose(): Promise<void>;
}

/** Creates a namespace with the Role of docs/rbac.yaml in it. */
export async function namespace(label = 'test'): Promise<Space> {
  const name = `e2e-${label}-${randomBytes(3).toString('hex')}`;
  await call('POST', '/api/v1/namespaces', { metadata: { name, labels: { 'e2e-test': label } } });
  const folder = mkdtempSync(join(tmpdir(), 'deploy-e2e-'));
  const space = objectsOf(name);
  await space.apply(...documents(readFileSync(join(root, 'docs/rbac.yaml'), 'utf8')));
  const request = await call('POST', `${pathOf('ServiceAccount', name, 'deployer')}/token`, {
    apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 },
  });
  const token = request.status.token as string;
  const kubeconfig = join(folder, 'kubeconfig');
  const { access } = administrator();
  writeFileSync(kubeconfig, kubeconfigOf({ server: access.server.href, ca: access.ca, token, namespace: name }), { mode: 0o600 });
  // Pods are refused until the controller has made the namespace's default account.
  await eventually('the default service account', () => space.get('ServiceAccount', 'default'));
  return {
    ...space, name, kubeconfig, token,
    dispose: async () => {
      rmSync(folder, { recursive: true, force: true });
      await call('DELETE', `/api/v1/namespaces/${name}`).catch(() => undefined);
    },
  };
}

type Objects = Omit<Space, 'name' | 'kubeconfig' | 'token' | 'dispose'>;

function objectsOf(namespaceName: string): Objects {
  const get = async (kind: string, name: string): Promise<Any> => {
    try {
      return await call('GET', pathOf(kind, namespaceName, name));
    } catch (error) {
      if (error instanceof ApiFailure && error.status === 404) return undefined;
      throw error;
    }
  };
  const until: Space['until'] = (kind, name, what, holds, withinMs = 120_000) => {
    let last: Any;
    return eventually(`${kind}/${name} ${what}`, async () => {
      last = await get(kind, name);
      return last !== undefined && holds(last) ? last : undefined;
    }, withinMs, () => last?.status);
  };
  return {
    get, until,
    apply: async (...objects) => {
      for (const object of objects) {
        const path = `${pathOf(object.kind, namespaceName, object.metadata.name)}?fieldManager=e2e&force=true`;
        await call('PATCH', path, object, 'application/apply-patch+yaml');
      }
    },
    list: async (kind, labelSelector) => {
      const query = labelSelector ? `?labelSelector=${encodeURIComponent(labelSelector)}` : '';
      const answer = await call('GET', `${pathOf(kind, namespaceName)}${query}`);
      return answer.items.map((item: Any) => ({ kind, ...item }));
    },
    patch: (kind, name, change) => call('PATCH', pathOf(kind, namespaceName, name), change, 'application/merge-patch+json'),
    remove: async (kind, name) => {
      await call('DELETE', pathOf(kind, namespaceName, name));
    },
    rolledOut: (kind, name, withinMs) => until(kind, name, 'is rolled out', isRolledOut, withinMs),
  };
}

/** As `kubectl rollout status` decides it. */
export function isRolledOut({ kind, metadata, spec, status }: Any): boolean {
  if (!status || (status.observedGeneration ?? 0) < metadata.generation) return false;
  if (kind === 'DaemonSet') {
    const wanted = status.desiredNumberScheduled;
    return wanted > 0 && status.updatedNumberScheduled === wanted && status.numberAvailable === wanted;
  }
  const wanted = spec.replicas;
  if (kind === 'StatefulSet') return status.readyReplicas === wanted && status.updateRevision === status.currentRevision;
  return status.replicas === wanted && status.updatedReplicas === wanted && status.availableReplicas === wanted;
}

function documents(yaml: string): Any[] {
  return parseAllDocuments(yaml).map((document) => document.toJS());
}

/** A kubeconfig for one account, as text. */
export function kubeconfigOf(of: { server: string; ca?: Buffer; token?: string; namespace: string }): string {
  return JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'test', preferences: {},
    clusters: [{ name: 'test', cluster: { server: of.server, ...(of.ca ? { 'certificate-authority-data': of.ca.toString('base64') } : {}) } }],
    users: [{ name: 'deployer', user: of.token ? { token: of.token } : {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'deployer', namespace: of.namespace } }],
  });
}
