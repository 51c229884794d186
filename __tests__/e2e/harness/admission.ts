import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { call, pathOf, type Any } from './api.js';
import { eventually } from './environment.js';
import type { Space } from './namespace.js';
import { deployment } from './workloads.js';

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

/** What a mutating webhook makes of each image of a Deployment, StatefulSet or DaemonSet of the namespace; unchanged where it is the same. */
export async function rewriteImages(space: Space, rewrite: (image: string) => string): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-webhook-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate,
  ], { stdio: 'ignore' });
  const server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    void text(request).then((body) => {
      const { request: { uid, object } } = JSON.parse(body) as Any;
      const patch = object.spec.template.spec.containers.flatMap(({ image }: Any, index: number) =>
        (rewrite(image) === image ? [] : [{ op: 'replace', path: `/spec/template/spec/containers/${index}/image`, value: rewrite(image) }]));
      const answer = { uid, allowed: true, ...(patch.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }) };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const path = `${admission}/mutatingwebhookconfigurations`;
  await call('POST', path, {
    apiVersion: group, kind: 'MutatingWebhookConfiguration', metadata: { name: space.name },
    webhooks: [{
      name: 'rewrite.example.com', clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: readFileSync(certificate).toString('base64') },
      namespaceSelector: onlyIn(space), timeoutSeconds: 5, failurePolicy: 'Fail', sideEffects: 'None', admissionReviewVersions: ['v1'],
      rules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments', 'statefulsets', 'daemonsets'] }],
    }],
  });
  const tried = 'registry.example/tried:1';
  const probe = deployment('tried', { image: tried });
  if (rewrite(tried) !== tried) {
    await eventually('the webhook rewrites', async () => {
      const created = await call('POST', `${pathOf('Deployment', space.name)}?dryRun=All`, probe).catch(() => undefined);
      return created?.spec.template.spec.containers[0].image === rewrite(tried);
    });
  }
  return async () => {
    await call('DELETE', `${path}/${space.name}`).catch(() => undefined);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    rmSync(folder, { recursive: true, force: true });
  };
}
