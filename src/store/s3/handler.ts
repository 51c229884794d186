import { Readable } from 'node:stream';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Http } from '../../ports/http.js';

/** What is used of a request of the SDK. The path is escaped already. */
interface SdkRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Of one request, ms. What is sent or read at once has 8 MiB or a little more, so this is the time of a line with 30 kB/s. */
const timeoutMs = 300_000;

/**
 * What the SDK sends its requests with, over the HTTP of this action: its own knows no proxies, and other messages. Bodies are sent
 * from memory, and read as they come. Also for the requests of the SDK's credentials that go to STS.
 */
export const handlerOver = (http: Pick<Http, 'request'>): NonNullable<S3ClientConfig['requestHandler']> => ({
  handle: async (request: SdkRequest, { abortSignal }: { readonly abortSignal?: unknown } = {}) => {
    const { method, headers } = request;
    const { status, headers: answered, body } = await http.request({
      url: urlOf(request), method, headers, body: bodyOf(request), timeoutMs, signal: abortSignal instanceof AbortSignal ? abortSignal : undefined,
    });
    // What the SDK reads of the class of its responses is these fields.
    return { response: { statusCode: status, headers: answered, body: Readable.from(body, { objectMode: false }) } };
  },
  updateHttpClientConfig: () => undefined,
  httpHandlerConfigs: () => ({}),
});

function bodyOf({ body, method, path }: SdkRequest): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  throw new Error(`bug in this action: the body of ${method} ${path} is a stream, which cannot be sent again`);
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map((each) => [key, each ?? ''] as const));
  const search = pairs.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join('&');
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search === '' ? '' : `?${search}`}`;
}

/** As the signature escapes it: RFC 3986. */
const escaped = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
