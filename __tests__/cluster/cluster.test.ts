import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openCluster, shellWord } from '../../src/cluster/cluster.js';
import { writeAccess } from '../../src/cluster/kubeconfig.js';
import { ClusterError } from '../../src/outcome/errors.js';
import type { Command, Exited, ProcessRunner } from '../../src/ports/process.js';
import { serveApi, type Answering, type ApiServer } from './api-server.js';
import { fakePorts } from './fake-ports.js';

let folder: string;
let server: ApiServer | undefined;
let started: Command[];
let ran: Command[];
let stopped: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cluster-'));
  [server, started, ran, stopped] = [undefined, [], [], 0];
});
afterEach(async () => {
  await server?.close();
  await rm(folder, { recursive: true, force: true });
});

const exited = (changes: Partial<Exited> = {}): Exited => ({ code: 0, stdout: '', stderr: '', ...changes });

/** A kubectl whose proxy is a server of this test. */
const kubectl = (answer: (answering: Answering) => void, run: (command: Command) => Exited = () => exited()): ProcessRunner => ({
  run: async (command) => {
    ran.push(command);
    return run(command);
  },
  start: (command) => {
    started.push(command);
    const socket = command.args.find((arg) => arg.startsWith('--unix-socket='))?.slice('--unix-socket='.length);
    void serveApi(answer, socket).then((serving) => {
      server = serving;
      command.onLine?.(`Starting to serve on ${socket}`, 'stdout');
    });
    return { pid: 1, exited: new Promise(() => undefined), stop: async () => void (stopped += 1) };
  },
});

const brokenProxy = (exit: Exited): ProcessRunner => ({
  run: async () => exited(), start: () => ({ pid: 1, exited: Promise.resolve(exit), stop: async () => undefined }),
});

const version = (answering: Answering) => answering.json({ gitVersion: 'v1.34.4' });
const portsWith = (process: ProcessRunner) => fakePorts({ process, env: { PATH: '/bin' }, executables: ['/bin/kubectl'] });

async function refusal(process: ProcessRunner): Promise<readonly [string, string, string]> {
  const error = await openCluster(portsWith(process), {}, folder).then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ClusterError)) throw new Error(`no ClusterError: ${String(error)}`);
  return [error.code, error.message, error.hint];
}

describe('a cluster', () => {
  it('is opened through one proxy, with the access of the settings', async () => {
    const cluster = await openCluster(portsWith(kubectl(version)), { kubeconfig: { path: '/k' }, context: 'prod', namespace: 'web' }, folder);
    expect([cluster.namespace, cluster.version]).toEqual(['web', 'v1.34.4']);
    expect(started).toEqual([expect.objectContaining({
      program: '/bin/kubectl', args: ['--context=prod', 'proxy', `--unix-socket=${folder}/api.sock`, '--keepalive=30s'], env: { KUBECONFIG: '/k' },
    })]);
    await cluster.kubectl(['set', 'image', 'deployment/api', 'app=x']);
    expect(ran).toEqual([expect.objectContaining({
      program: '/bin/kubectl', args: ['--context=prod', '--namespace=web', 'set', 'image', 'deployment/api', 'app=x'], env: { KUBECONFIG: '/k' },
    })]);
    expect(cluster.typed(['set', 'image', 'deployment/api', 'app=r/x:1@sha256:ab'])).toBe(
      'kubectl --context=prod --namespace=web set image deployment/api app=r/x:1@sha256:ab');
    await cluster.close();
    expect(stopped).toBe(1);
  });

  it.each([['web\n', 'web'], ['', 'default']])('without a namespace is that of the kubeconfig: %j', async (stdout, namespace) => {
    const cluster = await openCluster(portsWith(kubectl(version, () => exited({ stdout }))), {}, folder);
    expect(cluster.namespace).toBe(namespace);
    expect(ran[0]?.args).toEqual(['config', 'view', '--minify', '--output=jsonpath={..namespace}']);
  });

  it('that does not know the account says so, and leaves no proxy behind', async () => {
    expect(await refusal(kubectl((answering) => answering.refuse(401, 'Unauthorized', 'Unauthorized')))).toEqual([
      'permission-denied', 'The cluster does not know this account: Unauthorized.', 'The credentials in the kubeconfig are wrong or have expired; make new ones.']);
    expect(stopped).toBe(1);
  });

  it('that is not there says so, and leaves no proxy behind', async () => {
    expect(await refusal(kubectl((answering) => answering.text('error trying to reach service: dial tcp 10.0.0.1:6443: connect: connection refused', 502)))).toEqual([
      'api-unreachable', 'The cluster does not answer: /version was answered with status 502: error trying to reach service: dial tcp 10.0.0.1:6443: connect: connection refused.',
      'Check the kubeconfig, the context, and that the runner may reach the API server.',
    ]);
    expect(stopped).toBe(1);
  });

  it('whose kubeconfig cannot be used says so in kubectl’s words', async () => {
    expect(await refusal(brokenProxy(exited({ code: 1, stderr: 'warning\nerror: context "prod" does not exist\n' })))).toEqual([
      'api-unreachable', 'kubectl cannot use its configuration: context "prod" does not exist.',
      'Check `kubeconfig` and `kube-context`: `kubectl config get-contexts` lists what the file holds.',
    ]);
    expect((await refusal(brokenProxy(exited({ code: 137 }))))[1]).toBe('kubectl cannot use its configuration: kubectl proxy ended with code 137.');
  });
});

describe('access', () => {
  it('given as content is written for this user alone', async () => {
    const ports = fakePorts();
    expect(await writeAccess({ kubeconfig: { content: 'apiVersion: v1' } }, ports.files, '/private')).toEqual({ args: [], env: { KUBECONFIG: '/private/kubeconfig' } });
    expect(ports.written.get('/private/kubeconfig')).toEqual({ text: 'apiVersion: v1', mode: 0o600 });
  });
  it('given as a path is used where it is', async () => {
    const ports = fakePorts();
    expect(await writeAccess({ kubeconfig: { path: '/home/me/k' }, context: 'a b' }, ports.files, '/private')).toEqual({ args: ['--context=a b'], env: { KUBECONFIG: '/home/me/k' } });
    expect(ports.written.size).toBe(0);
  });
  it('that is not given is what kubectl would use itself', async () => {
    expect(await writeAccess({}, fakePorts().files, '/private')).toEqual({ args: [], env: {} });
  });
});

it('words are printed as they would have to be typed', () => {
  expect(['a=b', 'r:5000/x:1@sha256:0', '', 'a b', '$(id)', "it's", '-n;x'].map(shellWord)).toEqual(
    ['a=b', 'r:5000/x:1@sha256:0', "''", "'a b'", "'$(id)'", `'it'\\''s'`, "'-n;x'"]);
});
