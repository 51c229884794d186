import { messageOf } from '../../outcome/wording.js';
import type { Clock } from '../../ports/clock.js';
import type { Ports } from '../../ports/ports.js';
import { bodyOf, discard, textOf, type HttpResponse, type SocketHttp } from '../../ports/http.js';
import { retry } from '../../ports/retry.js';
import { answeredBetween, parseAnswer, withoutQuery, type RawAnswer } from './answer.js';
import { ApiError, closedReason, leastDelayMs } from './api-error.js';
import { Outage } from './outage.js';
import { apiPath, type Resource } from './resources.js';

export { ApiError, type RawAnswer };

export interface PatchOperation {
  readonly op: 'test' | 'replace' | 'add' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Idle timeout, ms. */
  readonly timeoutMs?: number;
  /** Timeout of the whole answer, ms: an answer that trickles never idles. */
  readonly endsWithinMs?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Maximum number of attempts of a read; several unless given. */
  readonly attempts?: number;
}

/** JSON over the socket of `kubectl proxy`: every kind of authentication that kubectl knows, at 2–5 ms a request. */
export interface Api {
  get<T>(path: string, options?: CallOptions): Promise<T>;
  /** Undefined when the object does not exist. */
  find<T>(resource: Resource, namespace: string, name: string, options?: CallOptions): Promise<T | undefined>;
  /** Applied as a whole or not at all. Sent again after a conflict, so it must contain `test` operations for values that it must not overwrite. */
  patch<T>(path: string, operations: readonly PatchOperation[], options?: CallOptions): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, options?: CallOptions): Promise<T>;
  /** Any answer, whatever its status: logs. */
  raw(path: string, options?: CallOptions): Promise<RawAnswer>;
  /** Any answer, with its body as a stream: services and pods that are requested through the API server. */
  open(path: string, options?: CallOptions): Promise<HttpResponse>;
  /** Reads lines until the server ends the stream; throws ApiError when it cannot be opened. Resolves at the end. */
  stream(path: string, onLine: (line: string) => void, signal: AbortSignal, onBegun?: () => void): Promise<void>;
}

/** The manager under which the API server records each written field (metadata.managedFields): the beginning of the User-Agent. */
export const fieldManager = 'deploy-action';

const maxAnswerBytes = 256 * 1024 * 1024;
const defaultTimeoutMs = 30_000;
/** For a read that is going to be retried: shorter, because the request may be lost. */
const firstTimeoutMs = 10_000;
/** Reads are retried while the API server restarts. A write is not, because it may have been done. */
const readDelaysMs = [100, 300, 1000, 2000];
/** The API server retries a patch that conflicts with another write five times itself, and then answers 409. */
const conflictDelaysMs = [50, 200, 500, 1000];

type Trouble = () => string | undefined;

/**
 * @param http to `kubectl proxy`
 * @param closed when it aborts, open requests end and are not retried
 * @param trouble why that proxy does not run; undefined while it does
 */
export function openApi(http: SocketHttp, ports: Pick<Ports, 'clock' | 'log'>, closed: AbortSignal, trouble: Trouble = () => undefined): Api {
  const { clock } = ports;
  const outage = new Outage(ports);

  const read = <T>(path: string, options?: CallOptions): Promise<T> => {
    const { attempts = readDelaysMs.length + 1, signal } = options ?? {};
    const retryable = (error: unknown): boolean => error instanceof ApiError && error.passing;
    const policy = { delaysMs: readDelaysMs.slice(0, attempts - 1), retryable, leastDelayMs, signal };
    const within = (count: number): number => options?.timeoutMs ?? (count < attempts ? firstTimeoutMs : defaultTimeoutMs);
    return retry(clock, policy, (count) => send<T>(path, { ...options, timeoutMs: within(count) }));
  };

  const request = requester(http, clock, closed, trouble);
  let isNamed = false;
  const begin = async (path: string, options?: CallOptions): Promise<Begun> => {
    const begun = await request(path, options);
    isNamed ||= begun.response.headers[auditId] !== undefined;
    return begun;
  };

  const call = async (path: string, options: CallOptions = {}): Promise<RawAnswer> => {
    const { response, failed } = await begin(path, options);
    const body = await textOf(response, options.maxBytes ?? maxAnswerBytes);
    if (isOfKubectl(response, body)) throw failed(new Error(body.trim()));
    return { status: response.status, headers: response.headers, body };
  };

  const send = <T>(path: string, options: CallOptions): Promise<T> => outage.observe(async () => parseAnswer<T>(path, await call(path, options)));

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
      return retry(clock, policy, () => send(path, request));
    },
    send: (method, path, body, options) => send(path, { ...options, method, body }),
    raw: call,
    open: async (path, options) => {
      const { response } = await begin(path, options);
      // From a load balancer without a server, or a gateway that limits requests: the answer of the app is not known.
      if (isNamed && response.headers[auditId] === undefined) throw answeredBetween(path, { ...response, body: await textOf(response, 1000) });
      return response;
    },
    stream: async (path, onLine, signal, onBegun) => {
      const sentAt = clock.monotonic();
      const begun = (): void => {
        outage.answered();
        onBegun?.();
      };
      await streamLines(http, path, { onLine, onBegun: begun }, AbortSignal.any([signal, closed])).catch((error: unknown) => {
        outage.failed(error, sentAt);
        throw error;
      });
    },
  };
}

/** An answer whose body is still to come. */
interface Begun {
  readonly response: HttpResponse;
  /** What an error on the way is reported as. */
  readonly failed: (error: unknown) => unknown;
}

const ownHeaders = { 'user-agent': fieldManager, 'accept': 'application/json' };

/** Sends one request; resolves when the headers of its answer have arrived. */
function requester(http: SocketHttp, clock: Clock, closed: AbortSignal, trouble: Trouble) {
  return async (path: string, options: CallOptions = {}): Promise<Begun> => {
    const { method, body, contentType = 'application/json', headers, timeoutMs = defaultTimeoutMs, endsWithinMs = Infinity, signal } = options;
    const endsAt = clock.monotonic() + endsWithinMs;
    const failed = (error: unknown): unknown => {
      if (signal?.aborted) return signal.reason;
      // The reason why this side closed it says more than "the body was cut".
      return closed.aborted ? new ApiError(499, closedReason, 'the connection to the cluster was closed') : noAnswer(path, error, trouble());
    };
    try {
      const response = await http.request({
        path, method, timeoutMs, silenceMs: timeoutMs, signal: signal ? AbortSignal.any([signal, closed]) : closed,
        headers: { ...ownHeaders, ...headers, ...(body === undefined ? {} : { 'content-type': contentType }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const pieces = async function* () {
        try {
          for await (const piece of response.body) {
            if (clock.monotonic() > endsAt) throw new Error(`it answered ${response.status}, but the answer was not complete in time`);
            yield piece;
          }
        } catch (error) {
          throw failed(error);
        }
      };
      return { response: { ...response, body: bodyOf(pieces(), () => void discard(response)) }, failed };
    } catch (error) {
      throw failed(error);
    }
  };
}

/**
 * An API server adds this to every answer, also to those that it forwards from a pod; proxies in between do not.
 * https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/filters/audit_init.go
 */
const auditId = 'audit-id';

/** When kubectl cannot reach the API server, its proxy answers 500 with the connection error as text. */
const isOfKubectl = ({ status, headers }: HttpResponse, text: string): boolean =>
  status === 500 && headers[auditId] === undefined && (headers['content-type'] ?? '').startsWith('text/plain') && connectionTrouble.test(text);

/** The error texts of Go: net.OpError, crypto/tls, net/http, and client-go about credential plugins. */
const connectionTrouble = /^\s*(?:[A-Z][a-z]+ "https?:|dial |read |write |EOF|unexpected EOF|net\/http: |http: |http2: |proxyconnect |remote error: |tls: |x509: |context |getting credentials: |socks connect )/;

const noAnswer = (path: string, error: unknown, trouble?: string): ApiError =>
  new ApiError(0, 'NoAnswer', `no answer to ${withoutQuery(path)}: ${trouble ?? messageOf(error)}`, { cause: error });

interface Reader {
  readonly onLine: (line: string) => void;
  readonly onBegun: () => void;
}

async function streamLines(http: SocketHttp, path: string, { onLine, onBegun }: Reader, signal: AbortSignal): Promise<void> {
  // No idle timeout once it is open: nothing may change for a long time.
  const response = await http.request({ path, headers: ownHeaders, timeoutMs: defaultTimeoutMs, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw noAnswer(path, error);
  });
  if (!response) return;
  if (response.status !== 200) {
    const body = await textOf(response, 64 * 1024).catch((error: unknown) => {
      throw noAnswer(path, error);
    });
    return void parseAnswer(path, { ...response, body });
  }
  onBegun();
  for await (const lines of linesOf(response.body)) for (const line of lines) onLine(line);
}

/** The complete lines, those of each piece together. A cut stream ends like a complete one. */
async function* linesOf(body: HttpResponse['body']): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const piece of body) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield lines.filter((line) => line !== '');
    }
  } catch {
    // The watch resumes at the last object that it has seen.
  }
}
