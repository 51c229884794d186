import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findKubectl } from '../../src/cluster/kubectl.js';
import { installKubectl, pinned } from '../../src/cluster/kubectl-install.js';
import type { ClusterConfig } from '../../src/config/config.js';
import { ClusterError } from '../../src/outcome/errors.js';
import { fakePorts } from './fake-ports.js';

const program = '#!/bin/sh\necho kubectl\n';
const sha256 = createHash('sha256').update(program).digest('hex');
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;

let server: Server;
let asked: string[];
let answer: { readonly status: number; readonly body: string };
let folder: string;
let host: string;
let before: NodeJS.ProcessEnv;
const write = process.stdout.write;

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: program };
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = await mkdtemp(join(tmpdir(), 'tools-'));
  before = { ...process.env };
  // The library that downloads reads these itself.
  Object.assign(process.env, { RUNNER_TOOL_CACHE: join(folder, 'cache'), RUNNER_TEMP: join(folder, 'temp') });
  // It tells the runner what it does, too.
  process.stdout.write = ((text: unknown) => typeof text === 'string' && text.startsWith('::debug::') ? true : write.call(process.stdout, String(text))) as typeof write;
});
afterEach(async () => {
  process.env = before;
  process.stdout.write = write;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const config = (settings: ClusterConfig = {}): ClusterConfig => ({ kubectlUrl: `http://${host}/v{version}/{os}/{arch}/kubectl`, kubectlSha256: sha256, ...settings });

async function refusal(settings: ClusterConfig): Promise<readonly [string, string, string]> {
  const error = await installKubectl(fakePorts(), settings).then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ClusterError)) throw new Error(`no ClusterError: ${String(error)}`);
  return [error.code, error.message, error.hint];
}

describe('a kubectl that is not on PATH', () => {
  it('is downloaded from the address of the settings, checked, and can be run', async () => {
    const ports = fakePorts();
    const path = await installKubectl(ports, config());
    expect(await readFile(path, 'utf8')).toBe(program);
    expect((await stat(path)).mode & 0o111).toBe(0o111);
    expect(asked).toEqual([`/v${pinned.version}/linux/${architecture}/kubectl`]);
    expect(ports.lines).toEqual([`info kubectl is not on PATH: installing ${pinned.version} from ${host}`]);
  });

  it('is taken from the cache the next time', async () => {
    const first = await installKubectl(fakePorts(), config());
    const ports = fakePorts();
    expect(await installKubectl(ports, config())).toBe(first);
    expect([asked.length, ports.lines]).toEqual([1, []]);
  });

  it('is not taken from the cache when another checksum is trusted', async () => {
    await installKubectl(fakePorts(), config());
    answer = { status: 200, body: 'another build' };
    const other = createHash('sha256').update('another build').digest('hex');
    expect(await readFile(await installKubectl(fakePorts(), config({ kubectlSha256: other })), 'utf8')).toBe('another build');
  });

  it('is never run when it is not what is pinned', async () => {
    answer = { status: 200, body: 'something else' };
    const actual = createHash('sha256').update('something else').digest('hex');
    expect(await refusal(config())).toEqual([
      'api-unreachable', `The kubectl from ${host} has the checksum ${actual}, and ${sha256} is pinned. It was not run.`,
      'Somebody serves another file there. Check `kubectl-url`; for another version set `kubectl-sha256` to the checksum that you trust.',
    ]);
    answer = { status: 200, body: program };
    expect(await readFile(await installKubectl(fakePorts(), config()), 'utf8')).toBe(program);
  });

  it('that nobody serves is told, with what to do', async () => {
    answer = { status: 404, body: 'no' };
    expect(await refusal(config())).toEqual([
      'api-unreachable', `kubectl is not on PATH and could not be downloaded from ${host}: Unexpected HTTP response: 404.`,
      'Install kubectl in a step before this one, or set `kubectl-url` to a mirror that this runner can reach.',
    ]);
  });
});

describe('kubectl', () => {
  it('is the first on PATH that can be run', async () => {
    const ports = fakePorts({ env: { PATH: ':/empty:/one:/two' }, executables: ['/one/kubectl', '/two/kubectl'] });
    expect(await findKubectl(ports, config())).toBe('/one/kubectl');
  });
  it('is installed when there is none', async () => {
    expect(await readFile(await findKubectl(fakePorts({ env: {} }), config()), 'utf8')).toBe(program);
  });
});

it('the pinned kubectl comes from the project’s own address', () => {
  expect(new URL(pinned.url).host).toBe('dl.k8s.io');
  for (const each of Object.values(pinned.sha256)) expect(each).toMatch(/^[0-9a-f]{64}$/);
});
