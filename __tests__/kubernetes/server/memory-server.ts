import { isDeepStrictEqual } from 'node:util';
import type { PatchOperation } from '../../../src/kubernetes/client/api.js';
import type { KubeObject } from '../../../src/kubernetes/client/objects.js';
import { covered, type AllowedRule, type Need } from '../../../src/kubernetes/preflight/needs.js';
import type { Clock } from '../../../src/ports/clock.js';
import { HttpError, type HttpResponse, type SocketHttp, type SocketRequest } from '../../../src/ports/http.js';
import { applyMergePatch, applyPatch } from '../../target/set-image/json-patch.js';

/** A request as the server has it. */
export interface Asked {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** `deploy-action`, or the program that asks. */
  readonly agent: string;
}

/**
 * What becomes of a request instead of its answer: a refusal; `cut`: not done and not answered; `lost`: done and not
 * answered; `silent`: not done, and nothing comes until whoever asks gives up; `lateMs`: done so much later, whoever asked
 * may be gone by then.
 */
export type Trouble = { readonly status: number; readonly reason?: string; readonly message: string; readonly by?: 'balancer' } | { readonly lateMs: number } | 'cut' | 'lost' | 'silent';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export const isWrite = ({ method, query }: Pick<Asked, 'method' | 'query'>): boolean => method !== 'GET' && !query.has('dryRun');

interface Event {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly path: string;
  readonly object: KubeObject;
}

class Refusal extends Error {
  constructor(readonly status: number, readonly reason: string, message: string) {
    super(message);
  }
}

/**
 * An API server in memory, in the place of `kubectl proxy` and what is behind it: objects with versions, watches, patches
 * with their tests. No socket is opened and no time passes. Selectors of labels are not looked at: whatever is in it is of one app.
 */
export class MemoryServer implements SocketHttp {
  readonly objects = new Map<string, KubeObject>();
  /** `GET /path`, in their order; without queries, reviews and versions. */
  readonly seen: string[] = [];
  /** Asked of each request before anything is done. */
  trouble: (asked: Asked) => Trouble | undefined = () => undefined;
  /** What answers behind the proxy of a pod or a Service. */
  app: (kind: 'pods' | 'services', name: string) => Reply = () => ({ status: 503, body: JSON.stringify({ kind: 'Status', message: 'no endpoints available' }) });
  /** What the account is allowed to do; reviews answer by it, and nothing else does. */
  rules: readonly AllowedRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  /** What admission makes of an object that somebody writes. */
  admit: (object: KubeObject) => KubeObject = (object) => object;
  /** Pieces of the log of a pod as they are written, if it has one of its own. */
  log: (pod: string, query: URLSearchParams) => AsyncIterable<string> | undefined = () => undefined;
  /** Whether an object that is deleted stays for a while, until somebody removes it. */
  lingers: (path: string) => boolean = () => false;
  private readonly events: Event[] = [];
  private readonly waiting = new Set<() => void>();
  private version = 100;

  constructor(private readonly clock: Clock, readonly namespace = 'web') {}

  /** Resolves when an object has changed; also when `signal` aborts. */
  changed(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  get<T extends KubeObject>(path: string): T | undefined {
    return this.objects.get(path) as T | undefined;
  }

  /** The objects right below a path. */
  below<T extends KubeObject>(path: string): T[] {
    return [...this.objects].filter(([each]) => each.startsWith(`${path}/`) && !each.slice(path.length + 1).includes('/')).map(([, object]) => object as T);
  }

  /** What an object was, oldest first. */
  versionsOf<T extends KubeObject>(path: string): T[] {
    return this.events.filter((event) => event.path === path && event.type !== 'DELETED').map(({ object }) => object as T);
  }

  /** Writes an object as somebody in the cluster does. */
  put(path: string, object: KubeObject, manager = 'controller'): KubeObject {
    const known = this.objects.get(path);
    const isChanged = !isDeepStrictEqual(specOf(known), specOf(object));
    const generation = (known?.metadata?.generation ?? object.metadata?.generation ?? 0) + (known && isChanged ? 1 : 0);
    const at = new Date(this.clock.now()).toISOString();
    const stored: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata, uid: known?.metadata?.uid ?? object.metadata?.uid ?? `uid-${object.metadata?.name}`, generation, resourceVersion: String((this.version += 1)),
        creationTimestamp: known?.metadata?.creationTimestamp ?? at, managedFields: [{ manager, time: at }],
      },
    };
    this.objects.set(path, stored);
    this.tell(known ? 'MODIFIED' : 'ADDED', path, stored);
    return stored;
  }

  remove(path: string): void {
    const known = this.objects.get(path);
    if (!known) return;
    this.objects.delete(path);
    this.tell('DELETED', path, { ...known, metadata: { ...known.metadata, resourceVersion: String((this.version += 1)) } });
  }

  async request({ path, method = 'GET', headers, body, timeoutMs, signal }: SocketRequest): Promise<HttpResponse> {
    await Promise.resolve();
    signal?.throwIfAborted();
    const url = new URL(path, 'http://localhost');
    const asked: Asked = {
      method, path: url.pathname, query: url.searchParams, body: body === undefined ? undefined : JSON.parse(body) as unknown, agent: headers?.['user-agent'] ?? '',
    };
    if (!/^\/version$|reviews$/.test(asked.path) && !asked.query.has('watch')) this.seen.push(`${method} ${asked.path}`);
    const trouble = this.trouble(asked);
    if (trouble === 'cut') throw new HttpError('other', 'the connection was cut');
    if (trouble === 'silent') {
      await this.clock.sleep(timeoutMs, signal);
      throw new HttpError('other', 'no answer in time');
    }
    if (typeof trouble === 'object' && 'lateMs' in trouble) await this.clock.sleep(trouble.lateMs);
    else if (typeof trouble === 'object') return this.refuse(trouble);
    const log = asked.path.endsWith('/log') ? this.log(asked.path.split('/').at(-2) ?? '', asked.query) : undefined;
    if (log) return { ...this.answer(200, ''), body: bytesOf(log, signal) };
    if (asked.query.get('watch') === 'true') return { ...this.answer(200, ''), body: this.lines(asked, signal) };
    const answered = this.answered(asked, headers?.['content-type'] ?? '');
    if (trouble === 'lost') throw new HttpError('other', 'the connection was cut');
    return answered;
  }

  private answered(asked: Asked, contentType: string): HttpResponse {
    try {
      const { status, body } = this.reply(asked, contentType);
      return this.answer(status, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return this.answer(error.status, statusText(error.status, error.reason, error.message));
    }
  }

  private answer(status: number, text: string): HttpResponse {
    const headers = { 'date': new Date(this.clock.now()).toUTCString(), 'content-type': 'application/json', 'audit-id': '1' };
    return { status, headers, body: piecesOf(text) };
  }

  /** A balancer before the API server answers in words of its own, and without an Audit-Id. */
  private refuse({ status, reason = '', message, by }: Exclude<Trouble, string | { readonly lateMs: number }>): HttpResponse {
    if (by === 'balancer') return { status, headers: { 'content-type': 'text/html' }, body: piecesOf(`<html><h1>${status} ${message}</h1></html>`) };
    return this.answer(status, statusText(status, reason, message));
  }

  private reply(asked: Asked, contentType: string): Reply {
    const { method, path } = asked;
    const [, kind, name] = /\/(pods|services)\/([^/:]+)(?::[^/]*)?\/proxy\//.exec(path) ?? [];
    if (kind === 'pods' || kind === 'services') return this.app(kind, name ?? '');
    if (path.endsWith('/log')) return { status: 200, body: `log of ${path.split('/').at(-2)}\n` };
    const about = this.aboutItself(path, asked.body);
    if (about) return ok(about);
    if (method === 'GET') return ok(isCollection(path) ? this.list(path) : this.existing(path));
    if (method === 'DELETE') return ok(this.deleted(path));
    return ok(method === 'POST' ? this.created(asked) : this.written(asked, contentType));
  }

  private aboutItself(path: string, body: unknown): object | undefined {
    if (path === '/version') return { gitVersion: 'v1.34.4' };
    if (path.endsWith('/selfsubjectrulesreviews')) return { kind: 'Review', status: { resourceRules: this.rules } };
    if (path.endsWith('/selfsubjectaccessreviews')) return { kind: 'Review', status: { allowed: covered(wantedIn(body), this.rules) } };
    return path === `/api/v1/namespaces/${this.namespace}` ? { kind: 'Namespace', metadata: { name: this.namespace } } : undefined;
  }

  private list(path: string): object {
    return { kind: 'List', metadata: { resourceVersion: String(this.version) }, items: this.below(path) };
  }

  private existing(path: string): KubeObject {
    const object = this.objects.get(path);
    if (!object) throw new Refusal(404, 'NotFound', `${path.split('/').at(-2)} "${path.split('/').at(-1)}" not found`);
    return object;
  }

  private deleted(path: string): KubeObject {
    const object = this.existing(path);
    if (!this.lingers(path)) this.remove(path);
    else if (object.metadata?.deletionTimestamp === undefined) {
      this.put(path, { ...object, metadata: { ...object.metadata, deletionTimestamp: new Date(this.clock.now()).toISOString() } });
    }
    return object;
  }

  private created({ path, body, agent }: Asked): KubeObject {
    const object = this.admit(body as KubeObject);
    const own = `${path}/${object.metadata?.name}`;
    if (this.objects.has(own)) throw new Refusal(409, 'AlreadyExists', `${own} already exists`);
    return this.put(own, path.endsWith('/jobs') ? { ...object, metadata: { ...object.metadata, uid: `uid-${object.metadata?.name}-${this.version}` } } : object, agent);
  }

  private written({ method, path, query, body, agent }: Asked, contentType: string): KubeObject {
    const known = this.existing(path);
    const object = this.admit(method === 'PUT' ? body as KubeObject : patched(known, body, contentType));
    if (query.get('dryRun') === 'All') return object;
    if (method === 'PUT' && object.metadata?.resourceVersion !== known.metadata?.resourceVersion) throw new Refusal(409, 'Conflict', 'the object has been modified');
    return isDeepStrictEqual(object, known) ? known : this.put(path, object, agent);
  }

  private tell(type: Event['type'], path: string, object: KubeObject): void {
    this.events.push({ version: this.version, type, path, object });
    this.wake();
  }

  /** Lets whoever waits for a change look again. */
  wake(): void {
    for (const wake of [...this.waiting]) wake();
  }

  private async* lines({ path, query }: Asked, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const since = Number(query.get('resourceVersion'));
    const [, name] = /^metadata\.name=(.+)$/.exec(query.get('fieldSelector') ?? '') ?? [];
    // Events are only appended, in the order of their versions.
    let sent = this.events.findIndex(({ version }) => version > since);
    if (sent < 0) sent = this.events.length;
    for (;;) {
      if (signal?.aborted) throw signal.reason;
      const news = this.events.slice(sent).filter(({ path: of }) => of.startsWith(`${path}/`) && of.endsWith(name === undefined ? '' : `/${name}`));
      sent = this.events.length;
      if (news.length > 0) yield Buffer.from(news.map(({ type, object }) => `${JSON.stringify({ type, object })}\n`).join(''));
      else await this.changed(signal);
    }
  }
}

/** What an access review asks about. */
function wantedIn(body: unknown): Need {
  const { spec } = body as { readonly spec: { readonly resourceAttributes: Need & { readonly subresource?: string } } };
  const { resource, subresource, ...rest } = spec.resourceAttributes;
  return { ...rest, resource: subresource === undefined ? resource : `${resource}/${subresource}` };
}

const specOf = (object: KubeObject | undefined): unknown => (object && 'spec' in object ? JSON.parse(JSON.stringify(object.spec)) : undefined);

const ok = (object: object): Reply => ({ status: 200, body: JSON.stringify(object) });

/** `/api/v1/namespaces/web/pods` and not `/api/v1/namespaces/web/pods/a`. */
const isCollection = (path: string): boolean => /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(\/namespaces\/[^/]+)?\/[a-z]+$/.test(path);

function patched(known: KubeObject, body: unknown, contentType: string): KubeObject {
  if (contentType !== 'application/json-patch+json') return applyMergePatch(known, body) as KubeObject;
  const object = applyPatch(known, body as readonly PatchOperation[]);
  if (!object) throw new Refusal(422, 'Invalid', 'the server rejected our request due to an error in our request');
  return object;
}

const statusText = (code: number, reason: string, message: string): string => JSON.stringify({ kind: 'Status', status: 'Failure', reason, message, code });

async function* bytesOf(texts: AsyncIterable<string>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for await (const text of texts) {
    if (signal?.aborted) throw signal.reason;
    yield Buffer.from(text);
  }
}

async function* piecesOf(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
}
