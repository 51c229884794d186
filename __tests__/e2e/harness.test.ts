import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { faultProxy } from './harness/api-fault-proxy.js';
import { closeApi, pathOf, type Any } from './harness/api.js';
import { environment, eventually } from './harness/environment.js';
import { inSpace } from './harness/app.js';
import { closeImages, digestOfTag, pushImage } from './harness/images.js';
import { startLoad, type LoadResult } from './harness/load.js';
import type { Space } from './harness/namespace.js';
import { asSeen, parseFileCommands } from './harness/runner-files.js';
import { setImage } from './harness/scenarios.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { cronjob, daemonset, deployment, pullSecret, service, statefulset } from './harness/workloads.js';

const run = promisify(execFile);
jest.setTimeout(300_000);

afterAll(() => {
  closeApi();
  closeImages();
});

const kubectl = (space: Space, ...args: string[]): Promise<{ stdout: string; stderr: string }> => run('kubectl', args, { env: { ...process.env, KUBECONFIG: space.kubeconfig } });

/** What the first pod of `web` shows of its container. */
async function containerOf(space: Space): Promise<Any> {
  const [pod] = await space.list('Pod', 'app=web');
  return pod?.status?.containerStatuses?.[0];
}

async function start(space: Space, mode: string, extra: Any = {}): Promise<void> {
  const { reference } = await pushImage({ version: 'v1', tag: mode.replaceAll(/[^a-z0-9.-]/g, '-'), mode });
  await space.apply(deployment('web', { image: reference, replicas: 1, ...extra }));
}

describe('the fault app', () => {
  it.concurrent.each<[mode: string, what: string, shown: (container: Any) => boolean, extra?: Any]>([
    ['crash', 'ends with code 1', (c) => c.state?.terminated?.exitCode === 1 || c.lastState?.terminated?.exitCode === 1],
    ['exit-zero', 'ends with code 0', (c) => c.state?.terminated?.exitCode === 0 || c.lastState?.terminated?.exitCode === 0],
    ['crash-after=1s', 'runs and ends', (c) => c.lastState?.terminated?.exitCode === 1],
    [
      'crash-once', 'runs in the end', (c) => c.ready && c.restartCount === 1,
      { container: { volumeMounts: [{ name: 'state', mountPath: '/state' }] }, pod: { volumes: [{ name: 'state', emptyDir: {} }] } },
    ],
    ['slow-ready=2s', 'becomes ready', (c) => c.ready],
    ['oom', 'is killed for its memory', (c) => c.lastState?.terminated?.reason === 'OOMKilled' || c.state?.terminated?.reason === 'OOMKilled',
      { container: { resources: { limits: { memory: '32Mi' } } } }],
    ['liveness-dead', 'is restarted by its probe', (c) => c.restartCount > 0,
      { container: { livenessProbe: { httpGet: { path: '/live', port: 8080 }, periodSeconds: 1, failureThreshold: 1 } } }],
  ])('MODE=%s: %s', async (mode, what, shown, extra = {}) => inSpace('harness', async (space) => {
    await start(space, mode, extra);
    await eventually(what, async () => {
      const container = await containerOf(space);
      return container && shown(container);
    }, 60_000);
  })());

  it.concurrent('MODE=unready: runs and says why it is not ready', inSpace('harness', async (space) => {
    await start(space, 'unready');
    await eventually('an event of the probe', async () => (await space.list('Event')).some((e) => e.reason === 'Unhealthy' && e.message.includes('503')));
    // Events come before the status that goes with them.
    await eventually('a container that runs and is not ready', async () => (await containerOf(space))?.ready === false);
  }));

  it.concurrent.each([
    ['ok', '200 v1'],
    ['wrong-answer', '500 not well: wrong-answer'],
    ['wrong-text', '200 welcome to nginx'],
  ])('MODE=%s: answers %s', async (mode, answer) => inSpace('harness', async (space) => {
    await start(space, mode);
    await space.apply(service('web'));
    await space.rolledOut('Deployment', 'web');
    const host = await clusterIp(space);
    // The node's routes follow at some distance.
    await eventually(answer, async () => Object.keys(await answersOf(host)).includes(answer));
  })());
});

/** What three requests are answered. */
async function answersOf(host: string): Promise<LoadResult['answers']> {
  const load = startLoad({ host, perSecond: 50, maxRequests: 3, timeoutMs: 5000 });
  await new Promise((done) => setTimeout(done, 100));
  return (await load.stop()).answers;
}

async function clusterIp(space: Space): Promise<string> {
  return (await space.until('Service', 'web', 'has an address', (s) => s.spec.clusterIP)).spec.clusterIP;
}

describe('the images', () => {
  it.concurrent('have the digest that the registry gives them, in an index with each architecture', inSpace('harness', async () => {
    const image = await pushImage({ version: 'v9', architectures: ['amd64', 'arm64'] });
    expect(await digestOfTag(image.name, 'v9')).toBe(image.digest);
    const { stdout } = await run('docker', ['buildx', 'imagetools', 'inspect', '--builder', environment().builder, image.reference]);
    expect(stdout).toContain('linux/amd64');
    expect(stdout).toContain('linux/arm64');
  }));

  it.concurrent('need a login where there is one', inSpace('harness', async (space) => {
    const { authRegistry, authUsername, authPassword } = environment();
    const { reference } = await pushImage({ version: 'v1', repository: 'private/app', withLogin: true, fresh: true });
    await space.apply(deployment('web', { image: reference, replicas: 1 }));
    await eventually('a refusal', async () => /unauthorized|denied|authorization|no basic auth/i.test((await containerOf(space))?.state?.waiting?.message ?? ''));
    await space.apply(
      pullSecret('login', authRegistry, authUsername, authPassword),
      deployment('web', { image: reference, replicas: 1, pod: { imagePullSecrets: [{ name: 'login' }] } }),
    );
    await space.rolledOut('Deployment', 'web');
  }));
});

describe('the account under the documented Role', () => {
  const may = async (space: Space, verb: string, resource: string): Promise<boolean> =>
    (await kubectl(space, 'auth', 'can-i', verb, resource).catch((error: { stdout: string }) => error)).stdout.trim() === 'yes';

  it.concurrent('changes images and reads what it judges by', inSpace('harness', async (space) => {
    const [v1, v2] = [await pushImage({ version: 'v1' }), await pushImage({ version: 'v2' })];
    await space.apply(deployment('web', { image: v1.reference }), statefulset('db', { image: v1.reference, replicas: 1 }),
      daemonset('agent', { image: v1.reference }), cronjob('nightly', { image: v1.reference }), service('web'));
    for (const workload of ['deployment/web', 'statefulset/db', 'daemonset/agent', 'cronjob/nightly']) {
      await kubectl(space, 'set', 'image', workload, `${workload.split('/')[1]}=${v2.reference}`);
    }
    await Promise.all([space.rolledOut('Deployment', 'web'), space.rolledOut('StatefulSet', 'db'), space.rolledOut('DaemonSet', 'agent')]);
    expect(await runningImages(space, 'web')).toEqual([v2.reference]);
    expect((await kubectl(space, 'logs', 'deployment/web')).stdout).toContain('fault-app v2 starts');
    expect((await kubectl(space, 'get', '--raw', `${pathOf('Service', space.name, 'web')}:80/proxy/version`)).stdout).toBe('v2\n');
  }));

  it.concurrent('may do nothing else', inSpace('harness', async (space) => {
    const asked = await Promise.all([
      may(space, 'get', 'secrets'), may(space, 'delete', 'deployments.apps'), may(space, 'create', 'deployments.apps'), may(space, 'create', 'pods'), may(space, 'create', 'pods/exec'),
      may(space, 'delete', 'configmaps'), may(space, 'patch', 'services'), may(space, 'get', 'nodes'),
    ]);
    expect(asked).toEqual(asked.map(() => false));
  }));
});

describe('the snapshot', () => {
  it.concurrent('is the same after a change was taken back, and another one while it lasts', inSpace('harness', async (space) => {
    const [v1, v2] = [await pushImage({ version: 'v1' }), await pushImage({ version: 'v2' })];
    await space.apply(deployment('web', { image: v1.reference }), service('web'));
    await space.rolledOut('Deployment', 'web');
    const before = await snapshotOf(space);
    await setImage(space, 'Deployment', v2.reference);
    await space.rolledOut('Deployment', 'web');
    expect(await snapshotOf(space)).not.toEqual(before);
    await setImage(space, 'Deployment', v1.reference);
    await space.rolledOut('Deployment', 'web');
    expect(await snapshotOf(space)).toEqual(before);
  }));
});

describe('the load', () => {
  it.concurrent('loses nothing in a good rollout of an app that serves on after SIGTERM', inSpace('harness', async (space) => {
    const mode = 'serve-after-term=3s';
    const [v1, v2] = [await pushImage({ version: 'v1', tag: 'calm-1', mode }), await pushImage({ version: 'v2', tag: 'calm-2', mode })];
    await space.apply(deployment('web', { image: v1.reference, pod: { terminationGracePeriodSeconds: 10 } }), service('web'));
    await space.rolledOut('Deployment', 'web');
    const host = await clusterIp(space);
    await eventually('the Service answers', async () => (await answersOf(host))['200 v1'] === 3);
    const load = startLoad({ host, perSecond: 50, timeoutMs: 15_000 });
    await kubectl(space, 'set', 'image', 'deployment/web', `web=${v2.reference}`);
    await kubectl(space, 'rollout', 'status', 'deployment/web');
    await eventually('no old pod', async () => (await space.list('Pod', 'app=web')).length === 2);
    const result = await load.stop();
    expect(result.errors).toEqual([]);
    expect(Object.keys(result.answers).sort()).toEqual(['200 v1', '200 v2']);
    expect(result.sent).toBe((result.answers['200 v1'] ?? 0) + (result.answers['200 v2'] ?? 0));
  }));
});

describe('the API server that misbehaves', () => {
  it.concurrent('passes everything on, and fails as it is told to', inSpace('harness', async (space) => {
    const proxy = await faultProxy(space);
    const get = (): Promise<{ stdout: string; stderr: string }> =>
      run('kubectl', ['get', 'pods', '--request-timeout=5s'], { env: { ...process.env, KUBECONFIG: proxy.kubeconfig } });
    try {
      expect((await get()).stderr).toContain('No resources found');
      proxy.set({ status: 403 });
      await expect(get()).rejects.toThrow(/Forbidden|forbidden/);
      proxy.set({ html: true });
      await expect(get()).rejects.toThrow();
      proxy.set({ cut: true });
      await expect(get()).rejects.toThrow(/EOF|reset/);
      proxy.set();
      let comeBack = (): void => undefined;
      const down = proxy.outage(new Promise<void>((resolve) => (comeBack = resolve)));
      await expect(get()).rejects.toThrow(/refused/);
      comeBack();
      await down;
      expect((await get()).stderr).toContain('No resources found');
    } finally {
      await proxy.close();
    }
  }));
});

describe('what the runner reads', () => {
  it('takes outputs in both forms', () => {
    expect(parseFileCommands('a=1\nb<<END\ntwo\nlines\nEND\nc=x=y\n')).toEqual({ a: '1', b: 'two\nlines', c: 'x=y' });
  });

  it('hides masked values, and obeys nothing between stop-commands and its token', () => {
    const seen = asSeen(['::add-mask::geheim', 'key geheim', '::stop-commands::t0k3n', '::error::not me', '::t0k3n::', '::error file=a.yml,line=3::50%25']);
    expect(seen.lines).toEqual(['key ***', '::error::not me', '::error file=a.yml,line=3::50%25']);
    expect(seen.commands.at(-1)).toEqual({ name: 'error', properties: { file: 'a.yml', line: '3' }, message: '50%' });
    expect(seen.commands).toHaveLength(3);
  });
});
