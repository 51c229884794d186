import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { RawAnswer } from '../../../src/kubernetes/client/api.js';
import type { ContainerStatus, KubeObject, Pod, Workload } from '../../../src/kubernetes/client/objects.js';
import type { DeployError } from '../../../src/outcome/errors.js';
import { proveRelease } from '../../../src/target/set-image/prove.js';
import { servicesFor } from '../../../src/kubernetes/judge/health.js';
import { unverifiedOf } from '../../../src/target/set-image/unverified.js';
import type { ImageChange } from '../../../src/target/set-image/image-change.js';
import { backingOff, daemonset, deployment, newImage, nextVersion, pod, service, set, statefulset, target, waiting } from '../../kubernetes/judge/build.js';
import { expectation, replicaSets, worldOf } from '../../kubernetes/judge/judging.js';
import { check, simulate } from '../../kubernetes/judge/simulation.js';
import { rollOut } from './roll-out.js';

const reachesNobody: RawAnswer = { status: 503, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'connect: connection refused' }) };
const right: RawAnswer = { status: 200, headers: {}, body: 'v2' };

/** Lets the first new pod be seen with this status. */
type Tell = (status: ContainerStatus) => void;

/** Rolls out, and gives `happen` a turn with each request of the smoke checks. */
async function prove(happen: (tell: Tell, count: number) => RawAnswer): Promise<string> {
  const { release } = simulate();
  const { followed } = await rollOut(release, async () => undefined);
  const { world } = release.watched;
  const news = new EventEmitter();
  const tell: Tell = (status) => {
    const known = release.changes.flatMap((target) => world.view(target).newPods)[0];
    world.apply(set({ ...known, metadata: { ...known?.metadata, resourceVersion: nextVersion() }, status: pod('x', { statuses: [status] }).status } as Pod));
    news.emit('news');
  };
  let count = 0;
  const raw = async (): Promise<RawAnswer> => happen(tell, (count += 1));
  const watched = { ...release.watched, news: async (_ms: number, signal?: AbortSignal) => void (await once(news, 'news', { signal })) };
  const cluster = { ...release.cluster, api: { ...release.cluster.api, raw } };
  return proveRelease({ ...release, cluster, watched }, followed, [check], release.ports.clock.monotonic() + 600_000, undefined)
    .then(() => 'proven', (error: unknown) => (error as DeployError).code);
}

describe('a workload that is scaled to nothing', () => {
  it('is asked nothing, and that is said', async () => {
    const { release, ports } = simulate({ replicas: 0 });
    const raw = async (): Promise<RawAnswer> => reachesNobody;
    const cluster = { ...release.cluster, api: { ...release.cluster.api, raw } };
    const { followed } = await rollOut(release, async () => undefined);
    await proveRelease({ ...release, cluster }, followed, [check], ports.clock.monotonic() + 1000, undefined);
    expect(ports.lines).toContain('warning Smoke check `service/api/` was skipped: api is scaled to 0 replicas, so no pod can answer.');
  });
});

describe('a DaemonSet that no node takes', () => {
  const template = { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'app', image: newImage }], nodeSelector: { gpu: 'yes' } } };
  const idle = (status: Workload['status'] = {}) => worldOf([daemonset({
    spec: { template }, status: { desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0, ...status },
  })]);
  const of = target('daemonset');
  const proving = (world = idle()) => {
    const { release, ports } = simulate();
    const raw = async (): Promise<RawAnswer> => reachesNobody;
    const cluster = { ...release.cluster, api: { ...release.cluster.api, raw } };
    const watched = { ...release.watched, world };
    return { ports, release: { ...release, cluster, watched, changes: [of] } };
  };

  it('is asked nothing, and its node selector is named', async () => {
    const { release, ports } = proving();
    await proveRelease(release, [{ workload: of, expected: expectation() }], [check], ports.clock.monotonic() + 1000, undefined);
    expect(ports.lines).toContain(
      'warning Smoke check `service/api/` was skipped: no node matches the pods of api (node selector gpu=yes), so no pod can answer.');
  });
  it('needs no endpoints', () => {
    expect(servicesFor(idle().view(of), [service('api')], [check])).toEqual([]);
  });
  it('that its controller never observed may want some', async () => {
    expect(servicesFor(idle({ observedGeneration: undefined }).view(of), [service('api')], [check])).toHaveLength(1);
  });
});

describe('what nothing runs with', () => {
  const reasons = (kind: ImageChange['kind'], ...objects: KubeObject[]) => unverifiedOf({ changes: [target(kind)], watched: { ...simulate().release.watched, world: worldOf(objects) } });
  const none = { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 };
  const nowhere = { desiredNumberScheduled: 0, updatedNumberScheduled: 0, numberAvailable: 0 };
  const cronjob = (spec: Workload['spec'] = {}): KubeObject => ({ kind: 'CronJob', metadata: { name: 'api', uid: 'uid-api' }, spec } as KubeObject);
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } };
  it.each([
    ['a Deployment that is scaled to nothing', reasons('deployment', deployment({ spec: { replicas: 0 }, status: none })), 'it is scaled to 0 replicas'],
    ['a StatefulSet that is scaled to nothing', reasons('statefulset', statefulset({ spec: { replicas: 0 }, status: none })), 'it is scaled to 0 replicas'],
    ['a StatefulSet of which a partition keeps every pod', reasons('statefulset', statefulset({ spec: { updateStrategy: { rollingUpdate: { partition: 2 } } } })), 'its partition of 2 keeps every pod unchanged'],
    ['a DaemonSet without nodes', reasons('daemonset', daemonset({ status: nowhere })), 'no node matches its pods'],
    ['a DaemonSet with a node affinity', reasons('daemonset', daemonset({ spec: { template: { spec: { affinity } } }, status: nowhere })), 'no node matches its pods (node affinity)'],
    ['a CronJob', reasons('cronjob', cronjob()), 'its next Job uses the image'],
    ['a CronJob that is suspended', reasons('cronjob', cronjob({ suspend: true })), 'it is suspended'],
    ['a Deployment without a ready pod', reasons('deployment', deployment(), ...replicaSets(), pod('p', { statuses: [waiting('ContainerCreating')] })), 'none of its pods is ready'],
  ])('is told of %s', (_what, unverified, reason) => expect(unverified).toEqual([{ subject: expect.stringMatching(/\/api$/), reason }]));
  it('is nothing where a new pod is ready', () => {
    expect(reasons('deployment', deployment(), ...replicaSets(), pod('p'))).toEqual([]);
  });
});

describe('a version that is asked', () => {
  it('is proven when every answer is right', async () => {
    expect(await prove(() => right)).toBe('proven');
  });
  it('and is killed again and again meanwhile is a crash loop, whatever it answered', async () => {
    expect(await prove((tell) => {
      tell(backingOff(2));
      return reachesNobody;
    })).toBe('crash-loop');
  });
  it('and loses its image meanwhile is named by that', async () => {
    expect(await prove((tell, count) => {
      if (count > 1) tell(waiting('InvalidImageName'));
      return count > 1 ? reachesNobody : right;
    })).toBe('image-name-invalid');
  });
  it('and only answers wrongly has failed its smoke check', async () => {
    expect(await prove(() => ({ ...right, status: 500 }))).toBe('smoke-failed');
  });
});
