import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import { becomesAnother, describeRewriting, findRewritten, foresee } from '../../../src/target/set-image/rewritten.js';
import { deployment, newImage, oldImage, target } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from './fake-cluster.js';

const cached = (image: string): string => image.replace('registry.example', 'cache.example');
const signal = new AbortController().signal;
const of = target('deployment', { containers: [{ name: 'app', before: cached(oldImage), after: newImage }] });

/** Admission that makes something else of each image. */
const admitting = (rewrite: (image: string, container: string) => string) => fakeCluster({
  objects: { [deploymentPath]: deployment({ image: cached(oldImage) }) },
  admit: (object: KubeObject) => {
    const workload = object as Workload;
    const containers = workload.spec?.template?.spec?.containers?.map((each) => ({ ...each, image: rewrite(each.image ?? '', each.name ?? '') }));
    const template = { ...workload.spec?.template, spec: { ...workload.spec?.template?.spec, containers } };
    return { ...workload, spec: { ...workload.spec, template } } as Workload;
  },
});

describe('what admission makes of an image', () => {
  it('is known before, by a dry run that changes nothing', async () => {
    const cluster = admitting(cached);
    const before = cluster.objects.get(deploymentPath);
    const [foreseen] = await foresee(cluster, [of], [before as Workload], signal);
    expect(foreseen?.containers).toEqual([{ ...of.containers[0], becomes: cached(newImage) }]);
    expect(cluster.objects.get(deploymentPath)).toBe(before);
    expect(describeRewriting(foreseen ? [foreseen] : [])).toEqual([`Container app of deployment/api: admission rewrites ${newImage} to ${cached(newImage)}.`]);
  });
  it('is not asked where the repository stays the same', async () => {
    const cluster = admitting(cached);
    expect(await foresee(cluster, [target()], [deployment()], signal)).toEqual([target()]);
    expect(cluster.done).toEqual([]);
  });
  it('is not known where the dry run is refused, and nothing of it is said', async () => {
    const cluster = admitting(cached);
    cluster.troubles.push({ method: 'PATCH', trouble: new ApiError(400, 'BadRequest', 'admission webhook "x" does not support dry run') });
    const foreseen = await foresee(cluster, [of], [deployment()], signal);
    expect([foreseen, describeRewriting(foreseen)]).toEqual([[of], []]);
  });
  it.each([
    [newImage, cached(newImage), false], [newImage, cached(oldImage), true], [newImage, 'cache.example/api:2', true], ['registry.example/api:2', cached(newImage), false], [newImage, undefined, false],
  ])('is another image by its digest: %s → %s', (after, becomes, another) => expect(becomesAnother({ name: 'app', before: oldImage, after, becomes })).toBe(another));
});

describe('a workload whose image admission has rewritten before', () => {
  const ref = { kind: 'deployment', name: 'api' } as const;
  const [image = ''] = newImage.split('@');
  const beside = (workload: Workload): Workload => {
    const spec = { ...workload.spec?.template?.spec, containers: [...workload.spec?.template?.spec?.containers ?? [], { name: 'proxy', image: 'cache.example/proxy:1' }] };
    return { ...workload, spec: { ...workload.spec, template: { ...workload.spec?.template, spec } } } as Workload;
  };
  const workload = beside(deployment({ image: cached(oldImage) }));
  const search = (cluster: ReturnType<typeof admitting>, found: Parameters<typeof findRewritten>[1][number]) => {
    cluster.put(deploymentPath, workload as KubeObject);
    return findRewritten(cluster, [found], { image, reference: newImage }, signal);
  };

  it('is found by what admission makes of the new image, and of its containers only those', async () => {
    const cluster = admitting(cached);
    expect(await search(cluster, { ref, workload })).toEqual([{ ref, workload, rewritten: ['app'] }]);
    expect(cluster.done).toEqual([`PATCH ${deploymentPath}?dryRun=All`]);
  });
  it('is not found in a sidecar that admission gives its own image again', async () => {
    const restoring = admitting((each, container) => (container === 'proxy' ? 'cache.example/proxy:1' : each));
    expect(await search(restoring, { ref, workload })).toEqual([{ ref, workload, rewritten: [] }]);
  });
  it('is not found where admission leaves images as they are, or refuses the dry run', async () => {
    expect(await search(admitting((each) => each), { ref, workload })).toEqual([{ ref, workload, rewritten: [] }]);
    const refusing = admitting(cached);
    refusing.troubles.push({ method: 'PATCH', trouble: new ApiError(403, 'Forbidden', 'no') });
    expect(await search(refusing, { ref, workload })).toEqual([{ ref, workload, rewritten: [] }]);
  });
  it.each([
    ['a container is named', { ref: { ...ref, container: 'proxy' }, workload }], ['a container has the image', { ref, workload: deployment() }], ['it does not exist', { ref, workload: undefined }],
  ])('is not looked for if %s', async (_when, found) => {
    const cluster = admitting(cached);
    expect(await search(cluster, found)).toEqual([found]);
    expect(cluster.done).toEqual([]);
  });
});
