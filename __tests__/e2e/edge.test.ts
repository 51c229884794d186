import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { silentWebhook, type Guarded } from './harness/admission.js';
import { faultProxy } from './harness/api-fault-proxy.js';
import { administrator, call, closeApi, pathOf } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { environment } from './harness/environment.js';
import { closeImages } from './harness/images.js';
import { killKubectlProxy } from './harness/kubectl-proxy.js';
import { rollingOut } from './harness/moments.js';
import type { Space } from './harness/namespace.js';
import { grant } from './harness/rights.js';
import { runAction } from './harness/run-action.js';
import { snapshotOf } from './harness/snapshot.js';

// The way to the cluster: the kubeconfig, the socket, kubectl, and what the API server refuses.

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

/** In a folder that is removed afterwards. */
async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-e2e-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nowhere = { image: 'registry.example/app', digest: `sha256:${'ab'.repeat(32)}`, workloads: 'deployment/web' };

describe('the kubeconfig', () => {
  it.concurrent('that is an empty secret is named, and no other cluster is asked', async () => {
    const result = await runAction({ action: 'rollout', inputs: { ...nowhere, kubeconfig: '' } });
    expectEnding(result, { verdict: 'failed', cause: 'config-invalid' });
    expectTold(result, 'No kubeconfig was given', '.kube/config does not exist', 'A secret that does not exist');
    expect(result.raw).not.toContain('8080');
  });

  it.concurrent('names files: all that are missing are named, and those in the workspace are used', inSpace('files', async (space) => {
    await startHealthy(space);
    const { access } = administrator();
    const content = JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'test', contexts: [{ name: 'test', context: { cluster: 'test', user: 'deployer' } }],
      clusters: [{ name: 'test', cluster: { server: access.server.href, 'certificate-authority': 'pki/ca.crt' } }],
      users: [{ name: 'deployer', user: { tokenFile: 'pki/token' } }],
    });
    const inputs = rolloutInputs(space, await variant('v2'), { kubeconfig: content, 'dry-run': 'true' });
    const missing = await runAction({ action: 'rollout', inputs });
    expectEnding(missing, { verdict: 'failed', cause: 'config-invalid' });
    expectTold(missing, 'certificate-authority: pki/ca.crt', 'tokenFile: pki/token', 'kubectl config view --raw --minify --flatten');
    await inFolder(async (workspace) => {
      mkdirSync(join(workspace, 'pki'));
      writeFileSync(join(workspace, 'pki/ca.crt'), access.ca ?? '');
      writeFileSync(join(workspace, 'pki/token'), space.token);
      const result = await runAction({ action: 'rollout', inputs, workspace });
      expectEnding(result, { verdict: 'planned' });
      expect(result.log).toContain('The kubeconfig names pki/ca.crt, pki/token: read from the workspace');
    });
  }));
});

describe('the temporary folder of the runner', () => {
  it.concurrent('may have a long path', inSpace('long', async (space) => {
    await startHealthy(space);
    const v2 = await variant('v2');
    await inFolder(async (folder) => {
      const temp = join(folder, 'actions-runners/organisation-name/repository-name/runner-production-01/_work/_temp');
      mkdirSync(temp, { recursive: true });
      expectEnding(await runAction({ action: 'rollout', inputs: rolloutInputs(space, v2), env: { RUNNER_TEMP: temp } }), { verdict: 'deployed' });
    });
    expect(await imageOf(space, 'Deployment', 'web')).toBe(`${v2.name}@${v2.digest}`);
  }));

  it.concurrent('that does not exist ends with a verdict', async () => {
    const result = await runAction({ action: 'rollout', inputs: { ...nowhere, kubeconfig: '' }, env: { RUNNER_TEMP: '/no/such/folder' } });
    expect([result.exitCode, result.outputs.verdict, result.outputs.cause, result.outputs.report]).toEqual([1, 'failed', 'config-invalid', '']);
    expect(result.log).toContain('The temporary folder /no/such/folder cannot be used: it does not exist.');
    expect(result.summary).toContain('/no/such/folder');
  });
});

describe('the kubectl proxy of a run', () => {
  it.concurrent.each([['good', `${calm},slow-ready=5s`, { verdict: 'deployed' }], ['bad', 'crash', { verdict: 'rolled-back', cause: 'crash-loop' }]] as const)(
    'that is killed while a %s version is rolled out is started again', async (_, mode, ending) => inSpace('noproxy', async (space) => {
      await startHealthy(space);
      const v2 = await variant('v2', mode);
      await inFolder(async (temp) => {
        let kills = 0;
        const result = await runAction({
          inputs: rolloutInputs(space, v2), env: { RUNNER_TEMP: temp },
          onLine: (line) => {
            if (rollingOut(line) && kills === 0) {
              kills += 1;
              killKubectlProxy(temp);
            }
          },
        });
        expect(kills).toBe(1);
        expectEnding(result, ending);
        expect(result.log).toContain('The `kubectl proxy` of this run was killed by signal 9. It is started again.');
      });
    })());
});

describe('the namespace', () => {
  it.concurrent('that was not meant is asked about before a Role', inSpace('typo', async (space) => {
    const inputs = { ...nowhere, kubeconfig: space.kubeconfig, namespace: `${space.name}x` };
    const refused = await runAction({ action: 'rollout', inputs });
    expectEnding(refused, { verdict: 'failed', cause: 'permission-denied' });
    expect(refused.report.failure.message).toMatch(new RegExp(`^Is \`namespace: ${space.name}x\` right\\?`));
    expectTold(
      refused, 'has none of the permissions', 'is not allowed to see whether that namespace exists', `belongs to the namespace ${space.name}.`, `Did you mean "${space.name}"?`,
    );
    expect(refused.raw).not.toContain('kind: Role');
    const absent = await runAction({ action: 'rollout', inputs: { ...inputs, kubeconfig: environment().kubeconfig } });
    expectEnding(absent, { verdict: 'failed', cause: 'config-invalid' });
    expectTold(absent, `The namespace ${space.name}x does not exist.`, `Did you mean "${space.name}"?`);
  }));
});

/** A quota that has exactly the room that is used. */
async function fullQuota(space: Space, name: string): Promise<void> {
  await space.apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'objects' }, spec: { hard: { [name]: '1' } } });
  await space.until('ResourceQuota', 'objects', 'is counted', ({ status }) => status?.hard?.[name] === '1' && status.used?.[name] === '1');
}

describe('a quota of objects', () => {
  it.concurrent('without room for the record or a ReplicaSet is named, before the change or when the API server says so', inSpace('objects', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const inputs = rolloutInputs(space, await variant('v2'));
    await fullQuota(space, 'configmaps');
    const late = await runAction({ action: 'rollout', inputs });
    expectEnding(late, { verdict: 'failed', cause: 'quota-exceeded' });
    expectTold(late, 'exceeded quota: objects', 'Raise the ResourceQuota objects');

    await grant(space, { apiGroups: [''], resources: ['resourcequotas'], verbs: ['list'] });
    const early = await runAction({ action: 'rollout', inputs });
    expectEnding(early, { verdict: 'failed', cause: 'quota-exceeded', stage: 'preflight' });
    expectTold(early, 'configmaps is at 1 of 1, and ConfigMap deploy-ledger-app is needed');

    await space.remove('ResourceQuota', 'objects');
    await fullQuota(space, 'count/replicasets.apps');
    const controller = await runAction({ action: 'rollout', inputs });
    expectEnding(controller, { verdict: 'failed', cause: 'quota-exceeded', stage: 'preflight' });
    expectTold(controller, 'count/replicasets.apps is at 1 of 1, and a ReplicaSet of deployment/web is needed', 'revisionHistoryLimit');
    expect(await snapshotOf(space)).toEqual(before);
  }));
});

const isDiscovery = ({ path }: { path: string }): boolean => /^\/apis?\?/.test(path);

describe('a look-up of kubectl that is refused', () => {
  it.concurrent('once is made again; for good it is named in the words of the API server, and nothing was changed', inSpace('lookup', async (space) => {
    await startHealthy(space);
    const proxy = await faultProxy(space);
    try {
      const inputs = rolloutInputs(space, await variant('v2'), { kubeconfig: proxy.kubeconfig });
      const before = await snapshotOf(space);
      proxy.set({ when: ({ path }) => /^\/apis?(\?|$)/.test(path), status: 403 });
      const lasting = await runAction({ action: 'rollout', inputs });
      expectEnding(lasting, { verdict: 'failed', cause: 'permission-denied', stage: 'rollout' });
      expectTold(lasting, 'kubectl set image failed before it changed anything: the test says so');
      expect(await snapshotOf(space)).toEqual(before);
      // kubectl itself asks four times.
      proxy.set({ when: isDiscovery, status: 403, times: 4 });
      expectEnding(await runAction({ action: 'rollout', inputs }), { verdict: 'deployed' });
      expect(proxy.requests.filter((request) => isDiscovery(request) && request.answered === undefined).length).toBeGreaterThan(0);
    } finally {
      await proxy.close();
    }
  }));
});

const leases: Guarded = {
  rule: { apiGroups: ['coordination.k8s.io'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['leases'] },
  isRefused: (space) => call('POST', `${pathOf('Lease', space.name)}?dryRun=All`, { metadata: { name: 'tried' } }).then(() => false, () => true),
};

describe('a lock that cannot be written', () => {
  it.concurrent('because a webhook does not answer ends in time, and says so', inSpace('guarded', async (space) => {
    await startHealthy(space);
    const before = await snapshotOf(space);
    const remove = await silentWebhook(space, leases);
    try {
      const result = await runAction({ action: 'rollout', inputs: rolloutInputs(space, await variant('v2'), { 'lock-timeout': '3s' }) });
      expectEnding(result, { verdict: 'failed', cause: 'admission-denied' });
      expectTold(result, 'The lock of app could not be acquired', 'failed calling webhook "guard.example.com"');
      expect(result.log).toContain('The lock of app could not be acquired. Trying again');
    } finally {
      await remove();
    }
    expect(await snapshotOf(space)).toEqual(before);
  }));
});
