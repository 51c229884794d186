import type { ClientRequest } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { HttpError } from '../ports/http.js';
import { reasonOf } from './http-errors.js';
import { clientFor } from './http-module.js';
import { endOf, loginTo, type Proxy } from './proxy-environment.js';

/**
 * A connection to a host of https that the proxy has made, encrypted to that host.
 * @param trust `any`: the certificate of the host is not checked, for those who only want to look at it
 * @throws HttpError when the proxy cannot be reached, or does not connect
 */
export async function openTunnel(address: URL, proxy: Proxy, signal: AbortSignal | undefined, trust: 'checked' | 'any' = 'checked'): Promise<TLSSocket> {
  const target = `${address.hostname}:${address.port || 443}`;
  const headers = { host: target, ...loginTo(proxy) };
  const socket = await connected(clientFor(proxy.url).request({ ...endOf(proxy.url), method: 'CONNECT', path: target, headers, agent: false, signal }), target, proxy);
  return process.getBuiltinModule('node:tls').connect({ socket, ...toHost(address), rejectUnauthorized: trust === 'checked' });
}

/** The name by which TLS connects. An IP address is not sent as server name, but its certificate must still name it. */
export function toHost(address: URL): { readonly host: string; readonly servername: string } {
  const { host } = endOf(address);
  return { host, servername: isIP(host) > 0 ? '' : host };
}

function connected(request: ClientRequest, target: string, proxy: Proxy): Promise<Duplex> {
  const named = `the proxy ${proxy.url.host} of ${proxy.variable}`;
  return new Promise((resolve, reject) => {
    request.once('connect', ({ statusCode = 0, statusMessage = '' }, socket) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(socket);
      socket.destroy();
      const why = statusCode === 407 ? ': it requires a login, which is set in its URL: http://USER:PASSWORD@HOST' : '';
      reject(new HttpError('other', `${named} did not connect to ${target}: it returned ${`${statusCode} ${statusMessage}`.trim()}${why}`));
    });
    // An ordinary response to CONNECT: the server is not a proxy.
    request.once('response', (response) => {
      response.destroy();
      reject(new HttpError('other', `${named} did not connect to ${target}: it returned ${response.statusCode ?? 0}`));
    });
    request.once('error', (error) => {
      reject(new HttpError('other', `${named} did not connect to ${target}: ${reasonOf(error, proxy.url.host, proxy.url.hostname)[1]}`, { cause: error }));
    });
    request.end();
  });
}
