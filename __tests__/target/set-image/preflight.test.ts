import { describe, expect, it } from '@jest/globals';
import type { Pod, Workload } from '../../../src/kubernetes/client/objects.js';
import { unhealthyNow } from '../../../src/target/set-image/preflight.js';
import { openRelease } from '../../../src/target/set-image/release.js';
import { fakePorts } from '../../kubernetes/client/fake-ports.js';
import { backingOff, deployment, oldImage, pod, target, waiting } from '../../kubernetes/judge/build.js';
import { deploymentPath } from './fake-cluster.js';
import { config } from '../../workflow/runs.js';
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
