import type { HttpResponse } from '../../../src/ports/http.js';
import { ApiError, type Api, type CallOptions, type PatchOperation } from '../../../src/kubernetes/client/api.js';
import type { Cluster } from '../../../src/kubernetes/client/cluster.js';
import type { KubeObject } from '../../../src/kubernetes/client/objects.js';
import { apiPath } from '../../../src/kubernetes/client/resources.js';
import type { Exited } from '../../../src/ports/process.js';
import { applyMergePatch, applyPatch } from './json-patch.js';

/** A cluster that is a map from paths to objects. It counts resourceVersions, and refuses what a real one would. */
export interface FakeCluster extends Cluster {
  readonly objects: Map<string, KubeObject>;
  /** `GET /path`, `PATCH /path`, `kubectl set image …`, in their order. */
  readonly done: readonly string[];
  /** What the next calls with this method are answered with instead: `lose` does it and does not answer. */
  readonly troubles: { method: string; trouble: ApiError | 'lose' }[];
  put(path: string, object: KubeObject): void;
}

export interface FakeOptions {
  readonly objects?: Readonly<Record<string, KubeObject>>;
  readonly kubectl?: (args: readonly string[], cluster: FakeCluster) => Partial<Exited>;
  readonly raw?: Api['raw'];
  /** The clock of the server: when something was written, and the date of its answers. */
  readonly now?: () => number;
  readonly stream?: Api['stream'];
  /** What admission makes of everything that is written. */
  readonly admit?: (object: KubeObject) => KubeObject;
}

const noAnswer = (): ApiError => new ApiError(0, 'NoAnswer', 'no answer: the connection was cut');

export function fakeCluster(options: FakeOptions = {}): FakeCluster {
  const objects = new Map<string, KubeObject>();
  const done: string[] = [];
  const troubles: FakeCluster['troubles'] = [];
  let version = 100;
  const put = (path: string, written: KubeObject): KubeObject => {
    const object = options.admit?.(written) ?? written;
    const known = objects.get(path);
    const changed = JSON.stringify(known && 'spec' in known ? known.spec : undefined) !== JSON.stringify('spec' in object ? object.spec : undefined);
    const generation = (known?.metadata?.generation ?? object.metadata?.generation ?? 0) + (known && changed ? 1 : 0);
    const managedFields = options.now ? { managedFields: [{ time: new Date(options.now()).toISOString() }] } : {};
    const stored = { ...object, metadata: { ...object.metadata, ...managedFields, generation, resourceVersion: String((version += 1)) } };
    objects.set(path, stored);
    return stored;
  };
  for (const [path, object] of Object.entries(options.objects ?? {})) put(path, object);

  const call = async <T>(method: string, path: string, write: () => unknown): Promise<T> => {
    done.push(`${method} ${path}`);
    const next = troubles.findIndex((each) => each.method === method);
    const trouble = next === -1 ? undefined : troubles.splice(next, 1)[0]?.trouble;
    if (trouble instanceof ApiError) throw trouble;
    const answer = write();
    if (trouble === 'lose') throw noAnswer();
    return answer as T;
  };
  const existing = (path: string): KubeObject => {
    const object = objects.get(path);
    if (!object) throw new ApiError(404, 'NotFound', `${path} not found`);
    return object;
  };
  const get = <T>(path: string): Promise<T> => call('GET', path, () => existing(path));
  const api: Api = {
    get,
    find: (resource, namespace, name) => get<never>(apiPath(resource, namespace, name)).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }),
    patch: (path, operations: readonly PatchOperation[]) => call('PATCH', path, () => {
      const patched = applyPatch(existing(path), operations);
      if (!patched) throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request');
      return put(path, patched);
    }),
    send: (method: string, path: string, body?: unknown, _options?: CallOptions) => call(method, path, () => {
      if (method === 'DELETE') return objects.delete(path);
      const [tried = '', dryRun] = path.split('?dryRun=All');
      if (method === 'PATCH' && dryRun !== undefined) {
        const patched = applyPatch(existing(tried), body as readonly PatchOperation[]);
        return patched && (options.admit?.(patched) ?? patched);
      }
      const object = body as KubeObject;
      if (method === 'PATCH') return put(path, applyMergePatch(existing(path), object) as KubeObject);
      if (method === 'POST') {
        const own = `${path}/${object.metadata?.name}`;
        if (objects.has(own)) throw new ApiError(409, 'AlreadyExists', `${own} already exists`);
        return put(own, object);
      }
      if (object.metadata?.resourceVersion !== existing(path).metadata?.resourceVersion) throw new ApiError(409, 'Conflict', 'the object has been modified');
      return put(path, object);
    }),
    raw: options.raw ?? ((path) => call('GET', path, () => {
      const object = objects.get(path);
      const headers = { date: new Date(options.now?.() ?? 0).toUTCString() };
      return object ? { status: 200, headers, body: JSON.stringify(object) } : { status: 404, headers, body: '{}' };
    })),
    // What a test puts in the place of `raw` counts here too.
    open(path, opened) {
      return this.raw(path, opened).then(({ status, headers, body }) => response(status, body, headers as Record<string, string>));
    },
    stream: options.stream ?? ((_path, _onLine, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))),
  };
  const cluster: FakeCluster = {
    api, objects, done, troubles, namespace: 'web',
    put: (path, object) => void put(path, object),
    kubectl: async (args) => {
      done.push(`kubectl ${args.join(' ')}`);
      return { code: 0, stdout: '', stderr: '', ...options.kubectl?.(args, cluster) };
    },
    pipe: () => { throw new Error('this cluster runs no program'); },
    typed: (args) => ['kubectl', ...args].join(' '),
    close: async () => undefined,
  };
  return cluster;
}

/** An HTTP answer whose body comes in pieces of that many bytes. */
export function response(status: number, body: string | Uint8Array = '', headers: Readonly<Record<string, string>> = {}, pieceBytes = 64 * 1024): HttpResponse {
  const bytes = Buffer.from(body as string);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return { status, headers, body: pieces() };
}

export const deploymentPath = '/apis/apps/v1/namespaces/web/deployments/api';
