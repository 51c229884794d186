import { HttpError, type HttpTrouble } from '../ports/http.js';
import type { Proxy } from './proxy-environment.js';

/** `, through the proxy proxy.corp:3128 of HTTPS_PROXY`: without the credentials that its URL may hold. */
const through = (proxy: Proxy | undefined): string => (proxy ? `, through the proxy ${proxy.url.host} of ${proxy.variable}` : '');

export function tooSlow(address: URL, timeoutMs: number, answered: number | undefined, proxy: Proxy | undefined): HttpError {
  const seconds = `${timeoutMs / 1000} s`;
  return new HttpError('other', answered === undefined
    ? `${address.host} did not answer within ${seconds}${through(proxy)}`
    : `${address.host} returned ${answered}, but the response was not complete after ${seconds}${through(proxy)}`);
}

/** Why a redirect is not followed; undefined where it is. */
export function redirectFault(from: URL, to: URL | undefined): string | undefined {
  if (!to) return 'its Location is not a URL';
  if (to.protocol === 'https:' || to.protocol === from.protocol) return undefined;
  return `its redirect to ${to.protocol}//${to.host} is not followed, because it leaves TLS`;
}

const certificateTrouble = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|HOSTNAME_MISMATCH)/;

/** Why there was no answer, as a sentence; the original error is kept as `cause`. */
export function explain(error: NodeJS.ErrnoException, address: URL, proxy: Proxy | undefined, unused: string | undefined): HttpError {
  if (error instanceof HttpError) return error;
  // For plain HTTP only the proxy is connected to, so the failure is on the way to the proxy.
  const { host, hostname } = proxy && address.protocol === 'http:' ? proxy.url : address;
  const end = `${through(proxy)}${unused === undefined ? '' : `; ${unused}`}`;
  const [trouble, sentence] = reasonOf(error, host, hostname);
  return new HttpError(proxy && trouble !== 'certificate' ? 'other' : trouble, `${sentence}${end}`, { cause: error });
}

/** What a system error of a connection to this host means. */
export function reasonOf(error: NodeJS.ErrnoException, host: string, hostname: string): readonly [HttpTrouble, string] {
  const code = error.code ?? '';
  const sentences: Readonly<Record<string, string>> = {
    ECONNREFUSED: `${host} refused the connection: nothing is listening there`,
    ECONNRESET: `${host} closed the connection before it answered`,
    EHOSTUNREACH: `${host} cannot be reached from this machine`,
    ENETUNREACH: `${host} cannot be reached from this machine`,
    ETIMEDOUT: `${host} did not accept the connection in time`,
    EPROTO: `${host} does not speak TLS on this port`,
  };
  if (code === 'EAI_AGAIN') return ['look-up', `the name ${hostname} could not be looked up: the name server does not answer`];
  if (code === 'ENOTFOUND') return ['name', `the name ${hostname} does not exist`];
  if (certificateTrouble.test(code)) return ['certificate', `the certificate of ${host} is not trusted: ${error.message}`];
  return ['other', sentences[code] ?? `${host} did not answer: ${error.message || code}`];
}
