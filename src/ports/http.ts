/** HTTP to the outside: smoke checks of URLs, downloads. What goes to the cluster goes through the socket of `kubectl proxy`. */
export interface Http {
  /**
   * Resolves as soon as the headers are there. Goes through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the
   * environment name, if any.
   * @throws HttpError when there was no answer; what `signal` aborts with
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /**
   * The certificate that the host of a URL by https presents in a TLS handshake, whether it is trusted or not. Nothing is
   * requested. Goes through the same proxies.
   * @throws HttpError when there is no handshake; what `signal` aborts with
   */
  certificate(request: Pick<HttpRequest, 'url' | 'timeoutMs' | 'signal' | 'direct'>): Promise<Certificate>;
  /** The server that listens on a unix socket of this machine. */
  onSocket(socketPath: string): SocketHttp;
}

/** What a TLS certificate says. */
export interface Certificate {
  /** The start of its validity, ms since 1970. */
  readonly startsAt: number;
  /** The end of its validity, ms since 1970. */
  readonly expiresAt: number;
}

/** A server of this machine. Its connections are kept open and used again. */
export interface SocketHttp {
  /**
   * Resolves as soon as the headers are there.
   * @throws HttpError when there was no answer; what `signal` aborts with
   */
  request(request: SocketRequest): Promise<HttpResponse>;
}

export interface SocketRequest {
  /** With its query. */
  readonly path: string;
  /** GET unless given. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Idle timeout until the headers have arrived, ms. */
  readonly timeoutMs: number;
  /** Idle timeout between two pieces of the body, ms; none unless given. */
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

export interface HttpRequest {
  readonly url: string;
  /** GET unless given. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Bounds everything, from the name look-up to the last byte, ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** How many redirects are followed; none unless given. Never from https to http, and never with credentials to another host. */
  readonly maxRedirects?: number;
  /** Never through a proxy, whatever the environment says. */
  readonly direct?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As it was sent: whoever reads it decodes `content-encoding`. Read once; to stop reading closes the connection. Rejects with HttpError. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Host and port of the proxy that it came through. */
  readonly proxy?: string;
}

/** The kind of error: the name does not exist or could not be looked up, the certificate is not trusted, or another one that may be temporary. */
export type HttpTrouble = 'name' | 'look-up' | 'certificate' | 'other';

/** No response, or an incomplete one; the message says why. */
export class HttpError extends Error {
  constructor(readonly trouble: HttpTrouble, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'HttpError';
  }
}

/** A body from its pieces. `close` is called at their end, and as soon as the reader stops, even before the first piece. */
export function bodyOf(pieces: AsyncIterator<Uint8Array>, close: () => void): AsyncIterable<Uint8Array> {
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    try {
      const piece = await pieces.next();
      if (piece.done) close();
      return piece;
    } catch (error) {
      close();
      throw error;
    }
  };
  const finish = async (): Promise<IteratorResult<Uint8Array>> => {
    close();
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: finish }) };
}

/** Headers as Node.js gives them, each as one text. */
export const flatHeaders = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === 'object' ? value.join(', ') : value ?? '']));

/** Ends a response that is not read, because its connection would stay open. */
export const discard = async ({ body }: Pick<HttpResponse, 'body'>): Promise<void> => {
  await body[Symbol.asyncIterator]().return?.();
};

/** The body as UTF-8, at most that many bytes of it; the rest is not waited for. */
export async function textOf(response: Pick<HttpResponse, 'body'>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
