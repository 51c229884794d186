import { createServer, type AddressInfo, type Socket } from 'node:net';
import { call, pathOf } from './api.js';
import { eventually } from './environment.js';
import type { Space } from './namespace.js';

const admission = '/apis/admissionregistration.k8s.io/v1';
const group = 'admissionregistration.k8s.io/v1';

const onlyIn = (space: Space) => ({ matchLabels: { 'kubernetes.io/metadata.name': space.name } });

/** Lets no new pod of this image into the namespace, in these words. Returns what removes the policy. */
export async function refusePods(space: Space, image: string, message: string): Promise<() => Promise<void>> {
  const { name } = space;
  await call('POST', `${admission}/validatingadmissionpolicies`, {
    apiVersion: group, kind: 'ValidatingAdmissionPolicy', metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { namespaceSelector: onlyIn(space), resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] },
      validations: [{ expression: `object.spec.containers.all(c, c.image != '${image}')`, message }],
    },
  });
  await call('POST', `${admission}/validatingadmissionpolicybindings`, {
    apiVersion: group, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'], matchResources: { namespaceSelector: onlyIn(space) } },
  });
  await eventually('the policy holds', () => isRefused(space, image));
  return async () => {
    await call('DELETE', `${admission}/validatingadmissionpolicybindings/${name}`).catch(() => undefined);
    await call('DELETE', `${admission}/validatingadmissionpolicies/${name}`).catch(() => undefined);
  };
}

/** What a webhook is asked about, and whether the API server refuses it now because of that. */
export interface Guarded {
  readonly rule: Readonly<Record<'apiGroups' | 'apiVersions' | 'operations' | 'resources', readonly string[]>>;
  readonly isRefused: (space: Space) => Promise<boolean>;
}

export const newPods: Guarded = {
  rule: { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
  isRefused: (space) => isRefused(space, 'registry.example/any:1'),
};

export const changedDeployments: Guarded = {
  rule: { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] },
  isRefused: async (space) => {
    const [any] = await space.list('Deployment');
    const change = { metadata: { annotations: { 'example.com/tried': 'yes' } } };
    return call('PATCH', `${pathOf('Deployment', space.name, any.metadata.name)}?dryRun=All`, change, 'application/merge-patch+json').then(() => false, () => true);
  },
};

/** A webhook, for new pods of the namespace unless told otherwise, that takes the connection and never answers; `failurePolicy: Fail`. */
export async function silentWebhook(space: Space, guarded: Guarded = newPods): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const path = `${admission}/validatingwebhookconfigurations`;
  await call('POST', path, {
    apiVersion: group, kind: 'ValidatingWebhookConfiguration', metadata: { name: space.name },
    webhooks: [{
      name: 'guard.example.com', clientConfig: { url: `https://127.0.0.1:${port}/` }, namespaceSelector: onlyIn(space), timeoutSeconds: 1,
      rules: [guarded.rule],
      failurePolicy: 'Fail', sideEffects: 'None', admissionReviewVersions: ['v1'],
    }],
  });
  await eventually('the webhook is asked', () => guarded.isRefused(space));
  return async () => {
    await call('DELETE', `${path}/${space.name}`).catch(() => undefined);
    sockets.forEach((socket) => socket.destroy());
    await new Promise((done) => server.close(done));
  };
}

const isRefused = (space: Space, image: string): Promise<boolean> =>
  call('POST', `${pathOf('Pod', space.name)}?dryRun=All`, { metadata: { name: 'tried' }, spec: { containers: [{ name: 'tried', image }] } }).then(() => false, () => true);
