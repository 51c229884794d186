import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { randomInt } from 'node:crypto';
import { call, closeApi, type Any } from './harness/api.js';
import { calm, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { evidenceOf } from './harness/case.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { closeImages } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { once } from './harness/moments.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { withSettings } from './harness/workspace.js';
import { cronjob, daemonset, service } from './harness/workloads.js';

// What a rollout waits for: it has a name in the progress, in a warning, and in the message of the failure.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const warningsOf = ({ commands }: ActionResult): string => commands.filter(({ name }) => name === 'warning').map(({ message }) => message).join('\n');

describe('what nothing is wrong with', () => {
  it.concurrent('an init container that does not exit: named with its log', inSpace('waits', async (space) => {
    const { reference } = await variant('v1');
    const migrate = { name: 'migrate', image: reference, env: [{ name: 'ROLE', value: 'migrate' }, { name: 'MODE', value: 'exit-zero' }] };
    await startHealthy(space, { replicas: 1, pod: { initContainers: [migrate] } });
    const v2 = await variant('v2', calm, { tag: 'v2-migrates', env: { MODE_migrate: 'ok', LOG: 'waiting for db:5432' } });
    const result = await runAction({ inputs: rolloutInputs(space, v2, { timeout: '20s' }) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'deadline', stage: 'rollout' });
    expectTold(result, 'init container migrate has been running for');
    expect(warningsOf(result)).toContain('init container migrate has been running for');
    expect(evidenceOf(result)).toMatch(/log of container migrate of pod web-\S+\n.*waiting for db:5432/);
    expect(evidenceOf(result)).toMatch(/Initialized=False/);
    expect(result.log).not.toContain('pulling and starting');
  }));

  it.concurrent('an old pod that does not terminate: named with its finalizer, also by the rollback', inSpace('waits', async (space) => {
    await startHealthy(space, { kind: 'StatefulSet' });
    await space.patch('Pod', 'web-1', { metadata: { finalizers: ['example.com/hold'] } });
    const held = /web-1 of the old version has been terminating for \d+ s \(5 s are allowed\), blocked by its finalizer example\.com\/hold/;
    let told = 0;
    const release = once((line) => /^rollback .*has been terminating/.test(line) && (told += 1) > 0, () => space.patch('Pod', 'web-1', { metadata: { finalizers: null } }));
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { workloads: 'statefulset/web', timeout: '20s' }), onLine: release.onLine });
    await release.done();
    expectEnding(result, { verdict: 'rolled-back', cause: 'deadline', stage: 'rollout' });
    expect(result.report.failure.message).toMatch(held);
    expect(result.report.failure.hint).toContain('finalizer');
    expect(warningsOf(result)).toMatch(held);
    expect(evidenceOf(result)).toContain('finalizers: example.com/hold');
  }));

  it.concurrent('a DaemonSet that its controller never observed is not deployed', inSpace('waits', async (space) => {
    await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'objects' }, spec: { hard: { 'count/controllerrevisions.apps': '0' } } });
    await space.until('ResourceQuota', 'objects', 'is counted', (quota) => quota.status?.used?.['count/controllerrevisions.apps'] === '0');
    await space.apply(daemonset('web', { image: (await variant('v1')).reference }));
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { workloads: 'daemonset/web', smoke: '', timeout: '20s', rollback: 'off' }) });
    expectEnding(result, { verdict: 'rollback-failed', cause: 'deadline', stage: 'rollout' });
    expectTold(result, 'the controller has not processed the change of daemonset/web'.replace(/^t/, 'T'), 'kubectl get resourcequota');
    expect(warningsOf(result)).toContain('quota');
  }));
});

describe('where nothing runs', () => {
  const claims = /every workload and verified|was verified|restored and verified|every endpoint/;
  it.concurrent('a DaemonSet that no node takes is deployed, and nothing is claimed of it', inSpace('idle', async (space) => {
    await space.apply(service('web'), daemonset('web', { image: (await variant('v1')).reference, pod: { nodeSelector: { gpu: 'yes' } } }));
    await space.until('DaemonSet', 'web', 'is observed', ({ metadata, status }) => status.observedGeneration === metadata.generation);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { workloads: 'daemonset/web' }) });
    expectEnding(result, { verdict: 'deployed' });
    expect(warningsOf(result)).toContain('was skipped: no node matches the pods of web (node selector gpu=yes)');
    expect(result.log).toContain('The new version is set, but not verified (');
    expect(result.log + result.summary).not.toMatch(claims);
    expect((await ledgerOf(space)).releases[0]).toMatchObject({ verified: false, unverified: ['daemonset/web'] });
  }));

  it.concurrent('beside one that serves, what is verified is told from what is not, and each can be gone back to', inSpace('idle', async (space) => {
    await startHealthy(space, { replicas: 1 });
    await space.apply(cronjob('nightly', { image: (await variant('v1')).reference }));
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { workloads: 'deployment/web, cronjob/nightly' }) });
    expectEnding(result, { verdict: 'deployed' });
    expectTold(result, 'cronjob/nightly');
    expect(result.log).toContain('Not verified: cronjob/nightly (its next Job uses the image).');
    expect(result.report.unverified).toEqual([{ workload: 'cronjob/nightly', reason: 'its next Job uses the image' }]);
    const back = await runAction({ action: 'rollback', inputs: { kubeconfig: space.kubeconfig, namespace: space.name, app: 'app', workloads: 'cronjob/nightly' } });
    expectEnding(back, { verdict: 'deployed' });
    expect(back.log).toContain('not verified: nothing ran with it');
    expect(back.log).toContain('The earlier version is set, but not verified (');
  }));
});

describe('what has a cause of its own', () => {
  it.concurrent('a postStart hook that fails is no crash of the app', inSpace('waits', async (space) => {
    const { reference } = await variant('v1', calm, { tag: 'v1-registers', env: { MODE_register: 'exit-zero' } });
    await startHealthy(space, { replicas: 1, image: reference, container: { lifecycle: { postStart: { exec: { command: ['/app', 'register'] } } } } });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2', calm, { tag: 'v2-registers', env: { MODE_register: 'crash' } })) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'hook-failed', stage: 'rollout' });
    expect(result.report.failure.message).toMatch(/^Container web of pod web-\S+ was killed twice because its postStart hook failed \(`\/app register`\)/);
    expect(evidenceOf(result)).toContain('FailedPostStartHook');
  }));

  it.concurrent('pods that the node refuses, one after another', inSpace('waits', async (space) => {
    const [node] = (await call('GET', '/api/v1/nodes')).items;
    await startHealthy(space, {
      replicas: 1, container: { ports: [{ containerPort: 8080, hostPort: randomInt(20_000, 30_000) }] }, pod: { nodeName: node.metadata.name },
    });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { timeout: '90s' }) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'unschedulable', stage: 'rollout' });
    expectTold(result, 'NodePorts: ');
    expect(evidenceOf(result)).toMatch(/phase Failed: NodePorts/);
  }));

  it.concurrent('a sandbox that the node cannot create', inSpace('waits', async (space) => {
    const path = '/apis/node.k8s.io/v1/runtimeclasses';
    const create = (handler: string): Promise<Any> => call('POST', path, { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: space.name }, handler });
    await create('runc');
    try {
      await startHealthy(space, { replicas: 1, pod: { runtimeClassName: space.name } });
      await call('DELETE', `${path}/${space.name}`);
      await create('kata');
      const v2 = await variant('v2');
      const result = await withSettings({ patience: { 'container-start': '17s' } }, (workspace) => runAction({ workspace, inputs: rolloutInputs(space, v2) }));
      expectEnding(result, { verdict: 'rolled-back', cause: 'container-start', stage: 'rollout' });
      expectTold(result, 'no runtime for "kata" is configured');
      expect(warningsOf(result)).toContain('cannot create the sandbox of pod web-');
      expect(evidenceOf(result)).toContain('FailedCreatePodSandBox');
      expect(result.log).toContain('waiting for its sandbox');
    } finally {
      await call('DELETE', `${path}/${space.name}`).catch(() => undefined);
    }
  }));

  it.concurrent('a ReplicaSet that a quota refuses', inSpace('waits', async (space) => {
    await startHealthy(space);
    await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'objects' }, spec: { hard: { 'count/replicasets.apps': '1' } } });
    await space.until('ResourceQuota', 'objects', 'is counted', (quota) => quota.status?.used?.['count/replicasets.apps'] === '1');
    const v2 = await variant('v2');
    const result = await withSettings({ patience: { 'quota-exceeded': '3s' } }, (workspace) => runAction({ workspace, inputs: rolloutInputs(space, v2) }));
    expectEnding(result, { verdict: 'rolled-back', cause: 'quota-exceeded', stage: 'rollout' });
    expectTold(result, 'cannot create the ReplicaSet of deployment/web', 'exceeded quota: objects');
  }));

  it.concurrent('an image that runs as root where no pod may', inSpace('waits', async (space) => {
    const { reference } = await variant('v1', calm, { tag: 'v1-user', user: '1000' });
    await startHealthy(space, { replicas: 1, image: reference, pod: { securityContext: { runAsNonRoot: true } } });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')) });
    expectEnding(result, { verdict: 'rolled-back', cause: 'container-config', stage: 'rollout' });
    expectTold(result, 'image will run as root', 'USER');
    expect([result.report.failure.hint, result.summary.split('<details')[0]].join()).not.toMatch(/ConfigMap|Secret/);
  }));
});
