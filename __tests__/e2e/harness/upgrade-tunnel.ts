import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { Access } from './api.js';

/**
 * Passes a connection on that stops being HTTP (`kubectl exec`), as the account of the token.
 * @param onStatus of the API server
 */
export function tunnel(access: Access, token: string, incoming: IncomingMessage, socket: Duplex, head: Buffer, onStatus: (status: number) => void): void {
  const { hostname, port, host } = access.server;
  const onward = connect({ host: hostname, port: Number(port), ca: access.ca, ALPNProtocols: ['http/1.1'] });
  const names = incoming.rawHeaders.filter((_, index) => index % 2 === 0);
  const headers = names.map((name, index) => [name, incoming.rawHeaders[index * 2 + 1] ?? ''] as const).filter(([name]) => !/^(?:host|authorization)$/i.test(name));
  const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${token}`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  onward.write(`${lines.join('\r\n')}\r\n\r\n`);
  onward.write(head);
  onward.once('data', (chunk: Buffer) => { onStatus(Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1])); });
  for (const [one, other] of [[socket, onward], [onward, socket]] as const) one.pipe(other).on('error', () => one.destroy());
}
