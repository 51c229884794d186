import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { administrator } from './api.js';
import { pause } from './environment.js';
import { kubeconfigOf, type Space } from './namespace.js';
import { tunnel } from './upgrade-tunnel.js';

/** What goes wrong with a request. Faults add up in this order. */
export interface Fault {
  /** Only requests for which this holds; all of them unless given. */
  readonly when?: (request: { method: string; path: string }) => boolean;
  /** Holds the request back for so long. */
  readonly latencyMs?: number;
  /** Holds the request back until then. */
  readonly heldUntil?: Promise<unknown>;
  /** Cuts the connection without an answer. */
  readonly cut?: boolean;
  /** Never answers. */
  readonly hang?: boolean;
  /** Answers with this status, as the API server words it. */
  readonly status?: number;
  /** Answers 200 with a web page, as a captive portal does. */
  readonly html?: boolean;
  /** Cuts the connection after so many bytes of the real answer: in the middle of a watch, or of a list. */
  readonly cutAfterBytes?: number;
  /** For so many requests, then no more; for ever unless given. */
  readonly times?: number;
}

export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
  readonly answered: number | undefined;
  /** Status of the API server's own answer; undefined when there was none yet. */
  readonly status?: number;
}

export interface FaultProxy {
  /** A kubeconfig for the account of the space, through this proxy. */
  readonly kubeconfig: string;
  /** Requests that came, in order; `answered` is the status of a fault, `status` that of the API server. */
  readonly requests: readonly ProxiedRequest[];
  /** The first request for which this holds, once all of it has come. */
  arrived(when: (request: { method: string; path: string }) => boolean): Promise<ProxiedRequest>;
  /** From now on these faults; none: all is well. */
  set(...faults: readonly Fault[]): void;
  /** Cuts every connection and refuses new ones for so many ms, or until then. */
  outage(lasts: number | Promise<unknown>): Promise<void>;
  /** Cuts every connection now, watches above all. */
  cutAll(): void;
  close(): Promise<void>;
}

/**
 * A server between kubectl and the API server that can be told to misbehave. It speaks plain HTTP to kubectl, so it
 * can look into requests, and adds the account's token, which kubectl does not send without TLS.
 */
export async function faultProxy(space: Pick<Space, 'name' | 'token'>): Promise<FaultProxy> {
  const { access } = administrator();
  const agent = new Agent({ keepAlive: true, ca: access.ca });
  const sockets = new Set<Socket>();
  const arrivals = new EventEmitter();
  const requests: (ProxiedRequest & { status?: number })[] = [];
  let faults: { fault: Fault; left: number }[] = [];

  const server = createServer((incoming, outgoing) => {
    const seen = { method: incoming.method ?? 'GET', path: incoming.url ?? '/' };
    const active = faults.find(({ fault, left }) => left > 0 && (fault.when?.(seen) ?? true));
    if (active) active.left -= 1;
    const record: ProxiedRequest & { status?: number } = { ...seen, atMs: Math.round(performance.now()), answered: active?.fault.status };
    requests.push(record);
    const onStatus = (status: number | undefined): void => {
      record.status = status;
    };
    // The whole request first: one that is held back reaches the API server even if its sender has gone meanwhile.
    void buffer(incoming).then(
      (body) => {
        arrivals.emit('request', record);
        return misbehave(incoming, outgoing, active?.fault ?? {}, () =>
          forward(incoming, outgoing, body, { onStatus, cutAfterBytes: active?.fault.cutAfterBytes }));
      },
      () => outgoing.destroy(),
    );
  });
  // What is no HTTP any more has no faults.
  server.on('upgrade', (incoming, socket, head) => {
    const record: ProxiedRequest & { status?: number } = { method: incoming.method ?? 'GET', path: incoming.url ?? '/', atMs: Math.round(performance.now()), answered: undefined };
    requests.push(record);
    tunnel(access, space.token, incoming, socket, head, (status) => {
      record.status = status;
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });

  function forward(
    incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer,
    { onStatus, cutAfterBytes = Infinity }: { onStatus: (status: number | undefined) => void; cutAfterBytes: number | undefined },
  ): void {
    const onward = httpsRequest({
      agent, method: incoming.method, path: incoming.url, host: access.server.hostname, port: access.server.port,
      headers: { ...incoming.headers, host: access.server.host, authorization: `Bearer ${space.token}` },
    }, (answer) => {
      onStatus(answer.statusCode);
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      let passed = 0;
      answer.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        if (passed <= cutAfterBytes) outgoing.write(chunk);
        else outgoing.socket?.destroy();
      });
      answer.on('end', () => outgoing.end());
      answer.on('error', () => outgoing.socket?.destroy());
    });
    onward.on('error', () => outgoing.socket?.destroy());
    outgoing.on('close', () => onward.destroy());
    onward.end(body);
  }

  const listen = (port: number): Promise<void> => new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve());
  });
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy());
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'deploy-e2e-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf({ server: `http://127.0.0.1:${port}`, namespace: space.name }), { mode: 0o600 });

  return {
    kubeconfig, requests, cutAll,
    set: (...next) => {
      faults = next.map((fault) => ({ fault, left: fault.times ?? Infinity }));
    },
    arrived: (when) => new Promise((resolve) => {
      const look = (request: ProxiedRequest): void => {
        if (!when(request)) return;
        arrivals.off('request', look);
        resolve(request);
      };
      arrivals.on('request', look);
    }),
    outage: async (lasts) => {
      server.close();
      cutAll();
      await (typeof lasts === 'number' ? pause(lasts) : lasts);
      await listen(port);
    },
    close: async () => {
      cutAll();
      agent.destroy();
      await new Promise((done) => server.close(done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function misbehave(incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault, goOn: () => void): Promise<void> {
  if (fault.latencyMs) await pause(fault.latencyMs);
  await fault.heldUntil;
  if (fault.hang) return;
  if (fault.cut) {
    incoming.socket.destroy();
    return;
  }
  if (fault.status !== undefined) {
    outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...(fault.status === 429 ? { 'retry-after': '1' } : {}) });
    outgoing.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: fault.status, reason: reasons[fault.status] ?? '', message: 'the test says so', details: { kind: /\/namespaces\/[^/]+\/(\w+)/.exec(incoming.url ?? '')?.[1] } }));
    return;
  }
  if (fault.html) {
    outgoing.writeHead(200, { 'content-type': 'text/html' });
    outgoing.end('<!doctype html><title>Welcome</title><p>Please log in to the network.</p>');
    return;
  }
  goOn();
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized', 403: 'Forbidden', 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout',
};
