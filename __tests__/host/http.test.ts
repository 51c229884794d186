import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttp } from '../../src/host/http.js';
import { createProcessRunner } from '../../src/host/process.js';
import { textOf, type HttpRequest } from '../../src/ports/http.js';
import { compileSource } from './compile-source.js';

const nodeHttp = createHttp({});
/** The answer with the first 64 KiB of its body. */
async function get(url: string, options: Omit<HttpRequest, 'url'> = { timeoutMs: 5000 }) {
  const response = await nodeHttp.request({ url, ...options });
  return { ...response, body: await textOf(response, 64 * 1024) };
}

const answers: Record<string, RequestListener> = {
  '/ok': (_request, response) => response.setHeader('Set-Cookie', ['a=1', 'b=2']).end('fine ✓'),
  '/echo': (request, response) => response.end(JSON.stringify(request.headers)),
  '/body': (request, response) => void request.pipe(response.writeHead(200, { 'x-method': request.method ?? '', 'x-length': request.headers['content-length'] ?? '' })),
  '/moved': (_request, response) => response.writeHead(302, { location: '/ok' }).end(),
  '/broken': (_request, response) => response.writeHead(503).end('down'),
  '/big': (_request, response) => response.end('x'.repeat(1_000_000)),
  '/silent': () => undefined,
  '/half': (_request, response) => response.writeHead(200).write('begun'),
  '/cut': (_request, response) => response.destroy(),
};
const listen = (server: Server) => new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
});

describe('an HTTP request', () => {
  const server = createServer((request, response) => answers[request.url ?? '']?.(request, response));
  let base: string;
  beforeAll(async () => {
    base = `http://127.0.0.1:${await listen(server)}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  it('gives status, headers and body', async () => {
    expect(await get(`${base}/ok`)).toMatchObject({ status: 200, body: 'fine ✓', headers: { 'set-cookie': 'a=1, b=2' } });
    expect(await get(`${base}/broken`)).toMatchObject({ status: 503, body: 'down' });
  });

  it('sends a method and a body', async () => {
    for (const body of ['{"text":"✓"}', Buffer.from('{"text":"✓"}')]) {
      expect(await get(`${base}/body`, { method: 'POST', body, timeoutMs: 5000 })).toMatchObject({ body: '{"text":"✓"}', headers: { 'x-method': 'POST', 'x-length': '14' } });
    }
  });

  it('gives the headers before the body is there, and fails when the rest does not come', async () => {
    const response = await nodeHttp.request({ url: `${base}/half`, timeoutMs: 2000 });
    const pieces: string[] = [];
    const reading = (async () => {
      for await (const piece of response.body) pieces.push(Buffer.from(piece).toString());
    })();
    await expect(reading).rejects.toMatchObject({ trouble: 'other', message: expect.stringMatching(/returned 200, but the response was not complete after 2 s$/) });
    expect(pieces).toEqual(['begun']);
  });

  it('does not follow redirects', async () => {
    expect(await get(`${base}/moved`)).toMatchObject({ status: 302, headers: { location: '/ok' } });
  });

  it('sends the headers asked for, on a connection of its own', async () => {
    const { body } = await get(`${base}/echo`, { timeoutMs: 5000, headers: { 'x-request-id': '7' } });
    expect(JSON.parse(body)).toMatchObject({ 'x-request-id': '7', 'user-agent': 'deploy-action', 'connection': 'close' });
  });

  it('reads no more than 64 KiB', async () => {
    expect((await get(`${base}/big`)).body).toBe('x'.repeat(64 * 1024));
  });

  it.each([
    ['/silent', 200, /^127\.0\.0\.1:\d+ did not answer within 0\.2 s$/],
    // On a busy machine the headers take their time.
    ['/half', 2000, /^127\.0\.0\.1:\d+ returned 200, but the response was not complete after 2 s$/],
    ['/cut', 5000, /^127\.0\.0\.1:\d+ closed the connection before it answered$/],
  ])('says why there was no answer: %s', async (path, timeoutMs, message) => {
    await expect(get(base + path, { timeoutMs })).rejects.toThrow(message);
  });

  it('says that nothing listens, and that a name does not exist', async () => {
    const closed = createServer();
    const port = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    await expect(get(`http://127.0.0.1:${port}/`, { timeoutMs: 5000 })).rejects.toThrow(/refused the connection: nothing is listening there/);
    await expect(get('http://nowhere.invalid/', { timeoutMs: 5000 })).rejects.toThrow(/the name nowhere\.invalid (does not exist|could not be looked up)/);
  });

  it('is stopped by the signal, with its reason', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const request = get(`${base}/silent`, { timeoutMs: 60_000, signal: abort.signal });
    abort.abort(reason);
    await expect(request).rejects.toBe(reason);
    await expect(get(`${base}/ok`, { timeoutMs: 1, signal: abort.signal })).rejects.toBe(reason);
  });
});

describe('an HTTPS request', () => {
  let folder: string;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'http-test-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
      '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    server = createSecureServer({ key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) },
      (_request, response) => response.end('private'));
    url = `https://localhost:${await listen(server)}/`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  it('says that a certificate is not trusted', async () => {
    await expect(get(url, { timeoutMs: 5000 })).rejects.toThrow(/^the certificate of localhost:\d+ is not trusted: self-signed/);
  });

  it('says that the other side does not speak TLS', async () => {
    const plain = createServer();
    const port = await listen(plain);
    await expect(get(`https://127.0.0.1:${port}/`, { timeoutMs: 5000 })).rejects.toThrow(/does not speak TLS/);
    plain.close();
  });

  it('trusts the authority that NODE_EXTRA_CA_CERTS names', async () => {
    const compiled = await compileSource();
    try {
      const script = `const { createHttp } = await import(process.argv[1]);
        const { body } = await createHttp(process.env).request({ url: process.argv[2], timeoutMs: 5000 });
        for await (const piece of body) console.log(String(piece));`;
      const exited = await createProcessRunner().run({
        program: process.execPath,
        args: ['--input-type=module', '-e', script, `${compiled}/host/http.js`, url],
        env: { NODE_EXTRA_CA_CERTS: join(folder, 'cert'), NODE_OPTIONS: '' },
      });
      expect(exited).toMatchObject({ code: 0, stdout: 'private\n' });
    } finally {
      await rm(compiled, { recursive: true });
    }
  });
});
