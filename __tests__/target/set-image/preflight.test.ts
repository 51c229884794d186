import { describe, expect, it } from '@jest/globals';
import type { Pod, Workload } from '../../../src/kubernetes/client/objects.js';
import type { Config } from '../../../src/config/config.js';
import type { Ledger } from '../../../src/record/ledger.js';
import type { ClusterFacts } from '../../../src/target/set-image/facts.js';
import { preflight, unhealthyNow } from '../../../src/target/set-image/preflight.js';
import { openRelease } from '../../../src/target/set-image/release.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { backingOff, deployment, oldImage, pod, service, target, waiting } from '../../kubernetes/judge/build.js';
import { deploymentPath, fakeCluster } from './fake-cluster.js';
import { config, run } from '../../workflow/runs.js';
import { stillCluster } from '../../workflow/still-cluster.js';

describe('what is not healthy before a change', () => {
  const ready = ['a', 'b', 'c'];
  const named = (names: readonly string[], options: Parameters<typeof pod>[1] = {}): Pod[] => names.map((name) => pod(name, { owner: 'uid-rs', image: oldImage, ...options }));
  const creating = { statuses: [waiting('ContainerCreating')] };
  const scaling = { spec: { replicas: 6 }, status: { replicas: 6, updatedReplicas: 6, availableReplicas: 3 } };
  it.each<[string, Parameters<typeof deployment>[0], Pod[], string | undefined]>([
    ['complete', { spec: { replicas: 3 } }, named(ready), undefined],
    ['being scaled from 3 to 6 by an autoscaler', scaling, [...named(ready), ...named(['d', 'e', 'f'], creating)], undefined],
    ['being scaled, and one of the new pods crashes', scaling, [...named(ready), ...named(['d'], { statuses: [backingOff(3)] })], '3 of 6 pods available'],
    ['starting', { status: { availableReplicas: 0 } }, named(['a', 'b'], creating), '0 of 2 pods available'],
    ['not observed since its last change', { status: { observedGeneration: 1 } }, named(ready), 'its controller has not processed its last change yet'],
    ['never observed', { status: { observedGeneration: undefined } }, [], 'its controller has not processed its last change yet'],
    ['scaled to nothing', { spec: { replicas: 0 } }, [], undefined],
  ])('is the same for the plan and for the run: a Deployment that is %s', async (_what, options, pods, why) => {
    const workload: Workload = deployment({ image: oldImage, ...options });
    const cluster = stillCluster({ pods });
    cluster.objects.set(deploymentPath, workload);
    const ports = fakePorts();
    const planned = await unhealthyNow({ config: config({ dryRun: true }), ports }, { cluster, found: [{ ref: { kind: 'deployment', name: 'api' }, workload }] });
    expect(planned.get('deployment/api')).toBe(why);
    const release = await openRelease({ ports, cluster, config: config(), changes: [target()], workloads: [workload], services: [] });
    release.watched.close();
    expect(release.snapshots.map(({ unhealthy }) => unhealthy)).toEqual([why]);
  });
  it('is read for the plan of a dry run only', async () => {
    const cluster = stillCluster({ pods: [] });
    const found = [{ ref: { kind: 'deployment' as const, name: 'api' }, workload: deployment({ status: { availableReplicas: 0 } }) }];
    expect(await unhealthyNow({ config: config(), ports: fakePorts() }, { cluster, found })).toEqual(new Map());
  });
});

describe('advice', () => {
  const template = { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'app', image: oldImage, ports: [{ containerPort: 80 }] }] } };
  const workload = deployment({ image: oldImage, spec: { template } });
  const released = { releases: [{ reference: oldImage, at: '', verified: true, contents: [{ subject: 'deployment/api', part: 'app', version: oldImage }] }] } as unknown as Ledger;
  const onPreStop = 'No preStop hook: container app of deployment/api; requests are lost unless the app keeps serving for a moment after SIGTERM';
  const onProbe = 'deployment/api: container app has no readinessProbe, so new pods get requests before they can answer them, and a broken release counts as ready.';

  async function advised(changes: Partial<Config>, ledger?: Ledger) {
    const empty = (path: string) => [`/api/v1/namespaces/web/${path}`, { items: [] }] as const;
    const cluster = fakeCluster({ objects: Object.fromEntries([empty('resourcequotas'), ['/api/v1/nodes', { items: [] }]]) as never });
    const given = run({ ...changes });
    const facts: ClusterFacts = { cluster, found: [{ ref: { kind: 'deployment', name: 'api' }, workload }], services: [service('api', { selector: { app: 'api' } })], store: {} as never, ledger };
    const { warnings } = await preflight(given, facts, { reference: '', platforms: [], isPushed: false }, []);
    return { warnings, lines: (given.ports as { lines?: readonly string[] }).lines };
  }

  it('on a preStop hook is given once: in a dry run, and before the first release that is recorded', async () => {
    expect(await advised({})).toEqual({ warnings: [onProbe], lines: [`info ${onPreStop}`] });
    expect(await advised({}, released)).toEqual({ warnings: [onProbe], lines: [] });
    expect(await advised({ dryRun: true }, released)).toEqual({ warnings: [onProbe], lines: [`info ${onPreStop}`] });
  });
  it('can be turned off, all of it', async () => {
    for (const dryRun of [true, false]) expect(await advised({ advice: false, dryRun })).toEqual({ warnings: [], lines: [] });
  });
});
