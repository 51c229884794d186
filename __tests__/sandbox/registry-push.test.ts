import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pushFolder } from '../../sandbox/registry-push.mjs';

let folder: string;
let server: Server;
let requests: string[];
/** Path → what it holds. */
let held: Map<string, Buffer>;
let refuses: boolean;

const digestOf = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const address = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const push = (): Promise<string> => pushFolder(folder, { registry: address(), repository: 'a/b', tag: '1' });

beforeEach(async () => {
  [requests, held, refuses] = [[], new Map(), false];
  folder = mkdtempSync(join(tmpdir(), 'sandbox-push-'));
  writeFileSync(join(folder, 'config.json'), '{}');
  writeFileSync(join(folder, 'layer.tar.gz'), 'layer');
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ mediaType: 'type/of-manifest', config: { digest: digestOf('{}') }, layers: [{ digest: digestOf('layer') }] }));
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    requests.push(`${request.method} ${pathname}`);
    void buffer(request).then((body) => {
      if (refuses) return response.writeHead(500).end('no space');
      if (request.method === 'HEAD') {
        return response.writeHead(held.has(pathname) ? 200 : 404).end();
      }
      if (request.method === 'POST') return response.writeHead(202, { location: `/v2/a/b/blobs/uploads/1?state=x` }).end();
      const digest = searchParams.get('digest');
      held.set(digest ? `/v2/a/b/blobs/${digest}` : pathname, body);
      if (!digest) held.set(`/v2/a/b/manifests/${digestOf(body)}`, body);
      return response.writeHead(201).end();
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

describe('an image in a folder', () => {
  it('is pushed once, and named by its digest', async () => {
    const reference = await push();
    expect(reference).toMatch(/^127\.0\.0\.1:\d+\/a\/b:1@sha256:[0-9a-f]{64}$/);
    expect(digestOf(held.get('/v2/a/b/manifests/1') ?? '')).toBe(reference.split('@')[1]);
    expect(held.get(`/v2/a/b/blobs/${digestOf('layer')}`)?.toString()).toBe('layer');
    requests = [];
    expect(await push()).toBe(reference);
    expect(requests).toEqual([`HEAD /v2/a/b/manifests/${reference.split('@')[1]}`]);
  });

  it('replaces another image of that tag, with what the registry lacks of it', async () => {
    const [, digest] = (await push()).split('@');
    held.delete(`/v2/a/b/manifests/${digest}`);
    held.set('/v2/a/b/manifests/1', Buffer.from('another'));
    requests = [];
    await push();
    expect(requests.filter((request) => !request.startsWith('HEAD'))).toEqual(['PUT /v2/a/b/manifests/1']);
  });

  it('is an error with what the registry answers', async () => {
    refuses = true;
    await expect(push()).rejects.toThrow(/^HEAD http:\S+\/v2\/a\/b\/manifests\/sha256:\w+: 500/);
  });
});

it('names the command that starts the registry, where there is none', async () => {
  const registry = address();
  await new Promise((done) => server.close(done));
  await expect(pushFolder(folder, { registry, repository: 'a', tag: '1' })).rejects.toThrow('The registry cannot be reached (ECONNREFUSED). Start the sandbox: npm run sandbox up');
});
