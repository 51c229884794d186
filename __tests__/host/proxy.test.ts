import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttp } from '../../src/host/http.js';
import { createProcessRunner } from '../../src/host/process.js';
import { HttpError, textOf } from '../../src/ports/http.js';
import { compileSource } from './compile-source.js';

const listen = (server: Server) => new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
});

/** A proxy that knows one name, `shop.example`, by where it leads to; it notes what it was asked for. */
class TestProxy {
  readonly requests: string[] = [];
  readonly logins: (string | undefined)[] = [];
  refuses: number | undefined;
  upstream = 0;
  readonly server = createServer((request, response) => {
    this.note(request);
    if (this.refuses !== undefined) response.writeHead(this.refuses).end('refused by the proxy');
    else response.writeHead(200, { 'x-host': request.headers.host ?? '' }).end(`proxied ${request.url}`);
  });
  constructor() {
    this.server.on('connect', (request: IncomingMessage, socket: Duplex) => {
      this.note(request);
      socket.on('error', () => undefined);
      if (this.refuses !== undefined) return void socket.end(`HTTP/1.1 ${this.refuses} No\r\n\r\n`, () => socket.destroy());
      const up = connect(this.upstream, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        up.pipe(socket).pipe(up);
      });
      up.on('error', () => socket.destroy());
    });
  }
  private note(request: IncomingMessage): void {
    this.requests.push(`${request.method} ${request.url}`);
    this.logins.push(request.headers['proxy-authorization']);
  }
}

describe('a request through a proxy', () => {
  const proxy = new TestProxy();
  let folder: string;
  let secure: Server;
  let port: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'proxy-test-'));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
      '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    secure = createSecureServer({ key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) },
      (request, response) => response.end(`private ${request.headers.host}${request.url}`));
    proxy.upstream = await listen(secure);
    port = await listen(proxy.server);
  });
  afterAll(() => {
    for (const server of [proxy.server, secure]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  });
  const ask = async (url: string, env: Record<string, string>, direct = false) => {
    const response = await createHttp(env).request({ url, timeoutMs: 5000, direct });
    return { ...response, body: await textOf(response, 1000) };
  };
  const at = (login = '') => `http://${login}127.0.0.1:${port}`;

  it('reaches a name that only the proxy knows, and says through whom', async () => {
    proxy.requests.length = 0;
    expect(await ask('http://shop.example/health?a=1', { HTTP_PROXY: at() })).toMatchObject(
      { status: 200, body: 'proxied http://shop.example/health?a=1', headers: { 'x-host': 'shop.example' }, proxy: `127.0.0.1:${port}` });
    expect(proxy.requests).toEqual(['GET http://shop.example/health?a=1']);
  });
  it('sends the login of its URL', async () => {
    proxy.logins.length = 0;
    await ask('http://shop.example/', { http_proxy: at('me:p%40ss@') });
    expect(proxy.logins).toEqual([`Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  });
  it('is not made where NO_PROXY or the caller says so', async () => {
    proxy.requests.length = 0;
    await expect(ask('http://nowhere.invalid/', { HTTP_PROXY: at(), NO_PROXY: '.invalid' })).rejects.toThrow(/the name nowhere\.invalid (does not exist|could not be looked up)/);
    await expect(ask('http://nowhere.invalid/', { HTTP_PROXY: at() }, true)).rejects.toThrow('nowhere.invalid');
    expect(proxy.requests).toEqual([]);
  });
  it('of https is encrypted to the host, not to the proxy, and its certificate is checked', async () => {
    proxy.requests.length = 0;
    await expect(ask('https://shop.example/x', { HTTPS_PROXY: at() })).rejects.toMatchObject(
      { trouble: 'certificate', message: expect.stringMatching(/^the certificate of shop\.example is not trusted: .*, through the proxy 127\.0\.0\.1:\d+ of HTTPS_PROXY$/) });
    expect(proxy.requests).toEqual(['CONNECT shop.example:443']);
    const compiled = await compileSource();
    try {
      const script = `const { createHttp } = await import(process.argv[1]);
        const { body } = await createHttp(process.env).request({ url: process.argv[2], timeoutMs: 5000 });
        for await (const piece of body) console.log(String(piece));`;
      const trusting = (url: string) => createProcessRunner().run({
        program: process.execPath, args: ['--input-type=module', '-e', script, `${compiled}/host/http.js`, url],
        env: { NODE_EXTRA_CA_CERTS: join(folder, 'cert'), NODE_OPTIONS: '', HTTPS_PROXY: at('me:hunter22@') },
      });
      expect(await trusting('https://shop.example/x?y=1')).toMatchObject({ code: 0, stdout: 'private shop.example/x?y=1\n' });
      const other = await trusting('https://other.example/');
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('the certificate of other.example is not trusted')]);
      expect(other.stderr).not.toContain('hunter22');
    } finally {
      rmSync(compiled, { recursive: true });
    }
  });
  it.each([[407, 'it returned 407 No: it requires a login, which is set in its URL'], [502, 'it returned 502 No']])(
    'that is refused with %i says that it was the proxy', async (status, words) => {
      proxy.refuses = status;
      try {
        await expect(ask('https://shop.example/', { HTTPS_PROXY: at('me:hunter22@') })).rejects.toThrow(`the proxy 127.0.0.1:${port} of HTTPS_PROXY did not connect to shop.example:443: ${words}`);
        await expect(ask('https://shop.example/', { HTTPS_PROXY: at('me:hunter22@') })).rejects.not.toThrow('hunter22');
        expect(await ask('http://shop.example/', { HTTP_PROXY: at() })).toMatchObject({ status, proxy: `127.0.0.1:${port}` });
      } finally {
        proxy.refuses = undefined;
      }
    });
  it.each(['http', 'https'])('of %s to a proxy that is not there says so, and is no fault of the name', async (scheme) => {
    const closed = createServer();
    const gone = await listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const env = { HTTP_PROXY: `http://127.0.0.1:${gone}`, HTTPS_PROXY: `http://127.0.0.1:${gone}` };
    await expect(ask(`${scheme}://shop.example/`, env)).rejects.toThrow(/127\.0\.0\.1:\d+ refused the connection: nothing is listening there/);
    const named = ask(`${scheme}://shop.example/`, { HTTP_PROXY: 'http://nowhere.invalid', HTTPS_PROXY: 'http://nowhere.invalid' });
    await expect(named).rejects.toMatchObject({ trouble: 'other', message: expect.stringContaining('nowhere.invalid') });
  });
  it('that the environment cannot describe is not made in another way', async () => {
    await expect(ask('http://shop.example/', { HTTP_PROXY: 'http://me:hunter22@' })).rejects.toEqual(
      new HttpError('other', 'shop.example was not requested: HTTP_PROXY is not the URL of a proxy'));
    await expect(ask('http://nowhere.invalid/', { HTTP_PROXY: 'socks5://127.0.0.1:1' })).rejects.toThrow('HTTP_PROXY names a proxy of type socks5, which is not supported');
  });
});

describe('redirects', () => {
  const seen: IncomingMessage[] = [];
  const other = createServer((request, response) => {
    seen.push(request);
    response.end('there');
  });
  let elsewhere = '';
  const server = createServer((request, response) => {
    seen.push(request);
    const to = { '/here': '/end', '/loop': '/loop', '/away': elsewhere, '/odd': 'http://' }[request.url ?? ''];
    if (to === undefined) response.end(`${request.method} ${request.url}`);
    else response.writeHead(request.method === 'POST' ? 303 : 302, { location: to }).end('moved');
  });
  let base: string;
  beforeAll(async () => {
    base = `http://127.0.0.1:${await listen(server)}`;
    elsewhere = `http://localhost:${await listen(other)}/`;
  });
  afterAll(() => {
    for (const each of [server, other]) {
      each.closeAllConnections();
      each.close();
    }
  });
  const follow = async (path: string, more: object = {}) => {
    const response = await createHttp({}).request({ url: base + path, timeoutMs: 5000, maxRedirects: 3, ...more });
    return { status: response.status, body: await textOf(response, 1000) };
  };

  it('are followed as often as it is allowed', async () => {
    expect(await follow('/here')).toEqual({ status: 200, body: 'GET /end' });
    expect(await follow('/here', { method: 'POST', body: 'x' })).toEqual({ status: 200, body: 'GET /end' });
    expect(await follow('/here', { maxRedirects: 0 })).toEqual({ status: 302, body: 'moved' });
    expect(await follow('/loop')).toEqual({ status: 302, body: 'moved' });
    await expect(follow('/odd')).rejects.toThrow('its Location is not a URL');
  });
  it('take no credentials to another host', async () => {
    seen.length = 0;
    expect(await follow('/away', { headers: { 'Authorization': 'Bearer hunter22', 'x-id': '7' } })).toEqual({ status: 200, body: 'there' });
    expect(seen.map(({ headers }) => [headers.authorization, headers['x-id']])).toEqual([['Bearer hunter22', '7'], [undefined, '7']]);
  });
});
