import type { TLSSocket } from 'node:tls';
import { HttpError, type Certificate, type Http } from '../ports/http.js';
import { explain } from './http-errors.js';
import { wayTo, type Proxy } from './proxy-environment.js';
import { openTunnel, toHost } from './tunnel.js';

type CertificateRequest = Parameters<Http['certificate']>[0];

/** See `Http.certificate`. */
export async function peerCertificate(
  { url, timeoutMs, signal, direct = false }: CertificateRequest, env: Readonly<Record<string, string | undefined>>,
): Promise<Certificate> {
  const address = new URL(url);
  const way = direct ? { kind: 'direct' as const } : wayTo(address, env);
  if (way.kind === 'unusable') throw new HttpError('other', `${address.host} was not requested: ${way.why}`);
  const proxy = way.kind === 'proxy' ? way.proxy : undefined;
  const over = new AbortController();
  const late = (): Error => new HttpError('other', `${address.host} did not complete a TLS handshake within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => over.abort(late()), timeoutMs);
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  try {
    return await handshake(await connect(address, proxy, either), either);
  } catch (error) {
    throw either.aborted ? either.reason : explain(error as NodeJS.ErrnoException, address, proxy, undefined);
  } finally {
    clearTimeout(timer);
  }
}

async function connect(address: URL, proxy: Proxy | undefined, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted();
  if (proxy) return openTunnel(address, proxy, signal, 'any');
  return process.getBuiltinModule('node:tls').connect({ ...toHost(address), port: Number(address.port || 443), rejectUnauthorized: false });
}

function handshake(socket: TLSSocket, signal: AbortSignal): Promise<Certificate> {
  return new Promise<Certificate>((resolve, reject) => {
    const stop = (): void => void socket.destroy(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed early')));
    socket.once('secureConnect', () => {
      // `Nov 30 12:00:00 2026 GMT`; empty if the host presents none.
      const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
      const [startsAt, expiresAt] = [Date.parse(from), Date.parse(to)];
      if (Number.isNaN(startsAt) || Number.isNaN(expiresAt)) reject(new Error('it presents no certificate'));
      else resolve({ startsAt, expiresAt });
    });
  }).finally(() => socket.destroy());
}
