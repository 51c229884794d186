import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Any } from './api.js';

/** A request that a server of a service has got. */
export interface HookRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly json: Any;
}

export interface Hooks {
  /** `https://localhost:PORT` or `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly requests: readonly HookRequest[];
  /** Those of a path. */
  to(path: string): readonly HookRequest[];
}

type Answering = (request: HookRequest, response: ServerResponse, count: number) => void;

/**
 * A server that keeps what is posted to it, and answers as the services do.
 * @param answers by path, instead of that; `count` is the number of requests to the path so far, from 1 on
 * @param keys for TLS
 */
export async function serveHooks(answers: Readonly<Record<string, Answering>> = {}, keys?: Keys): Promise<Hooks> {
  const requests: HookRequest[] = [];
  const to = (path: string): readonly HookRequest[] => requests.filter((each) => each.path === path);
  const listener: RequestListener = (incoming, response) => {
    void text(incoming).then((body) => {
      const request: HookRequest = { path: incoming.url ?? '', headers: incoming.headers, body, json: jsonOf(body) };
      requests.push(request);
      (answers[request.path] ?? asServices)(request, response, to(request.path).length);
    });
  };
  const server = keys ? createSecureServer({ key: keys.key, cert: keys.cert }, listener) : createServer(listener);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  open.add(server);
  const { port } = server.address() as AddressInfo;
  return { address: keys ? `https://localhost:${port}` : `http://127.0.0.1:${port}`, requests, to };
}

const open = new Set<Server>();

/** Closes all of them, also those of a test that has failed. */
export async function closeHooks(): Promise<void> {
  await Promise.all([...open].map((server) => new Promise<void>((resolve) => {
    server.close(() => { resolve(); });
    server.closeAllConnections();
  })));
  open.clear();
}

function jsonOf(body: string): Any {
  try {
    return JSON.parse(body) as Any;
  } catch {
    return undefined;
  }
}

const asServices: Answering = ({ path }, response) => {
  if (path.includes('/slack')) return void response.end('ok');
  if (path.includes('/teams')) return void response.writeHead(202).end();
  if (path.includes('/enqueue')) return void response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"success","message":"Event processed"}');
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":1,"message":"Annotation added"}');
};

/** A key with a certificate for localhost that nobody trusts who is not told to. */
export interface Keys {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** For NODE_EXTRA_CA_CERTS. */
  readonly certPath: string;
  remove(): void;
}

export function makeKeys(): Keys {
  const folder = mkdtempSync(join(tmpdir(), 'hooks-'));
  const [keyPath, certPath] = [join(folder, 'key'), join(folder, 'cert')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', keyPath, '-out', certPath], { stdio: 'ignore' });
  return { key: readFileSync(keyPath), cert: readFileSync(certPath), certPath, remove: () => { rmSync(folder, { recursive: true, force: true }); } };
}
