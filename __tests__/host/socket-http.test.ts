import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { socketHttp } from '../../src/host/socket-http.js';
import { discard, textOf, type SocketHttp, type SocketRequest } from '../../src/ports/http.js';

let folder: string;
let server: Server;
let connections: number;
let http: SocketHttp;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'socket-'));
  connections = 0;
  server = createServer((request, response) => answer(request, response)).on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(join(folder, 's'), resolve));
  http = socketHttp(join(folder, 's'));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const ask = async (request: Partial<SocketRequest> = {}): Promise<string> => textOf(await http.request({ path: '/', timeoutMs: 5000, ...request }), 1_000_000);
const refusal = (request: Partial<SocketRequest> = {}) => ask(request).then(() => 'no error', (error: Error) => `${error.name}: ${error.message}`);

describe('a request on a socket', () => {
  it('sends what it is given, and gives what comes', async () => {
    answer = (request, response) => void request.setEncoding('utf8').on('data', (body: string) =>
      response.writeHead(201, { 'x-answer': 'yes' }).end(`${request.method} ${request.url} ${request.headers['x-a']} ${request.headers['content-length']} ${body}`));
    const response = await http.request({ path: '/a?b=c', method: 'PUT', headers: { 'x-a': 'x' }, body: 'ü', timeoutMs: 5000 });
    expect([response.status, response.headers['x-answer'], await textOf(response, 1000)]).toEqual([201, 'yes', 'PUT /a?b=c x 2 ü']);
  });
  it('takes the connection of the one before, once that was read', async () => {
    answer = (_, response) => void response.end('x'.repeat(100_000));
    for (let count = 0; count < 5; count += 1) await ask();
    expect(connections).toBe(1);
  });
  it('closes its connection where the answer is not read to its end', async () => {
    const left = new Promise((resolve) => (answer = (_, response) => void response.once('close', resolve).write('x')));
    await discard(await http.request({ path: '/', timeoutMs: 5000 }));
    await left;
  });
  it.each<[string, (response: ServerResponse) => void, Partial<SocketRequest>, string]>([
    ['nothing comes in time', () => undefined, { timeoutMs: 20 }, 'no answer in time'],
    ['the body pauses for too long', (response) => void response.write('x'), { silenceMs: 20 }, 'no answer in time'],
    ['the connection is cut before the headers', (response) => void response.destroy(), {}, 'socket hang up'],
    ['the connection is cut in the body', (response) => void response.write('x', () => response.destroy()), {}, 'the connection was closed early'],
  ])('fails when %s', async (_what, respond, request, message) => {
    answer = (_, response) => respond(response);
    expect(await refusal(request)).toBe(`HttpError: ${message}`);
  });
  it('fails where nobody listens', async () => {
    http = socketHttp(join(folder, 'other'));
    expect(await refusal()).toBe(`HttpError: connect ENOENT ${join(folder, 'other')}`);
  });
  it('waits for the next piece of a body as long as it takes, unless a limit is given', async () => {
    answer = (_, response) => {
      response.write('x');
      setTimeout(() => response.end('y'), 1500);
    };
    expect(await ask({ timeoutMs: 1000 })).toBe('xy');
  });
  it.each(['before the headers', 'in the body'])('ends with the reason of its signal %s', async (when) => {
    const stop = new AbortController();
    answer = (_, response) => {
      if (when === 'in the body') response.write('x');
      setImmediate(() => stop.abort(new Error('enough')));
    };
    expect(await refusal({ signal: stop.signal })).toBe('Error: enough');
  });
});
