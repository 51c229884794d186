import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { environment } from './environment.js';

export interface RegistryProxy {
  /** `host:port`, to be used in place of the registry's own. */
  readonly host: string;
  /** Answers this status to the nodes from now on; undefined: passes everything on. Other clients are never refused. */
  refuseNodes(status: number | undefined): void;
  close(): Promise<void>;
}

/**
 * A registry that the runner sees otherwise than the nodes do, as when an image is removed between the check and the
 * pull, or a node's way to the registry is broken. Nodes are told by the user agent of containerd.
 */
export async function registryProxy(): Promise<RegistryProxy> {
  const upstream = environment().registry;
  let status: number | undefined;
  const server = createServer((incoming, outgoing) => {
    if (status !== undefined && isNode(incoming)) {
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ errors: [{ code: status === 404 ? 'MANIFEST_UNKNOWN' : 'DENIED', message: 'the test says so' }] }));
      return;
    }
    const onward = request(`http://${upstream}${incoming.url ?? '/'}`, { method: incoming.method, headers: { ...incoming.headers, host: upstream } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuseNodes: (next) => {
      status = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

const isNode = (incoming: IncomingMessage): boolean => /^containerd\//.test(incoming.headers['user-agent'] ?? '');
