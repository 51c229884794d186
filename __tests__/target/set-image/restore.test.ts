import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { Workload } from '../../../src/kubernetes/client/objects.js';
import { restore, restorePatch, undoArguments } from '../../../src/target/set-image/restore.js';
import type { ImageChange, PausedDeployment } from '../../../src/target/set-image/image-change.js';
import { swiftClock } from '../../kubernetes/client/hand-clock.js';
import { deployment, newImage, oldImage, target } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from './fake-cluster.js';
import { applyPatch } from './json-patch.js';

const withContainers = (images: Readonly<Record<string, string>>, extra: Partial<Workload['spec']> = {}): Workload => deployment({
  spec: { ...extra, template: { metadata: { labels: { app: 'api' } }, spec: { containers: Object.entries(images).map(([name, image]) => ({ name, image })) } } },
});
const held: PausedDeployment = { ref: 'deployment/api', minReadySeconds: 0 };
const imagesOf = (workload: Workload | undefined) => workload?.spec?.template?.spec?.containers?.map((container) => container.image);

describe('the patch that puts the old images back', () => {
  it('tests the workload, the container and the image before it replaces anything', () => {
    expect(restorePatch(target(), deployment(), undefined)).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'uid-api' },
      { op: 'test', path: '/spec/template/spec/containers/0/name', value: 'app' },
      { op: 'test', path: '/spec/template/spec/containers/0/image', value: newImage },
      { op: 'replace', path: '/spec/template/spec/containers/0/image', value: oldImage },
    ]);
  });

  it('finds the containers where they are now, init containers and CronJobs too', () => {
    const job: Workload = {
      metadata: { uid: 'uid-api' },
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'other', image: 'x' }], initContainers: [{ name: 'proxy' }, { name: 'app', image: newImage }] } } } } },
    };
    expect(restorePatch(target('cronjob'), job, undefined)).toContainEqual(
      { op: 'replace', path: '/spec/jobTemplate/spec/template/spec/initContainers/1/image', value: oldImage });
  });

  it('is empty when the old images are there already', () => {
    expect(restorePatch(target(), deployment({ image: oldImage }), undefined)).toEqual([]);
  });

  it('goes to the last proven release where what was there before was broken', () => {
    const proven = 'registry.example/api:0';
    const of = target('deployment', { containers: [{ name: 'app', before: oldImage, after: newImage, back: proven }] });
    expect(applyPatch(deployment(), restorePatch(of, deployment(), undefined) as never)?.spec?.template?.spec?.containers?.[0]?.image).toBe(proven);
    expect(restorePatch(of, deployment({ image: oldImage }), undefined)).toEqual([]);
  });

  describe('where admission has rewritten an image', () => {
    const cached = (image: string) => image.replace('registry.example', 'cache.example');
    const [before, becomes] = [cached(oldImage), cached(newImage)];
    const imageAfter = (of: ImageChange, workload: Workload) =>
      applyPatch(workload, restorePatch(of, workload, undefined) as never)?.spec?.template?.spec?.containers?.[0]?.image;
    const of = (container: Partial<ImageChange['containers'][number]>) => target('deployment', { containers: [{ name: 'app', before, after: newImage, ...container }] });
    it.each([
      ['as it was read back', of({ after: 'registry.example/api:2', becomes })], ['to the same digest, though nobody has read it back', of({})],
    ])('takes it for this run’s: %s', (_what, each) => expect(imageAfter(each, deployment({ image: becomes }))).toBe(before));
    it('takes what was put back for that, under whatever name', () => {
      expect(restorePatch(of({ back: 'registry.example/api@sha256:' + '0'.repeat(64) }), deployment({ image: 'cache.example/api@sha256:' + '0'.repeat(64) }), undefined)).toEqual([]);
    });
    it('goes back to another registry of the same digest, where that is what the run has changed', () => {
      expect(imageAfter(of({ before: 'old.example/api@sha256:' + '2'.repeat(64) }), deployment({ image: newImage }))).toBe('old.example/api@sha256:' + '2'.repeat(64));
    });
    it('puts back the very tag that was there before, where the run has set the same digest without it', () => {
      const tagged = `registry.example/api:1@sha256:${'2'.repeat(64)}`;
      const untagged = `registry.example/api@sha256:${'2'.repeat(64)}`;
      expect(imageAfter(of({ before: tagged, after: untagged }), deployment({ image: untagged }))).toBe(tagged);
      // The last verified release is the same under both.
      expect(restorePatch(of({ before: 'registry.example/api:broken', after: untagged, back: tagged }), deployment({ image: untagged }), undefined)).toEqual([]);
    });
    it('does not touch another digest', () => {
      expect(restorePatch(of({ becomes }), deployment({ image: `cache.example/api@sha256:${'9'.repeat(64)}` }), undefined)).toMatchObject({ superseded: expect.stringContaining('by someone else') });
    });
  });

  it('lifts the pause of this run, and no other', () => {
    const paused = deployment({ spec: { paused: true } });
    expect(applyPatch(paused, restorePatch(target(), paused, held) as never)?.spec).not.toHaveProperty('paused');
    expect(applyPatch(paused, restorePatch(target(), paused, undefined) as never)?.spec?.paused).toBe(true);
    expect(restorePatch(target(), deployment({ image: oldImage, spec: { paused: true } }), held)).toEqual([
      { op: 'test', path: '/metadata/uid', value: 'uid-api' }, { op: 'test', path: '/spec/paused', value: true }, { op: 'remove', path: '/spec/paused' },
    ]);
  });

  it('leaves the pause of somebody else, with everything that stands under it', () => {
    const pausedBy = (...managers: readonly string[]): Workload => {
      const paused = deployment({ spec: { paused: true } });
      return { ...paused, metadata: { ...paused.metadata, managedFields: managers.map((manager) => ({ manager, fieldsV1: { 'f:spec': { 'f:paused': {} } } })) } };
    };
    expect(restorePatch(target(), pausedBy('kubectl-rollout'), held)).toEqual({ superseded: 'deployment/api was paused by someone else' });
    expect(applyPatch(pausedBy('deploy-action'), restorePatch(target(), pausedBy('deploy-action'), held) as never)?.spec).not.toHaveProperty('paused');
    expect(applyPatch(pausedBy('argocd', 'deploy-action'), restorePatch(target(), pausedBy('argocd', 'deploy-action'), held) as never)?.spec).not.toHaveProperty('paused');
    expect(restorePatch({ ...target(), containers: [] }, pausedBy('kubectl-rollout'), held)).toEqual([]);
  });

  it('puts minReadySeconds back where this run raised it, and keeps what somebody else wrote', () => {
    const secondsAfter = (minReadySeconds: number, before: number) => {
      const paused = deployment({ spec: { paused: true, minReadySeconds } });
      return applyPatch(paused, restorePatch(target(), paused, { ...held, minReadySeconds: before }) as never)?.spec?.minReadySeconds;
    };
    expect([secondsAfter(599, 0), secondsAfter(599, 7), secondsAfter(20, 7), secondsAfter(599, 599)]).toEqual([undefined, 7, 20, 599]);
  });

  it.each([
    ['made anew', deployment({ uid: 'other' }), 'deployment/api was deleted and recreated during the run'],
    ['without the container', withContainers({ other: 'x' }), 'container app of deployment/api was removed during the run'],
    ['with another image', deployment({ image: 'hotfix:1' }), 'container app of deployment/api was set to hotfix:1 by someone else'],
  ])('is none for a workload that was %s', (_what, workload, superseded) => {
    expect(restorePatch(target(), workload, undefined)).toEqual({ superseded });
  });

  it('puts back exactly what was there, touches nothing else, and is refused as a whole when anything was written meanwhile', () => {
    const images = fc.array(fc.constantFrom('old', 'new', 'other'), { minLength: 3, maxLength: 3 });
    const names = ['a', 'b', 'c'];
    fc.assert(fc.property(images, images, fc.nat(9), fc.boolean(), (read, now, replicas, sidecar) => {
      const of: ImageChange = target('deployment', { containers: names.map((name) => ({ name, before: 'old', after: 'new' })) });
      const asImages = (list: readonly string[]) => Object.fromEntries([...(sidecar ? [['proxy', 'new'] as const] : []), ...names.map((name, index) => [name, list[index] ?? ''] as const)]);
      const patch = restorePatch(of, withContainers(asImages(read)), undefined);
      if ('superseded' in patch) return expect(read).toContain('other');
      const meanwhile = withContainers(asImages(now), { replicas });
      const after = applyPatch(meanwhile, patch);
      const touched = read.map((each) => each === 'new');
      if (touched.some((each, index) => each && now[index] !== 'new')) return expect(after).toBeUndefined();
      expect(imagesOf(after)).toEqual([...(sidecar ? ['new'] : []), ...now.map((each, index) => (touched[index] ? 'old' : each))]);
      expect({ ...after, spec: { ...after?.spec, template: undefined } }).toEqual({ ...meanwhile, spec: { ...meanwhile.spec, template: undefined } });
    }));
  });
});

describe('putting the old images back', () => {
  const clusterWith = (workload: Workload) => fakeCluster({ objects: { [deploymentPath]: workload } });
  const holds = (cluster: ReturnType<typeof fakeCluster>) => imagesOf(cluster.objects.get(deploymentPath));
  const putBack = (cluster: ReturnType<typeof fakeCluster>, held?: PausedDeployment) => restore(cluster, swiftClock(), target(), held);

  it('says with which generation they are back', async () => {
    const cluster = clusterWith(deployment());
    expect(await putBack(cluster)).toMatchObject({ result: 'restored', generation: 3 });
    expect(holds(cluster)).toEqual([oldImage]);
  });
  it('touches nothing when the change never came', async () => {
    const cluster = clusterWith(deployment({ image: oldImage }));
    expect(await putBack(cluster)).toMatchObject({ result: 'untouched', generation: 2 });
    expect(cluster.done).toEqual([`GET ${deploymentPath}`]);
  });
  describe('where a rollback would set what the run has set', () => {
    const of = target('deployment', { containers: [{ name: 'app', before: oldImage, after: newImage, back: newImage }] });
    it('says that it was changed and stays', async () => {
      const cluster = clusterWith(deployment());
      expect(await restore(cluster, swiftClock(), of, undefined)).toMatchObject({ result: 'kept', images: new Map([['app', newImage]]) });
      expect(cluster.done).toEqual([`GET ${deploymentPath}`]);
    });
    it('says the same where a hold has to be lifted', async () => {
      const cluster = clusterWith(deployment({ spec: { paused: true } }));
      expect(await restore(cluster, swiftClock(), of, held)).toMatchObject({ result: 'kept' });
      expect(cluster.objects.get(deploymentPath)).not.toHaveProperty('spec.paused');
    });
    it('says that nothing was changed where the change never came', async () => {
      expect((await restore(clusterWith(deployment({ image: oldImage })), swiftClock(), of, undefined)).result).toBe('untouched');
    });
    it('counts what was there before, too, where the run did not change the image', async () => {
      const same = target('deployment', { containers: [{ name: 'app', before: newImage, after: newImage }] });
      expect((await restore(clusterWith(deployment()), swiftClock(), same, undefined)).result).toBe('untouched');
    });
  });
  it('overwrites nothing of somebody else', async () => {
    const cluster = clusterWith(deployment({ image: 'hotfix:1' }));
    expect(await putBack(cluster)).toMatchObject({ result: 'superseded', message: 'container app of deployment/api was set to hotfix:1 by someone else' });
    expect(holds(cluster)).toEqual(['hotfix:1']);
  });
  it('lifts the pause of this run even then', async () => {
    const cluster = clusterWith(deployment({ image: 'hotfix:1', spec: { paused: true } }));
    expect((await putBack(cluster, held)).result).toBe('superseded');
    expect(cluster.objects.get(deploymentPath)).not.toHaveProperty('spec.paused');
    expect(holds(cluster)).toEqual(['hotfix:1']);
  });
  it('says that the workload is gone', async () => {
    expect(await putBack(fakeCluster())).toMatchObject({ result: 'superseded', message: 'deployment/api was deleted during the run' });
  });
  it('says that the server refused it', async () => {
    const cluster = clusterWith(deployment());
    for (let count = 0; count < 100; count += 1) cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(403, 'Forbidden', 'you may not') });
    expect(await putBack(cluster)).toMatchObject({ result: 'error', message: 'deployment/api could not be restored: you may not' });
  });
  it.each([[409, 'Conflict'], [422, 'Invalid']])('looks again when somebody was faster, and puts back what is still this run’s (%d)', async (status, reason) => {
    const cluster = clusterWith(deployment());
    for (let count = 0; count < 3; count += 1) cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(status, reason, 'the test failed') });
    expect((await putBack(cluster)).result).toBe('restored');
    expect(holds(cluster)).toEqual([oldImage]);
  });
  it('says that somebody was faster each time', async () => {
    const cluster = clusterWith(deployment());
    for (let count = 0; count < 20; count += 1) cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(422, 'Invalid', 'the test failed') });
    expect(await putBack(cluster)).toMatchObject({
      result: 'superseded', message: 'deployment/api was changed by someone else while its old images were being restored: the test failed',
    });
  });
  it.each([429, 500, 503])('tries again after %d', async (status) => {
    const cluster = clusterWith(deployment());
    for (let count = 0; count < 3; count += 1) cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(status, '', 'away') });
    expect((await putBack(cluster)).result).toBe('restored');
    expect(holds(cluster)).toEqual([oldImage]);
  });
  it('knows that an answer which was lost was its own', async () => {
    const cluster = clusterWith(deployment());
    cluster.troubles.push({ method: 'PATCH', trouble: 'lose' });
    expect(await putBack(cluster)).toMatchObject({ result: 'restored', generation: 3 });
    expect(cluster.done.filter((each) => each.startsWith('PATCH')).length).toBe(1);
  });
  it('gives up when the server stays away for a minute', async () => {
    const cluster = clusterWith(deployment());
    for (let count = 0; count < 200; count += 1) cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(503, '', 'away') });
    expect(await putBack(cluster)).toMatchObject({ result: 'error', message: 'deployment/api could not be restored: away' });
    expect(cluster.done.length).toBeLessThan(150);
  });
});

it('the commands by hand set every container to what is gone back to', () => {
  const containers = [{ name: 'app', before: oldImage, after: newImage }, { name: 'job', before: 'x:1', after: newImage, back: 'x:0' }];
  expect(undoArguments([target('deployment', { containers }), target('statefulset')])).toEqual([
    ['set', 'image', 'deployment/api', `app=${oldImage}`, 'job=x:0'], ['set', 'image', 'statefulset/api', `app=${oldImage}`],
  ]);
});

describe('the commands by hand', () => {
  const of = target('deployment', { containers: [{ name: 'app', before: oldImage, after: newImage }] });
  const commands = (each: ImageChange, now: string) => undoArguments([each], new Map([['deployment/api:app', now]]));
  it('are none where they would change nothing', () => {
    expect(commands(of, oldImage)).toEqual([]);
    expect(commands(of, oldImage.replace('registry.example', 'cache.example'))).toEqual([]);
    expect(commands(of, newImage)).toEqual([['set', 'image', 'deployment/api', `app=${oldImage}`]]);
  });
  it('are none where there was nothing good to go back to', () => expect(commands({ ...of, nothingGood: true }, newImage)).toEqual([]));
});
