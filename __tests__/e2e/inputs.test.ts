import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { closeApi } from './harness/api.js';
import { imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectTold } from './harness/ending.js';
import { environment } from './harness/environment.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import { runAction } from './harness/run-action.js';
import { snapshotOf } from './harness/snapshot.js';
import { deployment } from './harness/workloads.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

describe('an input that the action does not have', () => {
  it.concurrent('ends the run before anything is changed, with the name that was meant', inSpace('typo', async (space) => {
    await startHealthy(space, { replicas: 1 });
    const before = await snapshotOf(space);
    const { workloads = '', namespace = '', ...others } = rolloutInputs(space, await variant('v2'));
    const result = await runAction({ inputs: { ...others, 'workload': workloads, 'name-space': namespace, 'timeout': 'soon' } });
    expectEnding(result, { verdict: 'failed', cause: 'config-invalid', stage: 'config' });
    expectTold(result, 'unknown input "workload". Did you mean "workloads"?', 'unknown input "name-space". Did you mean "namespace"?', 'input timeout');
    const other = await runAction({ action: 'build', inputs: { test: 'true', namespace } });
    expectEnding(other, { verdict: 'failed', cause: 'config-invalid', stage: 'config' });
    expectTold(other, 'unknown input "namespace"', 'acci/deploy-action/rollout');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('is left alone where it may be that of a composite action around the step', async () => {
    const env = { ACT: 'true', GITHUB_ACTION_PATH: '/actions/outer' };
    expectEnding(await runAction({ inputs: { test: 'true', workload: 'deployment/web' }, env }), { verdict: 'tested' });
  });
});

describe('a run that rolls nothing out', () => {
  it.concurrent('is `tested` when it only tested', async () => {
    const result = await runAction({ inputs: { test: 'echo tested' } });
    expectEnding(result, { verdict: 'tested' });
    for (const text of [result.log, result.summary]) expect(text).toContain('Nothing was built or rolled out.');
    expect([result.outputs.digest, result.report.reference, result.report.success]).toEqual(['', null, true]);
  });

  it.concurrent('is refused when it was given a cluster', async () => {
    const result = await runAction({ inputs: { test: 'true', namespace: 'web', smoke: 'service/web/' } });
    expectEnding(result, { verdict: 'failed', cause: 'config-invalid', stage: 'config' });
    expectTold(result, 'inputs namespace and smoke: nothing is rolled out, because there are no');
  });

  it.concurrent('is `built` when it built and pushed, by a file that a rollout reads too', async () => {
    const workspace = mkdtempSync(join(tmpdir(), 'deploy-build-'));
    try {
      mkdirSync(join(workspace, '.github'));
      writeFileSync(join(workspace, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
      // The registry may have the image of an earlier run of these tests.
      const image = `${environment().registry}/inputs-${Date.now()}/built`;
      writeFileSync(join(workspace, '.github/deploy.yml'), JSON.stringify({
        image, platforms: ['linux/amd64'], workloads: ['deployment/web'], namespace: 'web', smoke: ['service/web/'], rollback: 'off',
      }));
      const result = await runAction({ action: 'build', inputs: { builder: environment().builder }, workspace });
      expectEnding(result, { verdict: 'built' });
      expect(result.log).toContain('built: built. The image was built and pushed');
      expect(result.summary).toContain('Nothing was rolled out.');
      expect(result.report).toMatchObject({ image, digest: result.outputs.digest, changes: [] });
      expect(result.outputs.digest).toMatch(/^sha256:/);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  });
});

describe('two apps whose images end alike', () => {
  it.concurrent('share a record, and a rollback of one leaves the other as it is', inSpace('alike', async (space) => {
    const versions = async (app: string): Promise<readonly [PushedImage, PushedImage]> =>
      [await variant('v1', undefined, { repository: `${app}/api` }), await variant('v2', undefined, { repository: `${app}/api` })];
    const [shop1, shop2] = await versions('shop');
    const [billing1, billing2] = await versions('billing');
    await space.apply(deployment('shop', { image: shop1.reference, replicas: 1 }), deployment('billing', { image: billing1.reference, replicas: 1 }));
    await Promise.all(['shop', 'billing'].map((name) => space.rolledOut('Deployment', name, 120_000)));
    const release = (image: PushedImage, name: string) =>
      runAction({ action: 'rollout', inputs: rolloutInputs(space, image, { workloads: `deployment/${name}`, smoke: '' }) });
    const first = await release(billing2, 'billing');
    expectEnding(first, { verdict: 'deployed' });
    expect(first.log).not.toContain('share the record');
    const second = await release(shop2, 'shop');
    expectEnding(second, { verdict: 'deployed' });
    expectTold(second, billing2.name, 'Apps with the same name share the record and the lock');

    const { kubeconfig, name: namespace } = space;
    const unclear = await runAction({ action: 'rollback', inputs: { kubeconfig, namespace, app: 'api' } });
    expectEnding(unclear, { verdict: 'failed', cause: 'config-invalid' });
    expectTold(unclear, 'the record of api contains releases of');

    const back = await runAction({ action: 'rollback', inputs: { kubeconfig, namespace, image: billing2.name } });
    expectEnding(back, { verdict: 'deployed' });
    expect(await imageOf(space, 'Deployment', 'billing')).toBe(billing1.reference);
    expect(await imageOf(space, 'Deployment', 'shop')).toBe(`${shop2.name}@${shop2.digest}`);
    expect((await ledgerOf(space, 'api')).releases[0]).toMatchObject({ repository: billing2.name, reference: billing1.reference });
  }));
});
