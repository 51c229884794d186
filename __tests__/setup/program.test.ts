import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles } from '../../src/host/files.js';
import { createHttp } from '../../src/host/http.js';
import { createExecRunner } from '../../src/host/exec-runner.js';
import { createProcessRunner } from '../../src/host/process.js';
import type { CommandError } from '../../src/outcome/errors.js';
import type { Ports } from '../../src/ports/ports.js';
import type { Toolbox } from '../../src/ports/toolbox.js';
import { helmRelease, setUpHelm, setUpKubectl } from '../../src/setup/program.js';
import { fakePorts, type FakePorts } from '../kubernetes/client/fake-ports.js';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const kubectl = (version: string): string => `#!/bin/sh\necho '{ "clientVersion": { "gitVersion": "v${version}" } }'\n`;
const helm = (version: string): string => `#!/bin/sh\necho 'v${version}'\n`;

let folder: string;
let server: Server;
let host: string;
let requested: string[];
/** By path. */
let served: Record<string, Buffer>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'setup-'));
  [requested, served] = [[], {}];
  server = createServer((request, response) => {
    requested.push(request.url ?? '');
    const body = served[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** A runner with these programs on PATH, each with its text. */
function runner(programs: Readonly<Record<string, string>> = {}): Ports & Pick<FakePorts, 'lines'> {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const ports = fakePorts({ http: createHttp({}), env: { PATH: bin, RUNNER_TOOL_CACHE: join(folder, 'cache') } });
  return { ...ports, files: createFiles(folder), process: createExecRunner(createProcessRunner()) };
}

function toolbox(): Toolbox & { readonly paths: readonly string[] } {
  const paths: string[] = [];
  return { paths, unpack: async (archive, into) => void execFileSync('tar', ['-xzf', archive, '-C', into]), addPath: (path) => void paths.push(path), setVariable: () => undefined };
}

function archiveOf(text: string, name = 'linux-amd64/helm'): Buffer {
  const from = mkdtempSync(join(folder, 'archive-'));
  mkdirSync(join(from, 'linux-amd64'));
  writeFileSync(join(from, name), text, { mode: 0o755 });
  return execFileSync('tar', ['-czf', '-', '-C', from, 'linux-amd64']);
}

const refusal = (work: Promise<unknown>): Promise<readonly [string, string, string]> =>
  work.then(() => ['', '', ''], (error: unknown) => [(error as CommandError).code, (error as CommandError).message, (error as CommandError).hint]);

describe('kubectl', () => {
  it('on PATH is left alone', async () => {
    const [ports, tools] = [runner({ kubectl: kubectl('1.30.1') }), toolbox()];
    expect(await setUpKubectl(ports, tools, {})).toBe('1.30.1');
    expect(await setUpKubectl(ports, tools, { version: '1.30.1' })).toBe('1.30.1');
    expect([tools.paths, requested, ports.lines]).toEqual([[], [], ['info kubectl: 1.30.1 is on PATH, nothing to do', 'info kubectl: 1.30.1 is on PATH, nothing to do']]);
  });
  it('that is missing is downloaded in the version that is given, and is first on PATH then', async () => {
    const program = Buffer.from(kubectl('1.33.1'));
    served['/v1.33.1/linux/amd64/kubectl'] = program;
    const [ports, tools] = [runner(), toolbox()];
    const wanted = { version: '1.33.1', url: `http://${host}/v{version}/{os}/{arch}/kubectl`, sha256: sha256(program) };
    expect(await setUpKubectl(ports, tools, wanted)).toBe('1.33.1');
    expect(ports.lines).toEqual([`info kubectl is not on PATH: installing 1.33.1 from ${host}`, expect.stringMatching(/^info kubectl: 1\.33\.1 is installed in .*\/cache\/kubectl\/1\.33\.1-[0-9a-f]{12}\/amd64$/)]);
    expect(readFileSync(join(tools.paths[0] ?? '', 'kubectl'), 'utf8')).toBe(String(program));
    await setUpKubectl(runner(), toolbox(), wanted);
    expect(requested).toEqual(['/v1.33.1/linux/amd64/kubectl']);
  });
  it('of another version is not used', async () => {
    const program = Buffer.from(kubectl('1.34.4'));
    served['/kubectl'] = program;
    const [ports, tools] = [runner({ kubectl: kubectl('1.30.1') }), toolbox()];
    expect(await setUpKubectl(ports, tools, { version: '1.34.4', url: `http://${host}/kubectl`, sha256: sha256(program) })).toBe('1.34.4');
    expect(ports.lines[0]).toBe(`info kubectl on PATH has the version 1.30.1, and 1.34.4 is wanted: installing 1.34.4 from ${host}`);
    expect(tools.paths).toHaveLength(1);
  });
  it('of a version without a checksum is not downloaded', async () => {
    expect(await refusal(setUpKubectl(runner(), toolbox(), { version: '1.33.1' }))).toEqual([
      'config-invalid', 'kubectl is not on PATH, and only 1.34.4 has a checksum in this action.',
      'Set `kubectl-sha256` to the SHA-256 that is published for https://dl.k8s.io/release/v1.33.1/bin/linux/amd64/kubectl.',
    ]);
  });
  it('that does not say its version is used as it is', async () => {
    const ports = runner({ kubectl: '#!/bin/sh\nexit 1\n' });
    expect(await setUpKubectl(ports, toolbox(), {})).toBeUndefined();
    expect(ports.lines).toEqual(['info kubectl: a version that it does not say is on PATH, nothing to do']);
  });
});

describe('Helm', () => {
  it('that is missing is taken out of its archive', async () => {
    const archive = archiveOf(helm('4.0.2'));
    served['/helm-v4.0.2-linux-amd64.tar.gz'] = archive;
    const [ports, tools] = [runner(), toolbox()];
    expect(await setUpHelm(ports, tools, { version: '4.0.2', url: `http://${host}/helm-v{version}-{os}-{arch}.tar.gz`, sha256: sha256(archive) })).toBe('4.0.2');
    expect(ports.lines[0]).toBe(`info helm is not on PATH: installing 4.0.2 from ${host}`);
    expect(readFileSync(join(tools.paths[0] ?? '', 'helm'), 'utf8')).toBe(helm('4.0.2'));
  });
  it('on PATH in the wanted version is left alone', async () => {
    const tools = toolbox();
    expect(await setUpHelm(runner({ helm: helm('4.0.4') }), tools, { version: '4.0.4' })).toBe('4.0.4');
    expect(tools.paths).toEqual([]);
  });
  it('has a checksum here for each processor of a runner', () => {
    expect(Object.keys(helmRelease.sha256)).toEqual(['amd64', 'arm64']);
  });
  it('with another checksum is not unpacked', async () => {
    served['/helm'] = archiveOf(helm('4.0.4'));
    const [code, message] = await refusal(setUpHelm(runner(), toolbox(), { version: '4.0.4', url: `http://${host}/helm` }));
    expect([code, message]).toEqual(['tool-missing', expect.stringMatching(/^The helm from 127\.0\.0\.1:\d+ has the checksum [0-9a-f]{64} instead of the pinned 29454bc3/)]);
  });
  it('that is not in the archive is reported', async () => {
    const archive = archiveOf('', 'linux-amd64/README.md');
    served['/helm'] = archive;
    expect(await refusal(setUpHelm(runner(), toolbox(), { version: '4.0.4', url: `http://${host}/helm`, sha256: sha256(archive) }))).toEqual([
      'tool-missing', `The archive from ${host} does not contain linux-amd64/helm.`, 'Check `helm-url`: it must lead to an archive like those of get.helm.sh.',
    ]);
  });
});
