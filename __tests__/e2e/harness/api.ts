import { readFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { parse } from 'yaml';
import { environment } from './environment.js';

/** Any object of the cluster; tests look where they like. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Any = any;

/** How the kubeconfig's current context reaches the API server. */
export interface Access {
  readonly server: URL;
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly token: string | undefined;
}

export class ApiFailure extends Error {
  constructor(readonly status: number, readonly reason: string, message: string) {
    super(`${status} ${reason}: ${message}`);
  }
}

/** Reads a kubeconfig with a token or a client certificate, which is what the sandbox writes. */
export function readAccess(path: string): Access {
  const config = parse(readFileSync(path, 'utf8')) as Any;
  const context = config.contexts.find((c: Any) => c.name === config['current-context']).context;
  const cluster = config.clusters.find((c: Any) => c.name === context.cluster).cluster;
  const user = config.users.find((u: Any) => u.name === context.user).user;
  const bytes = (of: Any, name: string): Buffer | undefined => {
    if (of[`${name}-data`]) return Buffer.from(of[`${name}-data`], 'base64');
    return of[name] ? readFileSync(of[name]) : undefined;
  };
  return {
    server: new URL(cluster.server),
    ca: bytes(cluster, 'certificate-authority'),
    cert: bytes(user, 'client-certificate'),
    key: bytes(user, 'client-key'),
    token: user.token,
  };
}

let admin: { access: Access; agent: Agent } | undefined;

/** The sandbox's administrator, with whom the harness itself works. */
export function administrator(): { access: Access; agent: Agent } {
  const access = admin?.access ?? readAccess(environment().kubeconfig);
  admin ??= { access, agent: new Agent({ keepAlive: true, ca: access.ca, cert: access.cert, key: access.key, maxSockets: 64 }) };
  return admin;
}

/** Closes the idle connections, so that the test process can end. */
export function closeApi(): void {
  admin?.agent.destroy();
  admin = undefined;
}

function options(method: string, path: string, contentType?: string): RequestOptions {
  const { access, agent } = administrator();
  return {
    agent, method, path, host: access.server.hostname, port: access.server.port,
    headers: {
      accept: 'application/json',
      ...(access.token ? { authorization: `Bearer ${access.token}` } : {}),
      ...(contentType ? { 'content-type': contentType } : {}),
    },
  };
}

/** One request as administrator. Resolves with the answer's JSON; rejects with ApiFailure for a status of 400 or more. */
export function call(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Any> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options(method, path, body === undefined ? undefined : contentType), (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const json = answer.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text;
        if ((answer.statusCode ?? 0) < 400) resolve(json);
        else reject(new ApiFailure(answer.statusCode ?? 0, json.reason ?? '', json.message ?? `${method} ${path}: ${text}`));
      });
    });
    outgoing.setTimeout(30_000, () => outgoing.destroy(new Error(`${method} ${path}: no answer within 30 s`)));
    outgoing.on('error', (error) => (wasIdle(outgoing, error) ? resolve(call(method, path, body, contentType)) : reject(error)));
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * Whether the server closed a kept connection in the moment in which it was used again: then it has not read the request.
 * https://nodejs.org/api/http.html#requestreusedsocket
 */
export const wasIdle = (outgoing: ClientRequest, error: Error): boolean =>
  outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';

/** Follows a collection from now on; each event is handed over as it comes. Returns what stops it. */
export function watch(path: string, onEvent: (type: string, object: Any) => void): () => void {
  const outgoing = httpsRequest(options('GET', `${path}${path.includes('?') ? '&' : '?'}watch=true&allowWatchBookmarks=false`), (answer) => {
    let rest = '';
    answer.setEncoding('utf8');
    answer.on('error', () => undefined);
    answer.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') continue;
        const event = JSON.parse(line);
        onEvent(event.type, event.object);
      }
    });
  });
  outgoing.on('error', () => undefined);
  outgoing.end();
  return () => outgoing.destroy();
}

const kinds: Readonly<Record<string, readonly [prefix: string, plural: string]>> = {
  HorizontalPodAutoscaler: ['/apis/autoscaling/v1', 'horizontalpodautoscalers'],
  Ingress: ['/apis/networking.k8s.io/v1', 'ingresses'],
  Pod: ['/api/v1', 'pods'],
  Service: ['/api/v1', 'services'],
  ConfigMap: ['/api/v1', 'configmaps'],
  Secret: ['/api/v1', 'secrets'],
  Event: ['/api/v1', 'events'],
  ServiceAccount: ['/api/v1', 'serviceaccounts'],
  ResourceQuota: ['/api/v1', 'resourcequotas'],
  Role: ['/apis/rbac.authorization.k8s.io/v1', 'roles'],
  RoleBinding: ['/apis/rbac.authorization.k8s.io/v1', 'rolebindings'],
  Deployment: ['/apis/apps/v1', 'deployments'],
  StatefulSet: ['/apis/apps/v1', 'statefulsets'],
  DaemonSet: ['/apis/apps/v1', 'daemonsets'],
  ReplicaSet: ['/apis/apps/v1', 'replicasets'],
  ControllerRevision: ['/apis/apps/v1', 'controllerrevisions'],
  CronJob: ['/apis/batch/v1', 'cronjobs'],
  Job: ['/apis/batch/v1', 'jobs'],
  EndpointSlice: ['/apis/discovery.k8s.io/v1', 'endpointslices'],
  Lease: ['/apis/coordination.k8s.io/v1', 'leases'],
};

/** Path of a collection, or of one object of it. */
export function pathOf(kind: string, namespace: string, name?: string): string {
  const known = kinds[kind];
  if (!known) throw new Error(`the harness does not know the kind ${kind}`);
  return `${known[0]}/namespaces/${namespace}/${known[1]}${name === undefined ? '' : `/${name}`}`;
}
