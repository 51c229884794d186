import { messageOf } from '../../outcome/wording.js';
import type * as http from 'node:http';
import type { Clock } from '../../ports/clock.js';
import { bodyOf, flatHeaders, type HttpResponse } from '../../ports/http.js';
import { retry } from '../../ports/retry.js';
import { parseAnswer, withoutQuery } from './answer.js';
import { ApiError } from './api-error.js';
import { apiPath, type Resource } from './resources.js';

export { ApiError };

export interface PatchOperation {
  readonly op: 'test' | 'replace' | 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: http.IncomingMessage['headers'];
  /** At most `maxBytes`. */
  readonly body: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For so long nothing may come. */
  readonly timeoutMs?: number;
  /** For so long the whole answer may take, ms: something that trickles for ever is never silent. */
  readonly endsWithinMs?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** How often a read is tried at most; several times without it. */
  readonly attempts?: number;
}

/** JSON over the socket of `kubectl proxy`: every kind of authentication that kubectl knows, at 2–5 ms a request. */
export interface Api {
  get<T>(path: string, options?: CallOptions): Promise<T>;
  /** Undefined when the object does not exist. */
  find<T>(resource: Resource, namespace: string, name: string, options?: CallOptions): Promise<T | undefined>;
  /** Applied as a whole or not at all. What must not be overwritten is tested in it: it is sent again after a conflict. */
  patch<T>(path: string, operations: readonly PatchOperation[], options?: CallOptions): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, options?: CallOptions): Promise<T>;
  /** Any answer, whatever its status: logs. */
  raw(path: string, options?: CallOptions): Promise<RawAnswer>;
  /** Any answer, its body as it comes: services and pods that are requested through the API server. */
  open(path: string, options?: CallOptions): Promise<HttpResponse>;
  /** Reads lines until the server ends the stream; throws ApiError when it does not begin. Resolves at the end. */
  stream(path: string, onLine: (line: string) => void, signal: AbortSignal, onBegun?: () => void): Promise<void>;
}

/** The reason of what ends because the connection was closed from this side. */
export const closedReason = 'Closed';

/** As whose the API server notes each written field (metadata.managedFields): the beginning of the User-Agent. */
export const fieldManager = 'deploy-action';

const maxAnswerBytes = 256 * 1024 * 1024;
const defaultTimeoutMs = 30_000;
/** A read that is going to be tried again does not wait that long for a request that was lost. */
const firstTimeoutMs = 10_000;
/** Reads are tried again while the API server restarts; a write never is, because it may have been done. */
const readDelaysMs = [100, 300, 1000, 2000];
/** The API server tries a patch that came beside another write five times by itself, and then answers 409. */
const conflictDelaysMs = [50, 200, 500, 1000];

/** Loaded when a cluster is opened: a run that only builds does not need it. */
const nodeHttp = (): Pick<typeof http, 'Agent' | 'request'> => process.getBuiltinModule('node:http');

/** @param closed when it aborts, whatever is still asked or asked again ends, and is not tried any more */
export function openApi(socketPath: string, clock: Clock, closed: AbortSignal): Api {
  const agent = new (nodeHttp().Agent)({ keepAlive: true, maxSockets: 32 });

  const read = <T>(path: string, options?: CallOptions): Promise<T> => {
    const { attempts = readDelaysMs.length + 1, signal } = options ?? {};
    const policy = { delaysMs: readDelaysMs.slice(0, attempts - 1), retryable: (error: unknown) => error instanceof ApiError && error.passing, signal };
    return retry(clock, policy, async (count) =>
      parseAnswer<T>(path, await call(path, { ...options, timeoutMs: options?.timeoutMs ?? (count < attempts ? firstTimeoutMs : defaultTimeoutMs) })));
  };

  const begin = requester(socketPath, agent, clock, closed);

  const call = async (path: string, options: CallOptions = {}): Promise<RawAnswer> => {
    const { answer, failed, tooLate } = await begin(path, options);
    const body = await collect(answer, options.maxBytes ?? maxAnswerBytes, tooLate).catch((error: unknown) => {
      throw failed(error);
    });
    if (isOfKubectl(answer, body)) throw failed(new Error(body.trim()));
    return { status: answer.statusCode ?? 0, headers: answer.headers, body };
  };

  return {
    get: read,
    find: async (resource, namespace, name, options) => {
      try {
        return await read(apiPath(resource, namespace, name), options);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
    patch: async (path, operations, options) => {
      const request = { ...options, method: 'PATCH', body: operations, contentType: 'application/json-patch+json' };
      const policy = { delaysMs: conflictDelaysMs, retryable: (error: unknown) => error instanceof ApiError && error.status === 409, signal: options?.signal };
      return retry(clock, policy, async () => parseAnswer(path, await call(path, request)));
    },
    send: async (method, path, body, options) => parseAnswer(path, await call(path, { ...options, method, body })),
    raw: call,
    open: async (path, options) => {
      const begun = await begin(path, options);
      return { status: begun.answer.statusCode ?? 0, headers: flatHeaders(begun.answer.headers), body: bodyOf(piecesOf(begun), () => begun.answer.destroy()) };
    },
    stream: (path, onLine, signal, onBegun) => streamLines(socketPath, path, { onLine, onBegun }, AbortSignal.any([signal, closed])),
  };
}

/** An answer whose body is still to come. */
interface Begun {
  readonly answer: http.IncomingMessage;
  /** What an error on the way is reported as. */
  readonly failed: (error: unknown) => unknown;
  readonly tooLate: () => boolean;
}

/** Sends one request; resolves as soon as the headers of its answer are there. */
function requester(socketPath: string, agent: http.Agent, clock: Clock, closed: AbortSignal) {
  return (path: string, options: CallOptions = {}): Promise<Begun> =>
    new Promise((resolve, reject) => {
      const begunAt = clock.monotonic();
      const body = options.body === undefined ? undefined : JSON.stringify(options.body);
      const signal = options.signal ? AbortSignal.any([options.signal, closed]) : closed;
      const failed = (error: unknown): unknown => {
        if (options.signal?.aborted) return options.signal.reason;
        // Why this side ended it says more than that the body was cut.
        return closed.aborted ? new ApiError(499, closedReason, 'the connection to the cluster has been closed') : noAnswer(path, outgoing.errored ?? error);
      };
      const tooLate = (): boolean => clock.monotonic() - begunAt > (options.endsWithinMs ?? Infinity);
      const outgoing = nodeHttp().request(
        {
          socketPath, agent, path, method: options.method ?? 'GET', signal, timeout: options.timeoutMs ?? defaultTimeoutMs,
          headers: {
            host: 'localhost', 'user-agent': fieldManager, accept: 'application/json', ...options.headers,
            ...(body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (answer) => resolve({ answer, failed, tooLate }),
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
      outgoing.on('error', (error) => reject(failed(error)));
      outgoing.end(body);
    });
}

async function* piecesOf({ answer, failed, tooLate }: Begun): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of answer) {
      if (tooLate()) throw new Error(`it answered ${answer.statusCode}, and the answer was not complete in time`);
      yield chunk as Uint8Array;
    }
    if (!answer.complete) throw new Error('the connection was cut');
  } catch (error) {
    throw failed(error);
  }
}

/**
 * Where kubectl cannot reach the API server, its proxy answers 500 with the error of its connection as text. An API server
 * gives every answer an Audit-Id, also those that it passes on from a pod.
 */
const isOfKubectl = ({ statusCode, headers }: http.IncomingMessage, text: string): boolean =>
  statusCode === 500 && headers['audit-id'] === undefined && (headers['content-type'] ?? '').startsWith('text/plain') && connectionTrouble.test(text);

/** As Go words it: net.OpError, crypto/tls, net/http, and client-go about programs that it asks for credentials. */
const connectionTrouble = /^\s*(?:[A-Z][a-z]+ "https?:|dial |read |write |EOF|unexpected EOF|net\/http: |http: |http2: |proxyconnect |remote error: |tls: |x509: |context |getting credentials: |socks connect )/;

const noAnswer = (path: string, error: unknown): ApiError =>
  new ApiError(0, 'NoAnswer', `no answer to ${withoutQuery(path)}: ${messageOf(error)}`, { cause: error });

function collect(answer: http.IncomingMessage, maxBytes: number, tooLate: () => boolean = () => false): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    answer.on('data', (chunk: Buffer) => {
      if (size < maxBytes) chunks.push(chunk.subarray(0, maxBytes - size));
      size += chunk.length;
      if (tooLate()) answer.destroy(new Error('the answer did not come to its end in time'));
      // More than was asked for is not read to its end: the answer is complete enough.
      if (size >= maxBytes) {
        resolve(Buffer.concat(chunks).toString('utf8'));
        answer.destroy();
      }
    });
    answer.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    answer.on('error', reject);
    answer.on('aborted', () => reject(answer.errored ?? new Error('the connection was cut')));
  });
}

interface Reader {
  readonly onLine: (line: string) => void;
  readonly onBegun: (() => void) | undefined;
}

function streamLines(socketPath: string, path: string, { onLine, onBegun }: Reader, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    // Until it begins; then nothing may come for a long time.
    const outgoing = nodeHttp().request({ socketPath, path, method: 'GET', signal, timeout: defaultTimeoutMs, headers: { host: 'localhost', 'user-agent': fieldManager, accept: 'application/json' } }, (answer) => {
      outgoing.setTimeout(0);
      if (answer.statusCode !== 200) {
        collect(answer, 64 * 1024).then((body) => {
          try {
            parseAnswer(path, { status: answer.statusCode ?? 0, body });
          } catch (error) {
            reject(error);
          }
        }, reject);
        return;
      }
      onBegun?.();
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        try {
          for (const line of lines) if (line !== '') onLine(line);
        } catch (error) {
          // Thrown on, it would end the process: whoever reads the stream has to know.
          reject(error);
          outgoing.destroy();
        }
      });
      answer.on('end', resolve);
      answer.on('aborted', resolve);
      answer.on('error', () => resolve());
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error) => (signal.aborted ? resolve() : reject(noAnswer(path, error))));
    outgoing.end();
  });
}
