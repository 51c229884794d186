import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { environment, pause } from './environment.js';

export interface RegistryProxy {
  /** `host:port`, to be used in place of the registry's own. */
  readonly host: string;
  /** Answers this status from now on; undefined: passes everything on. */
  refuse(status: number | undefined): void;
  /** Refuses with this status to move a tag that exists, from now on, as a registry with immutable tags does. */
  keepTags(status: number): void;
  /** Holds every request back for so long from now on. */
  delay(ms: number): void;
  close(): Promise<void>;
}

/** A registry that can change its mind, as when an image is removed between the check and the pull. */
export async function registryProxy(): Promise<RegistryProxy> {
  const upstream = environment().registry;
  let status: number | undefined;
  let delayMs = 0;
  let keeps: number | undefined;
  const refuseMove = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> => {
    if (keeps === undefined || incoming.method !== 'PUT' || !/\/manifests\/(?!sha256:)/.test(incoming.url ?? '')) return false;
    const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
    if (!(await fetch(`http://${upstream}${incoming.url ?? '/'}`, { method: 'HEAD', headers: { accept } })).ok) return false;
    incoming.resume();
    outgoing.writeHead(keeps, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ errors: [{ code: 'TAG_INVALID', message: 'The image tag already exists and cannot be overwritten because the tag is immutable.' }] }));
    return true;
  };
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    if (await refuseMove(incoming, outgoing)) return;
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
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: (next) => {
      status = next;
    },
    keepTags: (next) => {
      keeps = next;
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
