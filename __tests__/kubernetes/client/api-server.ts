import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One request as the server saw it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answering {
  readonly asked: Asked;
  json(body: unknown, status?: number): void;
  text(body: string, status?: number, headers?: Readonly<Record<string, string>>): void;
  /** A Status object, as the API server answers when it refuses. */
  refuse(status: number, reason: string, message: string): void;
  /** A watch: the lines are sent as they come, until `end` or `cut`. */
  stream(): Stream;
  /** Ends the connection without an answer. */
  cut(): void;
  /** Answers the beginning and then cuts. */
  cutAfter(text: string): void;
}

export interface Stream {
  send(...lines: readonly unknown[]): void;
  raw(text: string): void;
  end(): void;
  cut(): void;
  /** Resolves when nobody reads it any more. */
  readonly left: Promise<void>;
}

export interface ApiServer {
  readonly socketPath: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/** A server on a unix socket that answers as the test says, in the place of `kubectl proxy`. */
export async function serveApi(answer: (answering: Answering) => void, socketPath?: string): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'api-'));
  const path = socketPath ?? join(folder, 'api.sock');
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const one = { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers: request.headers, body };
      asked.push(one);
      answer(answering(one, request, response));
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    socketPath: path, asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answering(asked: Asked, request: IncomingMessage, response: ServerResponse): Answering {
  const text = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): void => void response.writeHead(status, headers).end(body);
  const json = (body: unknown, status = 200): void => text(JSON.stringify(body), status, { 'content-type': 'application/json' });
  return {
    asked, json, text,
    refuse: (status, reason, message) => json({ kind: 'Status', status: 'Failure', reason, message, code: status }, status),
    stream: () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      return {
        send: (...lines) => void response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
        raw: (part) => void response.write(part),
        end: () => void response.end(),
        cut: () => void request.socket.destroy(),
        left: new Promise((resolve) => response.once('close', () => resolve())),
      };
    },
    cut: () => void request.socket.destroy(),
    cutAfter: (part) => {
      response.writeHead(200, { 'content-length': String(part.length + 100) });
      response.write(part, () => request.socket.destroy());
    },
  };
}
