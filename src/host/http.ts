import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { bodyOf, discard, flatHeaders, HttpError, type Http, type HttpRequest, type HttpResponse } from '../ports/http.js';
import { explain, redirectFault, tooSlow } from './http-errors.js';
import { clientFor } from './http-module.js';
import { endOf, loginTo, wayTo, type Proxy, type Way } from './proxy-environment.js';
import { socketHttp } from './socket-http.js';
import { openTunnel } from './tunnel.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * HTTP by Node's own client, which trusts what NODE_EXTRA_CA_CERTS names. Each request opens its own connection: a kept one
 * would reach the same pod again, not the one that a new visitor gets. Node before version 24 does not support proxies;
 * undici's agent would add 444 kB to the bundle, and https-proxy-agent (20 kB) reports the refusal of a proxy as an answer of
 * the server.
 */
export const createHttp = (env: Environment): Http => ({
  onSocket: socketHttp,
  certificate: async (request) => {
    const { peerCertificate } = await import('./certificate.js');
    return peerCertificate(request, env);
  },
  request: async (request) => {
    const startedAt = performance.now();
    const left = (): number => request.timeoutMs - (performance.now() - startedAt);
    let hop = request;
    for (let redirects = request.maxRedirects ?? 0; ; redirects -= 1) {
      const response = await once(hop, env, left());
      const location = redirects > 0 && isRedirect.includes(response.status) ? response.headers['location'] : undefined;
      if (location === undefined) return response;
      await discard(response);
      hop = redirected(hop, response.status, location);
    }
  },
});

/** One request and its answer. */
async function once(request: HttpRequest, env: Environment, timeoutMs: number): Promise<HttpResponse> {
  const address = new URL(request.url);
  const way: Way = request.direct ? { kind: 'direct' } : wayTo(address, env);
  if (way.kind === 'unusable') throw new HttpError('other', `${address.host} was not requested: ${way.why}`);
  const proxy = way.kind === 'proxy' ? way.proxy : undefined;
  const life = lifeOf(request, () => tooSlow(address, request.timeoutMs, life.answered, proxy), timeoutMs);
  try {
    const response = await send(request, address, proxy, life);
    life.answered = response.statusCode;
    const close = (): void => {
      life.end();
      response.destroy();
    };
    const body = bodyOf(piecesOf(response, failure), close);
    return { status: response.statusCode ?? 0, headers: flatHeaders(response.headers), proxy: proxy?.url.host, body };
  } catch (error) {
    life.end();
    throw failure(error);
  }

  function failure(error: unknown): unknown {
    if (request.signal?.aborted) return request.signal.reason;
    return life.signal.aborted ? life.signal.reason : explain(error as NodeJS.ErrnoException, address, proxy, way.kind === 'direct' ? way.unused : undefined);
  }
}

/** Ends a request when its time is over or its signal says so, also while its body is read. */
interface Life {
  readonly signal: AbortSignal;
  answered: number | undefined;
  end(): void;
}

function lifeOf(request: HttpRequest, late: () => Error, timeoutMs: number): Life {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(late()), timeoutMs);
  const signal = request.signal ? AbortSignal.any([request.signal, over.signal]) : over.signal;
  return { signal, answered: undefined, end: () => clearTimeout(timer) };
}

async function send(request: HttpRequest, address: URL, proxy: Proxy | undefined, life: Life): Promise<IncomingMessage> {
  life.signal.throwIfAborted();
  const { method = 'GET', body } = request;
  const headers = {
    'host': address.host, 'accept': '*/*', 'accept-encoding': 'identity', 'user-agent': 'deploy-action',
    ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...request.headers,
  };
  const options: RequestOptions = { method, headers, agent: false, signal: life.signal };
  return answerOf(await open(address, proxy, options), body);
}

/** The request, to the host itself, to the proxy in its absolute form, or through a tunnel of the proxy. */
async function open(address: URL, proxy: Proxy | undefined, options: RequestOptions): Promise<ClientRequest> {
  if (!proxy) return clientFor(address).request(address, options);
  if (address.protocol === 'https:') {
    const tunnel = await openTunnel(address, proxy, options.signal);
    return clientFor(address).request({ ...options, agent: undefined, createConnection: () => tunnel, ...endOf(address), path: `${address.pathname}${address.search}` });
  }
  const headers = { ...options.headers as object, ...loginTo(proxy) };
  const path = `${address.protocol}//${address.host}${address.pathname}${address.search}`;
  return clientFor(proxy.url).request({ ...options, ...endOf(proxy.url), path, headers });
}

function answerOf(request: ClientRequest, body: HttpRequest['body']): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // After the answer an error is one of its body, which reports it as well.
    request.on('error', reject);
    request.once('response', resolve);
    request.end(body);
  });
}

async function* piecesOf(response: IncomingMessage, failure: (error: unknown) => unknown): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
    if (!response.complete) throw new Error('the connection was closed early');
  } catch (error) {
    throw failure(error);
  }
}

const isRedirect: readonly number[] = [301, 302, 303, 307, 308];

/** The request that a redirect asks for. @throws HttpError where it is not followed */
function redirected(request: HttpRequest, status: number, location: string): HttpRequest {
  const from = new URL(request.url);
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const fault = redirectFault(from, to);
  if (fault || !to) throw new HttpError('other', `${from.host} returned ${status}, and ${fault}`);
  const keeps = status > 303 || request.method === undefined || request.method === 'GET' || request.method === 'HEAD';
  const secret = to.origin === from.origin ? [] : ['authorization', 'cookie'];
  const headersLeft = Object.fromEntries(Object.entries(request.headers ?? {}).filter(([name]) => !secret.includes(name.toLowerCase())));
  return { ...request, url: to.href, headers: headersLeft, ...(keeps ? {} : { method: 'GET', body: undefined }) };
}
