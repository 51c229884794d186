import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { environment } from './harness/environment.js';
import { runAction, type ActionResult } from './harness/run-action.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let server: Server;
let mirror: string;
/** By path. */
let served: Record<string, Buffer>;
/** A machine with docker, and without kubectl and Helm. */
let machine: Readonly<Record<string, string>>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  served = {};
  server = createServer((request, response) => {
    const body = served[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mkdirSync(join(folder, 'bin'));
  for (const program of ['docker', 'sh', 'tar', 'gzip']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim(), join(folder, 'bin', program));
  }
  // A login of the job is written to the configuration of Docker: here to one of its own, with the builders of the sandbox.
  const { dockerConfig } = environment();
  mkdirSync(join(folder, 'docker'));
  for (const shared of ['cli-plugins', 'buildx']) symlinkSync(realpathSync(join(dockerConfig, shared)), join(folder, 'docker', shared));
  machine = { PATH: join(folder, 'bin'), DOCKER_CONFIG: join(folder, 'docker') };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const setup = (inputs: Readonly<Record<string, string>>, more: Parameters<typeof runAction>[0]['env'] = {}): Promise<ActionResult> =>
  runAction({ action: 'setup', inputs, env: { ...machine, ...more } });

function serve(path: string, body: Buffer): string {
  served[path] = body;
  return sha256(body);
}

/** As the release site of Helm packs it. */
function helmArchive(version: string): Buffer {
  mkdirSync(join(folder, 'helm', 'linux-amd64'), { recursive: true });
  writeFileSync(join(folder, 'helm', 'linux-amd64', 'helm'), `#!/bin/sh\necho v${version}\n`, { mode: 0o755 });
  return execFileSync('tar', ['-czf', '-', '-C', join(folder, 'helm'), 'linux-amd64']);
}

describe('a machine with nothing but Docker', () => {
  it('has everything afterwards, and the login only for the job', async () => {
    const { builder, authRegistry, authUsername, authPassword } = environment();
    const kubectl = Buffer.from('#!/bin/sh\necho \'{ "clientVersion": { "gitVersion": "v1.33.1" } }\'\n');
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    const logins = (): readonly string[] => readdirSync(temporary, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('config.json'))
      .map((path) => readFileSync(join(temporary, path), 'utf8'));
    let during: readonly string[] = [];
    const result = await runAction({
      action: 'setup', env: { ...machine, RUNNER_TEMP: temporary },
      inputs: {
        builder, 'platforms': 'linux/amd64,linux/arm64',
        'registry': authRegistry, 'registry-username': authUsername, 'registry-password': authPassword,
        'kubectl-version': '1.33.1', 'kubectl-url': `${mirror}/kubectl/v{version}/{os}/{arch}`, 'kubectl-sha256': serve('/kubectl/v1.33.1/linux/amd64', kubectl),
        'helm-version': '4.0.2', 'helm-url': `${mirror}/helm-v{version}-{os}-{arch}.tar.gz`, 'helm-sha256': serve('/helm-v4.0.2-linux-amd64.tar.gz', helmArchive('4.0.2')),
      },
      onLine: (line) => { if (line.startsWith('builder: ')) during = logins(); },
    });
    expect(result.log).toContain(`builder: ${builder} (remote) builds for linux/amd64`);
    expect(result.log).toContain('kubectl: 1.33.1 is installed in ');
    expect(result.log).toContain('helm: 4.0.2 is installed in ');
    expect(result.log).not.toContain(authPassword);
    expect([result.exitCode, result.outputs]).toEqual([0, {
      builder, 'platforms': expect.stringContaining('linux/arm64'), 'buildx-version': expect.stringMatching(/^\d+\.\d+\.\d+$/), 'kubectl-version': '1.33.1', 'helm-version': '4.0.2',
    }]);
    // In a configuration of the job alone, which later steps use.
    expect(during).toEqual([expect.stringContaining(authRegistry)]);
    expect([readdirSync(temporary), existsSync(join(folder, 'docker', 'config.json')), result.leftovers]).toEqual([[], false, []]);
  });

  it('is told all that is wrong with it', async () => {
    const result = await setup({ 'builder': environment().builder, 'platforms': 'linux/s390x', 'kubectl-url': `${mirror}/kubectl`, 'helm-version': '3.1.2' });
    expect(result.exitCode).toBe(1);
    const errors = result.commands.filter(({ name }) => name === 'error').map(({ message }) => message.split('\n')[0]);
    expect(errors.sort()).toEqual([
      expect.stringMatching(/^The builder ".*" cannot build for linux\/s390x: it supports linux\/amd64/),
      'helm is not on PATH, and only 4.0.4 has a checksum in this action.',
      `kubectl is not on PATH, and could not be downloaded from ${new URL(mirror).host}: it returned status 404.`,
    ]);
  });
});

describe('a machine that has everything', () => {
  it('is not changed', async () => {
    const { builder } = environment();
    const result = await setup({ builder }, { PATH: process.env['PATH'] ?? '' });
    expect(result.log).toMatch(/^kubectl: [\d.]+ is on PATH, nothing to do$/m);
    expect([result.exitCode, Object.keys(result.outputs)]).toEqual([0, ['builder', 'platforms', 'buildx-version', 'kubectl-version']]);
  });
});

it('invalid inputs end it before anything is done', async () => {
  const result = await setup({ 'parts': 'kubectl', 'kubectl-version': 'latest', 'registry-password': 'secret-of-somebody' });
  expect(result.exitCode).toBe(1);
  expect(result.commands.filter(({ name }) => name === 'error').map(({ message }) => message)).toEqual([expect.stringMatching(/^input kubectl-version: is "latest"/)]);
  expect(result.log).not.toContain('secret-of-somebody');
});
