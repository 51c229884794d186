import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Answer, Call } from './call.js';
import { GitHubServer } from './github.js';

export interface RunningGitHub extends GitHubServer {
  /** For GITHUB_API_URL. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface GitHubOptions {
  /** `owner/name`; acme/app, which the harness names to the action, unless given. */
  readonly repository?: string;
  /** Path of the API: `/api/v3` as on GitHub Enterprise Server; none unless given. */
  readonly base?: string;
  /** Speaks TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts GitHub's API on a port of loopback. */
export async function startGitHub({ repository, base = '', tls }: GitHubOptions = {}): Promise<RunningGitHub> {
  const github = new GitHubServer(repository);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    serve(github, base, request, response).catch((error: unknown) => {
      github.problems.push(`the test's GitHub failed: ${String(error)}`);
      response.destroy();
    });
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(github, { port, url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}${base}`, close: () => closed(server) });
}

async function serve(github: GitHubServer, base: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = await callOf(request, base);
  if (!call) {
    github.problems.push(`${request.method} ${request.url} is not below ${base}`);
    send(response, { status: 404, body: { message: 'Not Found' } }, '');
    return;
  }
  const faults = github.receive(call);
  for (const fault of faults) if (fault.kind === 'slow') await new Promise((done) => setTimeout(done, fault.ms));
  const fault = faults.find(({ kind }) => kind !== 'slow');
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'reset') return void request.socket.destroy();
  const answer = fault?.kind === 'answer' ? fault.answer : github.answer(call);
  if (fault?.kind === 'lost') return void request.socket.destroy();
  send(response, answer, `http://${request.headers.host}${base}`);
}

async function callOf(request: IncomingMessage, base: string): Promise<Call | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!url.pathname.startsWith(`${base}/`)) return undefined;
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    method: request.method ?? 'GET', path: decodeURIComponent(url.pathname.slice(base.length)), query: Object.fromEntries(url.searchParams),
    body: text === '' ? undefined : JSON.parse(text), headers: request.headers as Record<string, string>,
  };
}

let requests = 0;

/** @param server for links to other pages */
function send(response: ServerResponse, { status, body, headers = {} }: Answer, server: string): void {
  requests += 1;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8', 'x-github-request-id': `TEST:${requests}`, 'x-ratelimit-remaining': '999', ...headers,
    ...headers['link'] !== undefined && { link: headers['link'].replaceAll('{server}', server) },
  });
  response.end(typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body));
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}
