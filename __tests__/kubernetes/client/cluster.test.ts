import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { socketHttp } from '../../../src/host/socket-http.js';
import { openCluster } from '../../../src/kubernetes/client/cluster.js';
import { writeAccess } from '../../../src/kubernetes/client/access.js';
import { currentNamespace } from '../../../src/kubernetes/client/kubeconfig.js';
import { ClusterError } from '../../../src/outcome/errors.js';
import type { Command, Exited, ProcessRunner } from '../../../src/ports/process.js';
import { serveApi, type Answering, type ApiServer } from './api-server.js';
import type { Clock } from '../../../src/ports/clock.js';
import { fakePorts } from './fake-ports.js';
import { swiftClock } from './hand-clock.js';

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
    const stop = async () => {
      stopped += 1;
      // The shell around it says so.
      command.onLine?.('Terminated', 'stderr');
    };
    return { pid: 1, exited: new Promise(() => undefined), stop };
  },
});

const brokenProxy = (exit: Exited): ProcessRunner => ({
  run: async () => exited(), start: () => ({ pid: 1, exited: Promise.resolve(exit), stop: async () => undefined }),
});

const version = (answering: Answering) => answering.json({ gitVersion: 'v1.34.4' });
/** Waits of seconds are over at once; that for a proxy that does not start never is. */
const clock = (): Clock => {
  const swift = swiftClock();
  return { ...swift, sleep: (ms, signal) => (ms < 30_000 ? swift.sleep(ms, signal) : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))) };
};
const usable = 'current-context: prod\nclusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]\nusers: [{name: u, user: {token: t}}]\n'
  + 'contexts: [{name: prod, context: {cluster: c, user: u, namespace: shop}}]\n';
const portsWith = (process: ProcessRunner) =>
  fakePorts({ process, http: { onSocket: socketHttp }, clock: clock(), env: { PATH: '/bin', HOME: '/home/me' }, executables: ['/bin/kubectl'], files: { '/k': usable, '/home/me/.kube/config': usable } });

async function refusal(process: ProcessRunner): Promise<readonly [string, string, string]> {
  const error = await openCluster(portsWith(process), {}, folder).then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof ClusterError)) throw new Error(`no ClusterError: ${String(error)}`);
  return [error.code, error.message, error.hint];
}

/** Lets what is under way go on until this holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a cluster', () => {
  it('is opened through one proxy, with the access of the settings', async () => {
    const cluster = await openCluster(portsWith(kubectl(version)), { kubeconfig: { path: '/k' }, context: 'prod', namespace: 'web' }, folder);
    expect(cluster.namespace).toBe('web');
    expect(started).toEqual([expect.objectContaining({
      program: '/bin/kubectl', args: ['--context=prod', 'proxy', `--unix-socket=${folder}/api.sock`, '--keepalive=30s', '--reject-paths=^$'], env: { KUBECONFIG: '/k' },
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

  it('without a namespace is that of the kubeconfig', async () => {
    const cluster = await openCluster(portsWith(kubectl(version)), { kubeconfig: { content: usable } }, folder);
    expect([cluster.namespace, ran]).toEqual(['shop', []]);
  });

  it('without a namespace is that of kubectl, where the kubeconfig cannot be read here', async () => {
    const process = kubectl(version, () => exited({ stdout: 'shop' }));
    const cluster = await openCluster(portsWith(process), { kubeconfig: { content: `${usable}x: @y\n` }, context: 'prod' }, folder);
    expect([cluster.namespace, ran.map(({ args }) => args)]).toEqual(['shop', [['--context=prod', 'config', 'view', '--minify', '--output=jsonpath={.contexts[0].context.namespace}']]]);
  });
  it('without a namespace is default, where kubectl cannot read the kubeconfig either', async () => {
    const process = kubectl(version, () => exited({ code: 1, stdout: 'shop' }));
    expect((await openCluster(portsWith(process), { kubeconfig: { content: 'contexts: [' } }, folder)).namespace).toBe('default');
  });

  it.each([
    ['a program that the kubeconfig gets credentials from', '{exec: {apiVersion: v1, command: kubectl}}', { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of the job' }],
    ['nothing where there is no such program', '{token: t}', {}],
  ])('gives the token of the job to %s', async (_, user, given) => {
    const env = { PATH: '/bin', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of the job', ACTIONS_RUNTIME_TOKEN: 'of the runner' };
    await openCluster({ ...portsWith(kubectl(version)), env }, { kubeconfig: { content: usable.replace('{token: t}', user) } }, folder);
    expect(started.map((command) => command.env)).toEqual([{ KUBECONFIG: `${folder}/kubeconfig`, ...given }]);
  });

  describe('whose proxy exits during the run', () => {
    /** The first proxy serves, as all others do that `starts` allows; each is ended by `end`. */
    function mortal(starts: number) {
      const ends: (() => void)[] = [];
      const process = kubectl(version);
      const start: ProcessRunner['start'] = (command) => {
        if (ends.length >= starts) return { pid: 1, exited: Promise.resolve(exited({ code: 1, stderr: 'out of memory' })), stop: async () => undefined };
        const { stop } = process.start(command);
        return { pid: 1, stop, exited: new Promise((resolve) => ends.push(() => resolve(exited({ code: 137 })))) };
      };
      const ports = portsWith({ ...process, start });
      const end = async () => {
        await server?.close();
        ends.at(-1)?.();
      };
      return { ports, end };
    }

    it('reaches the server again through another one, on the same socket', async () => {
      const { ports, end } = mortal(9);
      const cluster = await openCluster(ports, { kubeconfig: { path: '/k' } }, folder);
      // The retries of one request go by the clock of the test, and may be over before a real socket listens.
      const answer = (): Promise<unknown> => cluster.api.get('/version').catch(answer);
      for (const _ of [1, 2]) {
        await end();
        await expect(answer()).resolves.toEqual({ gitVersion: 'v1.34.4' });
      }
      expect(started.map(({ args }) => args[1])).toEqual(Array.from({ length: 3 }, () => `--unix-socket=${folder}/api.sock`));
      expect(ports.lines.filter((line) => line.startsWith('warning'))).toEqual(Array.from({ length: 2 }, () =>
        'warning The `kubectl proxy` of this run was killed by signal 9. It is started again.'));
      await cluster.close();
      expect(stopped).toBe(1);
    });
    it('says why it does not answer, where none starts any more', async () => {
      const { ports, end } = mortal(1);
      const cluster = await openCluster(ports, { kubeconfig: { path: '/k' } }, folder);
      await end();
      await until(() => ports.lines.at(-1)?.includes('not started again') === true);
      expect(ports.lines.slice(-2)).toEqual([
        'warning The `kubectl proxy` of this run could not be started again: kubectl cannot use its configuration: out of memory. It is started again.',
        'warning The `kubectl proxy` of this run could not be started again: kubectl cannot use its configuration: out of memory. It is not started again, so the API server cannot be reached any more.',
      ]);
      await expect(cluster.api.get('/version', { attempts: 1 })).rejects.toMatchObject({ status: 0, message: 'no answer to /version: the `kubectl proxy` of this run could not be started again: kubectl cannot use its configuration: out of memory' });
      await cluster.close();
    });
    it('and that is stopped meanwhile is not started again', async () => {
      const { ports, end } = mortal(9);
      const cluster = await openCluster(ports, { kubeconfig: { path: '/k' } }, folder);
      await cluster.close();
      await end();
      await new Promise((resolve) => setImmediate(resolve));
      expect([started.length, ports.lines]).toEqual([1, []]);
    });
  });

  it('that does not know the account says so, and leaves no proxy behind', async () => {
    expect(await refusal(kubectl((answering) => answering.refuse(401, 'Unauthorized', 'Unauthorized')))).toEqual([
      'permission-denied', 'The cluster does not accept the credentials in the kubeconfig: Unauthorized.', 'They are wrong or have expired: create new ones.']);
    expect(stopped).toBe(1);
  });

  it('that does not tell this account its version is there', async () => {
    const forbidden = (answering: Answering) =>
      answering.refuse(403, 'Forbidden', 'forbidden: User "system:serviceaccount:web:deployer" cannot get path "/version"');
    expect((await openCluster(portsWith(kubectl(forbidden)), { namespace: 'web' }, folder)).namespace).toBe('web');
  });

  it('in whose place something else refuses is not there', async () => {
    expect(await refusal(kubectl((answering) => answering.text('<h1>Access denied</h1>', 403)))).toEqual([
      'api-unreachable', 'The cluster does not answer: /version returned status 403: Access denied.',
      'The answer does not come from an API server: check the proxies, gateways and firewalls between this machine and the cluster.',
    ]);
    expect(stopped).toBe(1);
  });

  it('that is not there says so, and leaves no proxy behind', async () => {
    expect(await refusal(kubectl((answering) => answering.text('error trying to reach service: dial tcp 10.0.0.1:6443: connect: connection refused', 502)))).toEqual([
      'api-unreachable', 'The cluster does not answer: /version returned status 502: error trying to reach service: dial tcp 10.0.0.1:6443: connect: connection refused.',
      'Check the kubeconfig, the context, and that this machine can reach the API server.',
    ]);
    expect(stopped).toBe(1);
  });

  it.each([
    ['dial tcp 10.0.0.1:6443: connect: connection refused', 'api-unreachable', /that this machine can reach the API server/],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'api-unreachable', /certificate-authority-data/],
    ['getting credentials: exec: executable aws failed with exit code 255', 'permission-denied', /run it on this machine/],
  ])('that kubectl cannot reach is not said to have answered: %s', async (words, cause, hint) => {
    const answer = (answering: Answering) => {
      started.at(-1)?.onLine?.(`Error while proxying request: ${words}`, 'stderr');
      answering.text(words, 500, { 'content-type': 'text/plain; charset=utf-8' });
    };
    const [code, message, advice] = await refusal(kubectl(answer));
    expect([code, message]).toEqual([cause, `The cluster does not answer: no answer to /version: ${words}.`]);
    expect(advice).toMatch(hint);
  });
  it('that answers 500 itself is said to have', async () => {
    const own = (answering: Answering) => answering.text('dial tcp: of its own', 500, { 'content-type': 'text/plain', 'audit-id': '1' });
    expect((await refusal(kubectl(own)))[1]).toBe('The cluster does not answer: /version returned status 500: dial tcp: of its own.');
  });

  it.each([
    [{ code: 1, stderr: 'warning: x\nerror: context "prod" does not exist\n' }, 'config-invalid', 'kubectl cannot use its configuration: context "prod" does not exist.'],
    [{ code: 1, stderr: 'error: error loading config file "/k": yaml: line 3: did not find expected\n' }, 'config-invalid', 'kubectl cannot use its configuration: error loading config file "/k": yaml: line 3: did not find expected.'],
    [{ code: 1, stderr: 'error: listen unix /x/api.sock: bind: permission denied\n' }, 'config-invalid', 'kubectl proxy could not create its socket: listen unix /x/api.sock: bind: permission denied.'],
    [{ code: 127, stderr: 'sh: 1: /bin/kubectl: not found\n' }, 'tool-missing', 'kubectl could not be started (/bin/kubectl): sh: 1: /bin/kubectl: not found.'],
    [{ code: 137 }, 'unexpected', 'kubectl proxy exited with code 137 and printed no reason.'],
  ])('whose proxy does not start says why: %j', async (exit, cause, message) => {
    expect((await refusal(brokenProxy(exited(exit)))).slice(0, 2)).toEqual([cause, message]);
  });
  it('whose proxy neither starts nor ends is not waited for without an end', async () => {
    const hanging: ProcessRunner = {
      run: async () => exited(),
      start: (command) => {
        command.onLine?.('Open https://login.example to log in', 'stderr');
        return { pid: 1, exited: new Promise(() => undefined), stop: async () => void (stopped += 1) };
      },
    };
    const ports = { ...portsWith(hanging), clock: swiftClock() };
    await expect(openCluster(ports, {}, folder)).rejects.toMatchObject({
      code: 'tool-timeout', message: 'kubectl proxy did not start to serve within 30 s: Open https://login.example to log in.',
    });
    expect(stopped).toBe(1);
  });

  it('has its socket in another folder where that of the run has too long a path', async () => {
    const ports = portsWith(kubectl(version));
    const short = await mkdtemp(join(tmpdir(), 'c-'));
    const removed: string[] = [];
    const files = { ...ports.files, shortFolder: async () => short, remove: async (path: string) => void removed.push(path) };
    const cluster = await openCluster({ ...ports, files }, {}, `${folder}/${'x'.repeat(90)}`);
    expect(started[0]?.args).toContain(`--unix-socket=${short}/api.sock`);
    await cluster.close();
    expect(removed).toEqual([short]);
    await rm(short, { recursive: true });
  });
});

describe('access', () => {
  it('given as content is written for this user alone', async () => {
    const ports = fakePorts();
    expect(await writeAccess({ kubeconfig: { content: 'apiVersion: v1' } }, ports, '/private')).toEqual({ args: [], env: { KUBECONFIG: '/private/kubeconfig' } });
    expect(ports.written.get('/private/kubeconfig')).toEqual({ text: 'apiVersion: v1', mode: 0o600 });
  });
  it('given as a path is used where it is', async () => {
    const ports = fakePorts();
    expect(await writeAccess({ kubeconfig: { path: '/home/me/k' }, context: 'a b' }, ports, '/private')).toEqual({ args: ['--context=a b'], env: { KUBECONFIG: '/home/me/k' } });
    expect(ports.written.size).toBe(0);
  });
  it('that is not given is what kubectl would use itself', async () => {
    expect(await writeAccess({}, fakePorts(), '/private')).toEqual({ args: [], env: {} });
  });
});

describe('the namespace of kubectl', () => {
  const context = (name: string, namespace: string) => `{name: ${name}, context: {cluster: c, namespace: ${namespace}}}`;
  const files: Readonly<Record<string, string>> = {
    '/home/me/.kube/config': `current-context: a\ncontexts: [${context('a', 'home')}, ${context('b', 'other')}]`,
    '/one': `current-context: a\ncontexts: [${context('a', 'first')}]`,
    '/two': `current-context: b\ncontexts: [${context('a', 'second')}, ${context('b', 'second-b')}]`,
    '/bare': 'contexts: [{name: a}]\ncurrent-context: a',
    '/broken': 'contexts: [',
    '/text': 'just words',
    '/nulls': 'contexts:\ncurrent-context:',
    '/separator': `current-context: a\ncontexts: [${context('a', 'first')}]\n---\n`,
    '/documents': `current-context: a\ncontexts: [${context('a', 'first')}]\n---\ncurrent-context: b\ncontexts: [${context('b', 'second')}]`,
    '/broken-second': `current-context: a\ncontexts: [${context('a', 'first')}]\n---\n: [`,
    '/twice': `current-context: a\ncontexts: [{name: a, context: {namespace: first, namespace: last}}]`,
    '/merged': `x: &x {namespace: merged}\ncurrent-context: a\ncontexts: [{name: a, context: {<<: *x}}]`,
    '/var/run/secrets/kubernetes.io/serviceaccount/namespace': 'pod-namespace\n',
  };
  const readText = (path: string): Promise<string | undefined> => Promise.resolve(files[path]);
  it.each([
    ['that of the home', { HOME: '/home/me' }, undefined, 'home'],
    ['that of the context that is asked for', { HOME: '/home/me' }, 'b', 'other'],
    ['default, where the context is not known', { HOME: '/home/me' }, 'none', 'default'],
    ['that of KUBECONFIG', { HOME: '/home/me', KUBECONFIG: '/one' }, undefined, 'first'],
    ['that of the first of several files', { KUBECONFIG: '/one:/two' }, undefined, 'first'],
    ['that of the second, where only it has the context', { KUBECONFIG: ':/one:/missing:/two' }, 'b', 'second-b'],
    ['default, where the context has none', { KUBECONFIG: '/bare' }, undefined, 'default'],
    ['default, where there is no kubeconfig', {}, undefined, 'default'],
    ['default, where it does not parse', { KUBECONFIG: '/broken' }, undefined, 'default'],
    ['that of the file, where it ends with a separator', { KUBECONFIG: '/separator' }, undefined, 'first'],
    ['that of the first of several documents', { KUBECONFIG: '/documents' }, undefined, 'first'],
    ['that of the first document, where the second is broken', { KUBECONFIG: '/broken-second' }, undefined, 'first'],
    ['the last, where it is given twice', { KUBECONFIG: '/twice' }, undefined, 'last'],
    ['one that is merged', { KUBECONFIG: '/merged' }, undefined, 'merged'],
    ['default, where it is none', { KUBECONFIG: '/text' }, undefined, 'default'],
    ['default, where it is empty', { KUBECONFIG: '/nulls' }, undefined, 'default'],
    ['that of the pod it runs in', { KUBERNETES_SERVICE_HOST: '10.0.0.1' }, undefined, 'pod-namespace'],
    ['that of the kubeconfig, in a pod too', { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBECONFIG: '/one' }, undefined, 'first'],
  ] as const)('is %s', async (_which, env, name, namespace) => expect(await currentNamespace({ readText }, env, name)).toBe(namespace));

  it.each([
    ['/broken', 'of-kubectl', 'of-kubectl'], ['/one:/broken', 'of-kubectl', 'of-kubectl'], ['/broken', undefined, 'default'], ['/one', 'of-kubectl', 'first'], ['/missing', 'of-kubectl', 'default'],
  ])('of %s is asked of kubectl only where a file cannot be read: %s', async (KUBECONFIG, answer, namespace) => {
    expect(await currentNamespace({ readText }, { KUBECONFIG }, undefined, () => Promise.resolve(answer))).toBe(namespace);
  });
});
