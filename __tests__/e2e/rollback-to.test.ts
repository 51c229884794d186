import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { request } from 'node:http';
import { closeApi } from './harness/api.js';
import { calm, imageOf, inSpace, rolloutInputs, startHealthy, variant } from './harness/app.js';
import { expectEnding, expectHidden, expectTold } from './harness/ending.js';
import { closeImages, type PushedImage } from './harness/images.js';
import { ledgerOf } from './harness/ledger.js';
import type { Space } from './harness/namespace.js';
import { runAction, type ActionResult } from './harness/run-action.js';
import { runningImages, snapshotOf } from './harness/snapshot.js';

jest.setTimeout(300_000);
afterAll(() => {
  closeApi();
  closeImages();
});

const commitOf = (version: number): string => `${String(version).repeat(8)}c0ffee`.padEnd(40, 'a');
const referenceOf = (image: PushedImage): string => `${image.name}@${image.digest}`;

/** v1 by hand, then v2, v3 … by the action, each proven. */
async function releases(space: Space, count: number, imageFor: (version: number) => Promise<PushedImage> = (version) => variant(`v${version}`)): Promise<PushedImage[]> {
  const images = [await startHealthy(space, { replicas: 1 })];
  for (let version = 2; version < count + 2; version += 1) {
    const image = await imageFor(version);
    images.push(image);
    const result = await runAction({ action: 'rollout', commit: commitOf(version), inputs: rolloutInputs(space, image, { smoke: `service/web/ -> 200 contains v${version}`, 'prove-first': 'false' }) });
    expectEnding(result, { verdict: 'deployed' });
  }
  return images;
}

function back(space: Space, image: PushedImage, more: Readonly<Record<string, string>> = {}): Promise<ActionResult> {
  const inputs = { kubeconfig: space.kubeconfig, namespace: space.name, image: image.name, workloads: 'deployment/web', 'prove-first': 'false', ...more };
  return runAction({ action: 'rollback', inputs });
}

describe('back to a release by its name', () => {
  it.concurrent('its commit, its digest, its revision', inSpace('named', async (space) => {
    const [v1, v2, v3] = await releases(space, 2) as [PushedImage, PushedImage, PushedImage];

    const byCommit = await back(space, v2, { to: commitOf(2).slice(0, 8), smoke: 'service/web/ -> 200 contains v2' });
    expectEnding(byCommit, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    // The whole list, newest first, with what is there now marked, and what is gone back to.
    expect(byCommit.log).toMatch(/^release +age +commit/m);
    expect(byCommit.log).toMatch(new RegExp(`^\\S+ +\\d+ \\S+ ago +${commitOf(3).slice(0, 7)} +verified +← now$`, 'm'));
    expect(byCommit.log).toMatch(new RegExp(`^\\S+ +\\d+ \\S+ ago +${commitOf(2).slice(0, 7)} +verified$`, 'm'));
    expect(byCommit.log).toContain(`${referenceOf(v3)} of `);
    expect(byCommit.log).toContain(`rolling back to ${referenceOf(v2)}`);
    // What is recorded and reported is the commit that was gone back to.
    expect(byCommit.report.commit).toBe(commitOf(2));
    expect((await ledgerOf(space)).releases[0]).toMatchObject({ reference: referenceOf(v2), commit: commitOf(2), verified: true });

    const byDigest = await back(space, v1, { to: v1.digest, smoke: 'service/web/ -> 200 contains v1' });
    expectEnding(byDigest, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([v1.reference]);

    const sets = await space.list('ReplicaSet', 'app=web');
    const revision = sets.find((set) => set.spec.template.spec.containers[0].image === referenceOf(v3))?.metadata.annotations['deployment.kubernetes.io/revision'];
    const byRevision = await back(space, v3, { to: revision, smoke: 'service/web/ -> 200 contains v3' });
    expectEnding(byRevision, { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v3)]);
  }));

  it.concurrent('one that there is not: refused, with what there is', inSpace('unknown', async (space) => {
    const [, v2] = await releases(space, 1) as [PushedImage, PushedImage];
    const before = await snapshotOf(space);
    for (const to of ['deadbeef', `sha256:${'ef'.repeat(32)}`]) {
      const result = await back(space, v2, { to });
      expectEnding(result, { verdict: 'failed', cause: 'release-not-found' });
      expectTold(result, 'No release matches', `to: ${to}`, v2.digest.slice('sha256:'.length, 14));
      expect(result.log).toContain(v2.digest);
    }
    const revision = await back(space, v2, { to: '99' });
    expectEnding(revision, { verdict: 'failed', cause: 'release-not-found' });
    expectTold(revision, 'deployment/web has no revision 99; it has 1, 2', 'revisionHistoryLimit');
    expect(await snapshotOf(space)).toEqual(before);
  }));
});

describe('back, again and again', () => {
  it.concurrent('goes further back each time, and never to what was rolled back from', inSpace('further', async (space) => {
    const [v1, v2, v3] = await releases(space, 2) as [PushedImage, PushedImage, PushedImage];
    expectEnding(await back(space, v3), { verdict: 'deployed' });
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
    const { releases: known } = await ledgerOf(space);
    expect(known.find((release: { reference: string }) => release.reference === referenceOf(v3))?.contents).toEqual(
      [{ subject: 'deployment/web', part: 'web', version: referenceOf(v3), withdrawnAt: expect.any(String) }]);

    const second = await back(space, v3);
    expectEnding(second, { verdict: 'deployed' });
    expect(second.log).toMatch(new RegExp(`${referenceOf(v3)} of .*, withdrawn`));
    expect(await runningImages(space, 'web')).toEqual([v1.reference]);

    const before = await snapshotOf(space);
    const third = await back(space, v3);
    expectEnding(third, { verdict: 'failed', cause: 'release-not-found' });
    expectTold(third, 'There is no verified release to roll back to');
    expect(await snapshotOf(space)).toEqual(before);
  }));

  it.concurrent('a part of the app, and then the rest of it', inSpace('parts', async (space) => {
    const workloads = 'deployment/web\ndeployment/worker';
    const [v1, v2, v3] = [await startHealthy(space, { replicas: 1 }), await variant('v2'), await variant('v3')];
    await startHealthy(space, { name: 'worker', replicas: 1 });
    const there = async (): Promise<string[]> => [await imageOf(space, 'Deployment', 'web'), await imageOf(space, 'Deployment', 'worker')];
    for (const image of [v2, v3]) {
      const inputs = rolloutInputs(space, image, { workloads, smoke: '', 'prove-first': 'false' });
      expectEnding(await runAction({ action: 'rollout', inputs }), { verdict: 'deployed' });
    }
    expectEnding(await back(space, v3), { verdict: 'deployed' });
    expect(await there()).toEqual([referenceOf(v2), referenceOf(v3)]);
    expectEnding(await back(space, v3), { verdict: 'deployed' });
    expect(await there()).toEqual([v1.reference, referenceOf(v3)]);
    expectEnding(await back(space, v3), { verdict: 'failed', cause: 'release-not-found' });

    const rest = await back(space, v3, { workloads: '' });
    expectEnding(rest, { verdict: 'deployed' });
    expect(await there()).toEqual([v1.reference, v1.reference]);
    expect(rest.outputs['previous-reference']?.split('\n')).toEqual([v1.reference, referenceOf(v3)]);
    expectEnding(await back(space, v3, { workloads: '' }), { verdict: 'failed', cause: 'release-not-found' });
  }));

  it.concurrent('without a workload that was deleted since', inSpace('deleted', async (space) => {
    const v2 = await variant('v2');
    const v1 = await startHealthy(space, { replicas: 1 });
    await startHealthy(space, { name: 'worker', replicas: 1 });
    const inputs = rolloutInputs(space, v2, { workloads: 'deployment/web\ndeployment/worker', smoke: '' });
    expectEnding(await runAction({ action: 'rollout', inputs }), { verdict: 'deployed' });
    await space.remove('Deployment', 'worker');
    const asked = await back(space, v2, { workloads: 'deployment/web\ndeployment/worker' });
    expectEnding(asked, { verdict: 'failed', cause: 'config-invalid' });
    expectTold(asked, 'deployment/worker: does not exist in namespace');
    const result = await back(space, v2, { workloads: '' });
    expectEnding(result, { verdict: 'deployed' });
    expectTold(result, 'deployment/worker is part of recorded releases, but no longer exists in namespace');
    expect(await imageOf(space, 'Deployment', 'web')).toBe(v1.reference);
  }));

  it.concurrent('to a version that does not answer any more: what was there is put back', inSpace('badback', async (space) => {
    const [, v2, v3] = await releases(space, 2) as [PushedImage, PushedImage, PushedImage];
    const before = await snapshotOf(space);
    const result = await back(space, v3, { smoke: 'service/web/ -> 200 contains v3' });
    expectEnding(result, { verdict: 'rolled-back', cause: 'smoke-failed' });
    expect(result.log).toContain(`rolling back to ${referenceOf(v2)}`);
    expect(await snapshotOf(space)).toEqual(before);
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v3)]);
  }));
});

describe('a registry that says nothing', () => {
  it.concurrent('is a warning where there is a login for it, and the rollback is made', inSpace('closed', async (space) => {
    const [, v2, v3] = await releases(space, 2) as [PushedImage, PushedImage, PushedImage];
    const result = await back(space, v3, { registry: '127.0.0.1:9', 'registry-username': 'me', 'registry-password': 'hunter22-hunter22' });
    expectEnding(result, { verdict: 'deployed' });
    expectTold(result, v2.digest, 'is still in the registry: The registry 127.0.0.1:9 cannot be reached');
    expectHidden(result, 'hunter22-hunter22');
    expect(await runningImages(space, 'web')).toEqual([referenceOf(v2)]);
  }));
});

describe('a release whose image is gone', () => {
  it.concurrent('is refused before anything is changed', inSpace('lost', async (space) => {
    const [, v2, v3] = await releases(space, 2, (version) => variant(`v${version}`, calm, { fresh: true, tag: `lost-${version}` })) as [PushedImage, PushedImage, PushedImage];
    expect(await removeFromRegistry(v2)).toBe(202);
    const before = await snapshotOf(space);
    const result = await back(space, v3);
    expectEnding(result, { verdict: 'failed', cause: 'image-not-found', stage: 'preflight' });
    expectTold(result, `${v2.digest} no longer exists in the registry`);
    expect(await snapshotOf(space)).toEqual(before);
  }));
});

/** Removes a manifest, as the clean-up of a registry does. */
function removeFromRegistry(image: PushedImage): Promise<number> {
  const [host = '', ...path] = image.name.split('/');
  return new Promise((resolve, reject) => {
    request(`http://${host}/v2/${path.join('/')}/manifests/${image.digest}`, { method: 'DELETE' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', reject).end();
  });
}
