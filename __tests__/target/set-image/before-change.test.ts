import { describe, expect, it } from '@jest/globals';
import type { KubeObject, Workload } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { withWayBack } from '../../../src/target/set-image/before-change.js';
import type { ClusterFacts } from '../../../src/target/set-image/cluster-facts.js';
import { releaseStages } from '../../../src/workflow/release-stages.js';
import { runStages } from '../../../src/workflow/stage.js';
import { openLedger } from '../../../src/kubernetes/store/config-map.js';
import type { Ledger, Release } from '../../../src/record/ledger.js';
import type { OpenRelease } from '../../../src/target/set-image/release.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { deployment, newImage, oldImage, service, target } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from './fake-cluster.js';
import { run } from '../../workflow/runs.js';

const release = (image: string, workload = 'deployment/api'): Release =>
  ({ reference: image, at: '2026-01-01T00:00:00.000Z', proven: true, images: [{ workload, container: 'app', image }] });

describe('a rollback that was planned from what is not there any more', () => {
  it('ends superseded, and nothing is changed', async () => {
    const cluster = fakeCluster({ objects: { [deploymentPath]: deployment({ image: 'api:fixed' }) as Workload } });
    cluster.put('/api/v1/namespaces/web/services', { items: [] } as KubeObject);
    const ports = fakePorts();
    const facts: ClusterFacts = { cluster, found: [], services: [], store: openLedger(cluster.api, ports.clock, 'web', 'api'), ledger: undefined };
    const stages = releaseStages({ ...run(), ports }, facts, { goesBackTo: release(newImage) });
    const result = await runStages(stages.stages, { targets: [target()] }, ports.clock, 0).finally(() => stages.close());
    expect(result.failure).toMatchObject({
      stage: 'rollout', error: {
        code: 'superseded', hint: 'Look whether what is there now is what you wanted. If not, run the rollback again: it goes back from there.',
        message: `Something else was deployed meanwhile: container app of deployment/api held ${oldImage} when the release to go back to was chosen, and holds api:fixed now. Nothing was changed.`,
      },
    });
    expect(result.state).toEqual({ targets: [target()] });
    expect(cluster.done.filter((each) => /^kubectl|configmaps/.test(each) && !each.startsWith('GET'))).toEqual([]);
    expect(cluster.done.filter((each) => /leases/.test(each)).length).toBeGreaterThan(0);
  });
});

describe('a Service that a smoke check names, deleted while the image was built', () => {
  it('ends the run before anything is changed', async () => {
    const cluster = fakeCluster({ objects: { [deploymentPath]: deployment({ image: oldImage }) as Workload } });
    cluster.put('/api/v1/namespaces/web/services', { items: [service('apj')] } as KubeObject);
    const ports = fakePorts();
    const facts: ClusterFacts = { cluster, found: [], services: [service('api')], store: openLedger(cluster.api, ports.clock, 'web', 'api'), ledger: undefined };
    const smoke: SmokeCheck[] = [{ text: 'service/api/', target: { type: 'service', name: 'api', path: '/' }, statuses: [200], at: { where: 'input smoke' } }];
    const stages = releaseStages({ ...run({ smoke }), ports }, facts);
    const result = await runStages(stages.stages, { targets: [target()] }, ports.clock, 0).finally(() => stages.close());
    expect(result.failure?.error).toMatchObject({ code: 'config-invalid', message: 'input smoke: Service api does not exist in namespace web.', hint: 'Did you mean "apj"?' });
    expect(cluster.done.filter((each) => /^kubectl|configmaps/.test(each) && !each.startsWith('GET'))).toEqual([]);
  });
});

describe('where a failure takes what was not healthy before', () => {
  const worker = target('deployment', { ref: 'deployment/worker', name: 'worker' });
  const opened = (unhealthy: readonly string[]) => {
    const ports = fakePorts();
    const targets = [target(), worker];
    const snapshots = targets.map((each) => ({ target: each, generation: 1, unhealthy: unhealthy.includes(each.name) ? '1 of 2 available' : undefined, running: new Map() }));
    return { ports, targets, snapshots } as unknown as OpenRelease & { readonly ports: typeof ports };
  };
  const backOf = (opening: OpenRelease, releases: readonly Release[]) =>
    withWayBack(opening, { releases } as Ledger).targets.map(({ name, containers }) => [name, containers[0]?.back]);

  it('is nowhere else when its own images are proven, also by a release of fewer workloads', () => {
    const opening = opened(['api']);
    expect(backOf(opening, [release(oldImage), release('api:0')])).toEqual([['api', undefined], ['worker', undefined]]);
    expect(opening.ports.lines.join()).toContain('deployment/api is not healthy now (1 of 2 available): a rollback would go to what is there now');
  });
  it('is nothing good where it was not healthy, and no release of it is known to be', () => {
    const marked = (unhealthy: readonly string[], releases: readonly Release[]) =>
      withWayBack(opened(unhealthy), { releases } as Ledger).targets.map(({ nothingGood = false }) => nothingGood);
    expect(marked(['api'], [])).toEqual([true, false]);
    expect(marked([], [])).toEqual([false, false]);
    // Its image is proven: it suffers from something else.
    expect(marked(['api'], [release(oldImage)])).toEqual([false, false]);
    expect(marked(['api'], [release('api:0')])).toEqual([false, false]);
  });
  it('is the last proven release of it', () => {
    const opening = opened(['api']);
    expect(backOf(opening, [release('api:0')])).toEqual([['api', 'api:0'], ['worker', undefined]]);
    expect(opening.ports.lines.join()).toContain('a rollback would go to the last proven release, api:0');
  });
});
