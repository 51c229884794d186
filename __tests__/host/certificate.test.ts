import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttp } from '../../src/host/http.js';

const listen = (server: Server) => new Promise<number>((resolve) => {
  server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
});

describe('the certificate of a host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-test-'));
  const sockets = new Set<Duplex>();
  const requests: string[] = [];
  // Accepts connections and says nothing.
  const silent = createTcpServer((socket) => void sockets.add(socket.on('error', () => undefined)));
  const proxy = createServer();
  let secure: Server;
  let port: number;
  let [startsAt, expiresAt] = [0, 0];
  beforeAll(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '9', '-subj', '/CN=shop.example',
      '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    const cert = readFileSync(join(folder, 'cert'));
    const { validFrom, validTo } = new X509Certificate(cert);
    [startsAt, expiresAt] = [Date.parse(validFrom), Date.parse(validTo)];
    secure = createSecureServer({ key: readFileSync(join(folder, 'key')), cert }, (request, response) => {
      requests.push(request.url ?? '');
      response.end();
    });
    port = await listen(secure);
    proxy.on('connect', (request: IncomingMessage, socket: Duplex) => {
      requests.push(`CONNECT ${request.url}`);
      const up = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        up.pipe(socket).pipe(up);
      });
      for (const end of [socket, up]) end.on('error', () => undefined);
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of [secure, silent, proxy]) server.close();
    rmSync(folder, { recursive: true });
  });

  it('is read although nobody trusts it, and nothing is requested', async () => {
    expect(await createHttp({}).certificate({ url: `https://127.0.0.1:${port}/path`, timeoutMs: 5000 })).toEqual({ startsAt, expiresAt });
    expect(requests).toEqual([]);
  });
  it('is read through a proxy', async () => {
    const env = { HTTPS_PROXY: `http://127.0.0.1:${await listen(proxy)}` };
    expect(await createHttp(env).certificate({ url: 'https://shop.example', timeoutMs: 5000 })).toEqual({ startsAt, expiresAt });
    expect(requests).toEqual(['CONNECT shop.example:443']);
  });
  it('is not waited for indefinitely', async () => {
    const url = `https://127.0.0.1:${await listen(silent)}`;
    await expect(createHttp({}).certificate({ url, timeoutMs: 200 })).rejects.toMatchObject({ name: 'HttpError', message: expect.stringMatching(/did not complete a TLS handshake within 0\.2 s$/) });
    const stop = new AbortController();
    const waiting = createHttp({}).certificate({ url, timeoutMs: 60_000, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
  it('is not there where nothing speaks TLS', async () => {
    const plain = createServer((_request, response) => response.end('plain'));
    const plainPort = await listen(plain);
    await expect(createHttp({}).certificate({ url: `https://127.0.0.1:${plainPort}`, timeoutMs: 5000 })).rejects.toMatchObject({ name: 'HttpError' });
    await new Promise((resolve) => plain.close(resolve));
    await expect(createHttp({}).certificate({ url: `https://127.0.0.1:${plainPort}`, timeoutMs: 5000 })).rejects.toThrow(/refused the connection/);
    await expect(createHttp({ HTTPS_PROXY: 'http://' }).certificate({ url: 'https://shop.example', timeoutMs: 5000 })).rejects.toThrow(/HTTPS_PROXY is not the URL of a proxy/);
  });
});
