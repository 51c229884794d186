import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Workload, Service } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { withWayBack } from '../../../src/target/set-image/before-change.js';
import type { ClusterFacts } from '../../../src/target/set-image/facts.js';
import type { Ledger, Release } from '../../../src/record/ledger.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { deployment, newImage, oldImage, service, target } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from './fake-cluster.js';
import { run } from '../../workflow/runs.js';
import type { OpenRelease } from '../../../src/target/set-image/open-release.js';
import { kubernetesStore } from '../../../src/kubernetes/store/store.js';
import type { Lock } from '../../../src/record/store.js';
import { begin } from '../../../src/target/set-image/begin.js';

const release = (image: string, workload = 'deployment/api'): Release =>
  ({ reference: image, at: '2026-01-01T00:00:00.000Z', verified: true, contents: [{ subject: workload, part: 'app', version: image }] });

/** Begins a change of `changes` in a cluster that holds these objects. */
async function beginIn(
  image: string, services: readonly Service[], { smoke = [], goesBackTo }: { readonly smoke?: readonly SmokeCheck[]; readonly goesBackTo?: Release } = {},
) {
  const cluster = fakeCluster({ objects: { [deploymentPath]: deployment({ image }) as Workload } });
  cluster.put('/api/v1/namespaces/web/services', { items: services } as KubeObject);
  const ports = fakePorts();
  const facts: ClusterFacts = { cluster, found: [], services: [service('api')], store: kubernetesStore(ports, cluster, 'api'), ledger: undefined };
  const lock = { lost: new AbortController().signal } as Lock;
  const error = await begin({ given: { ...run({ smoke }), ports }, facts, changes: [target()], goesBackTo }, { lock, ledger: undefined, reference: newImage })
    .then((change) => change.close(), (thrown: unknown) => thrown);
  return { error, done: cluster.done.filter((each) => !/^GET|dryRun=All/.test(each)) };
}

describe('a rollback that was planned from what is not there any more', () => {
  it('ends superseded, and nothing is changed', async () => {
    const { error, done } = await beginIn('api:fixed', [], { goesBackTo: release(newImage) });
    expect(error).toMatchObject({
      code: 'superseded', hint: 'Check whether the current version is the one you want. If not, run the rollback again: it starts from the current version.',
      message: `Something else was deployed meanwhile: deployment/api:app was ${oldImage} when the rollback was planned, and is api:fixed now. Nothing was changed.`,
    });
    expect(done).toEqual([]);
  });
});

describe('a Service that a smoke check names, deleted while the image was built', () => {
  it('ends the run before anything is changed', async () => {
    const smoke: SmokeCheck[] = [{ text: 'service/api/', target: { type: 'service', name: 'api', path: '/' }, statuses: [200], at: { where: 'input smoke' } }];
    const { error, done } = await beginIn(oldImage, [service('apj')], { smoke });
    expect(error).toMatchObject({ code: 'config-invalid', message: 'input smoke: Service api does not exist in namespace web.', hint: 'Did you mean "apj"?' });
    expect(done).toEqual([]);
  });
});

describe('where a failure takes what was not healthy before', () => {
  const worker = target('deployment', { ref: 'deployment/worker', name: 'worker' });
  const opened = (unhealthy: readonly string[]) => {
    const ports = fakePorts();
    const changes = [target(), worker];
    const snapshots = changes.map((each) => ({ change: each, generation: 1, unhealthy: unhealthy.includes(each.name) ? '1 of 2 available' : undefined, running: new Map() }));
    return { ports, changes, snapshots } as unknown as OpenRelease & { readonly ports: typeof ports };
  };
  const backOf = (opening: OpenRelease, releases: readonly Release[]) =>
    withWayBack(opening, { releases } as Ledger).changes.map(({ name, containers }) => [name, containers[0]?.back]);

  it('is nowhere else when its own images are proven, also by a release of fewer workloads', () => {
    const opening = opened(['api']);
    expect(backOf(opening, [release(oldImage), release('api:0')])).toEqual([['api', undefined], ['worker', undefined]]);
    expect(opening.ports.lines.join()).toContain('deployment/api is not healthy now (1 of 2 available): a rollback would restore the current version');
  });
  it('is nothing good where it was not healthy, and no release of it is known to be', () => {
    const marked = (unhealthy: readonly string[], releases: readonly Release[]) =>
      withWayBack(opened(unhealthy), { releases } as Ledger).changes.map(({ nothingGood = false }) => nothingGood);
    expect(marked(['api'], [])).toEqual([true, false]);
    expect(marked([], [])).toEqual([false, false]);
    // Its image is proven: it suffers from something else.
    expect(marked(['api'], [release(oldImage)])).toEqual([false, false]);
    expect(marked(['api'], [release('api:0')])).toEqual([false, false]);
  });
  it('is the last proven release of it', () => {
    const opening = opened(['api']);
    expect(backOf(opening, [release('api:0')])).toEqual([['api', 'api:0'], ['worker', undefined]]);
    expect(opening.ports.lines.join()).toContain('a rollback would restore the last verified release, api:0');
  });
});
