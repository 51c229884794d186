import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { environment, pause } from './environment.js';

export interface RegistryProxy {
  /** `host:port`, to be used in place of the registry's own. */
  readonly host: string;
  /** Answers this status from now on; undefined: passes everything on. */
  refuse(status: number | undefined): void;
  /** Holds every request back for so long from now on. */
  delay(ms: number): void;
  close(): Promise<void>;
}

/** A registry that can change its mind, as when an image is removed between the check and the pull. */
export async function registryProxy(): Promise<RegistryProxy> {
  const upstream = environment().registry;
  let status: number | undefined;
  let delayMs = 0;
  const server = createServer((incoming, outgoing) => {
    if (status !== undefined) {
      outgoing.writeHead(status, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ errors: [{ code: status === 404 ? 'MANIFEST_UNKNOWN' : 'DENIED', message: 'the test says so' }] }));
      return;
    }
    const onward = request(`http://${upstream}${incoming.url ?? '/'}`, { method: incoming.method, headers: { ...incoming.headers, host: upstream } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    // Who has asked may be gone before the answer is: then nobody reads it to its end.
    outgoing.on('close', () => onward.destroy());
    void pause(delayMs).then(() => incoming.pipe(onward));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: (next) => {
      status = next;
    },
    delay: (ms) => {
      delayMs = ms;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
