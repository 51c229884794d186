import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles } from '../../../src/host/files.js';
import { createHttp } from '../../../src/host/http.js';
import { findKubectl } from '../../../src/kubernetes/client/kubectl.js';
import { installKubectl, kubectlRelease } from '../../../src/kubernetes/client/kubectl-install.js';
import type { Machine } from '../../../src/ports/machine.js';
import type { ClusterConfig } from '../../../src/config/config.js';
import { CommandError } from '../../../src/outcome/errors.js';
import { fakePorts } from './fake-ports.js';

const program = '#!/bin/sh\necho kubectl\n';
const sha256 = createHash('sha256').update(program).digest('hex');
const architecture = 'amd64';

let server: Server;
let asked: string[];
let answer: { readonly status: number; readonly body: string };
/** Statuses that come before the answer. */
let first: number[];
let folder: string;
let host: string;

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: program };
  first = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(first.shift() ?? answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), 'tools-'));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const config = (settings: ClusterConfig = {}): ClusterConfig => ({ kubectlUrl: `http://${host}/v{version}/{os}/{arch}/kubectl`, kubectlSha256: sha256, ...settings });

/** The world of a runner, or of a terminal where there is no tool cache. */
function world(env: Readonly<Record<string, string | undefined>> = { RUNNER_TOOL_CACHE: join(folder, 'cache') }) {
  return { ...fakePorts({ http: createHttp({}), env }), files: createFiles(folder) };
}

async function refusal(settings: ClusterConfig): Promise<readonly [string, string, string]> {
  const error = await installKubectl(world(), settings).then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof CommandError)) throw new Error(`no CommandError: ${String(error)}`);
  return [error.code, error.message, error.hint];
}

describe('a kubectl that is not on PATH', () => {
  it('is downloaded from the address of the settings, checked, and can be run', async () => {
    const ports = world();
    const path = await installKubectl(ports, config());
    expect(await readFile(path, 'utf8')).toBe(program);
    expect((await stat(path)).mode & 0o111).toBe(0o111);
    expect(asked).toEqual([`/v${kubectlRelease.version}/linux/${architecture}/kubectl`]);
    expect(ports.lines).toEqual([`info kubectl is not on PATH: installing ${kubectlRelease.version} from ${host}`]);
  });

  it('is taken from the cache the next time', async () => {
    const first = await installKubectl(world(), config());
    const ports = world();
    expect(await installKubectl(ports, config())).toBe(first);
    expect([asked.length, ports.lines]).toEqual([1, []]);
  });

  it('is not taken from the cache when another checksum is trusted', async () => {
    await installKubectl(world(), config());
    answer = { status: 200, body: 'another build' };
    const other = createHash('sha256').update('another build').digest('hex');
    expect(await readFile(await installKubectl(world(), config({ kubectlSha256: other })), 'utf8')).toBe('another build');
  });

  it('is never run when it is not what is pinned', async () => {
    answer = { status: 200, body: 'something else' };
    const actual = createHash('sha256').update('something else').digest('hex');
    expect(await refusal(config())).toEqual([
      'tool-missing', `The kubectl from ${host} has the checksum ${actual} instead of the pinned ${sha256}. It was not run.`,
      'Check `kubectl-url`: the server returns a different file. For another version, set `kubectl-sha256` to the checksum that you trust.',
    ]);
    answer = { status: 200, body: program };
    expect(await readFile(await installKubectl(world(), config()), 'utf8')).toBe(program);
  });

  it('that nobody serves is told, with what to do', async () => {
    answer = { status: 404, body: 'no' };
    expect(await refusal(config())).toEqual([
      'tool-missing', `kubectl is not on PATH, and could not be downloaded from ${host}: it returned status 404.`,
      'Install kubectl in an earlier step of the job. Or set `kubectl-url` to a mirror that this machine can reach.',
    ]);
  });
});

describe('a machine for which there is no kubectl', () => {
  const on = (machine: Machine, settings: ClusterConfig = {}) =>
    installKubectl({ ...world(), machine }, settings).catch((error: unknown) => (error as Error).message);
  it('is named', async () => {
    expect(await on({ system: 'darwin', architecture: 'arm64' })).toBe('kubectl is not on PATH, and there is no pinned version for darwin/arm64.');
    expect(await on({ system: 'linux', architecture: 's390x' })).toBe('kubectl is not on PATH, and there is no pinned version for linux/s390x.');
  });
  it('gets that of its own processor', async () => {
    await on({ system: 'linux', architecture: 'arm64' }, config());
    expect(asked).toEqual([`/v${kubectlRelease.version}/linux/arm64/kubectl`]);
  });
});

describe('a kubectl that is installed', () => {
  const cached = () => join(folder, `cache/kubectl/${kubectlRelease.version}-${sha256.slice(0, 12)}/${architecture}`);
  it('is in the tool cache of the runner as its other tools are', async () => {
    expect(await installKubectl(world(), config())).toBe(join(cached(), 'kubectl'));
    expect((await stat(`${cached()}.complete`)).isFile()).toBe(true);
  });
  it('is in the cache of the user in a terminal', async () => {
    expect(await installKubectl(world({ HOME: folder }), config())).toMatch(`${folder}/.cache/deploy-action/kubectl/`);
    expect(await installKubectl(world({ HOME: '/', XDG_CACHE_HOME: folder }), config())).toMatch(`${folder}/deploy-action/kubectl/`);
  });
  it('is for this run only where it cannot be kept', async () => {
    await writeFile(join(folder, 'file'), '');
    const ports = world({ RUNNER_TOOL_CACHE: join(folder, 'file') });
    expect(await readFile(await installKubectl(ports, config()), 'utf8')).toBe(program);
    expect(ports.lines[1]).toMatch(/^info kubectl cannot be stored in .* and is downloaded for this run only: /);
    expect(await readFile(await installKubectl(world({}), config()), 'utf8')).toBe(program);
  });
  it('is not run when somebody changed it in the cache', async () => {
    const path = await installKubectl(world(), config());
    await writeFile(path, 'something else');
    expect(await readFile(await installKubectl(world(), config()), 'utf8')).toBe(program);
  });
  it('is downloaded after the mirror was away for a moment', async () => {
    first = [503, 429];
    const ports = world();
    expect(await readFile(await installKubectl(ports, config()), 'utf8')).toBe(program);
    expect(ports.lines.slice(1)).toEqual([
      'warning kubectl could not be downloaded. Trying again in 2 s: it returned status 503',
      'warning kubectl could not be downloaded. Trying again in 6 s: it returned status 429',
    ]);
  });
  it('leaves nothing behind of what was not taken', async () => {
    answer = { status: 200, body: 'something else' };
    await refusal(config());
    expect(await readdir(cached())).toEqual([]);
  });
});

describe('kubectl', () => {
  it('is the first on PATH that can be run', async () => {
    const ports = fakePorts({ env: { PATH: ':/empty:/one:/two' }, executables: ['/one/kubectl', '/two/kubectl'] });
    expect(await findKubectl(ports, config())).toBe('/one/kubectl');
  });
  it('is installed when there is none', async () => {
    expect(await readFile(await findKubectl(world({ HOME: folder }), config()), 'utf8')).toBe(program);
  });
});

it('the pinned kubectl comes from the project’s own address', () => {
  expect(new URL(kubectlRelease.url).host).toBe('dl.k8s.io');
  for (const each of Object.values(kubectlRelease.sha256)) expect(each).toMatch(/^[0-9a-f]{64}$/);
});
