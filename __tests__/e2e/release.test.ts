import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root } from '../docs/pages.js';
import { runAct, stub } from './harness/act.js';

const run = promisify(execFile);
const checkout = 'actions/checkout@d23441a48e516b6c34aea4fa41551a30e30af803';
const attest = 'actions/attest-build-provenance@a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32';

describe('the workflow that releases', () => {
  let home: string;
  let folder: string;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'act-'));
    folder = join(home, 'repository');
    for (const path of ['.github/workflows/release.yml', 'scripts/release.mjs', 'scripts/release', 'package.json', 'CHANGELOG.md']) cpSync(join(root, path), join(folder, path), { recursive: true });
    const changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8');
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog.replace('## Unreleased', '## Unreleased\n\n## 1.0.0 – 2026-12-01'));
    const git = (...args: readonly string[]) => run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder });
    await git('init', '--quiet', '--initial-branch=main');
    await git('remote', 'add', 'origin', 'https://github.com/acci/deploy-action');
    await git('add', '--all');
    await git('commit', '--quiet', '--message=release');
  });
  afterAll(() => { rmSync(home, { recursive: true, force: true }); });

  const act = (words: readonly string[]) => runAct({
    words, folder, home, path: process.env['PATH'] ?? '', actions: { [checkout]: stub(join(home, 'checkout')), [attest]: stub(join(home, 'attest')) },
  });

  it('started by hand says whether a version can be released, and its notes', async () => {
    const { jobs, said } = await act(['workflow_dispatch', '-j', 'version', '--input', 'tag=v1.0.0']);
    expect(jobs).toEqual({ version: 'success' });
    expect(said).toContain('v1.0.0 can be released, and v1 moves to it. Its notes:');
  }, 300_000);

  it('refuses a version that is not in order', async () => {
    const { jobs, said } = await act(['workflow_dispatch', '-j', 'version', '--input', 'tag=v1.0.1']);
    expect(jobs).toEqual({ version: 'failure' });
    expect(said).toContain('package.json has the version 1.0.0.');
  }, 300_000);

  it('publishes for a tag, with the notes, and moves the tag of the major version', async () => {
    const calls: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => { body += part.toString(); });
      request.on('end', () => {
        const { method = '', url = '', headers: { authorization = '' } } = request;
        if (method !== 'GET') calls.push(`${method} ${url} ${authorization} ${body.slice(0, 60)}`);
        response.writeHead(method === 'GET' && !url.includes('matching-refs') ? 404 : 200, { 'content-type': 'application/json' }).end(url.includes('matching-refs') ? '[]' : '{}');
      });
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const event = join(home, 'event.json');
    writeFileSync(event, JSON.stringify({ ref: 'refs/tags/v1.0.0', repository: { full_name: 'acci/deploy-action' } }));
    // The job alone: those that it needs take minutes, and are what `npm test` does.
    const path = join(folder, '.github', 'workflows', 'release.yml');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('    needs: [version, bundle]\n', ''));
    try {
      const { jobs, said } = await act(['push', '-j', 'publish', '-e', event, '-s', 'GITHUB_TOKEN=t0ken', '--env', `GITHUB_API_URL=http://127.0.0.1:${port}`]);
      expect({ jobs, said }).toEqual({ jobs: { publish: 'success' }, said: expect.stringContaining('The release v1.0.0 is published.') });
      expect(calls).toEqual([
        expect.stringMatching(/^POST \/repos\/acci\/deploy-action\/releases Bearer t0ken \{"tag_name":"v1\.0\.0","name":"v1\.0\.0","body":"/),
        expect.stringMatching(/^POST \/repos\/acci\/deploy-action\/git\/refs Bearer t0ken \{"ref":"refs\/tags\/v1","sha":"[0-9a-f]/),
      ]);
    } finally {
      writeFileSync(path, whole);
      server.close();
    }
  }, 300_000);
});
