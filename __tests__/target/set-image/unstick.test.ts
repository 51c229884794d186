import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kubernetes/client/api.js';
import type { ContainerStatus, Pod, Workload } from '../../../src/kubernetes/client/objects.js';
import { RolloutError } from '../../../src/outcome/errors.js';
import { undoRelease } from '../../../src/target/set-image/undo.js';
import { whileUnsticking } from '../../../src/target/set-image/unstick.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { Written } from '../../../src/target/set-image/written.js';
import { fakePorts, type FakePorts } from '../../kubernetes/client/fake-ports.js';
import { gone, newImage, nextVersion, oldImage, pod, running, set, target, template, waiting } from '../../kubernetes/judge/build.js';
import { fakeCluster, type FakeCluster } from './fake-cluster.js';
import { simulate } from '../../kubernetes/judge/simulation.js';
import { expectation } from '../../../src/target/set-image/open-release.js';
import type { Undone } from '../../../src/target/target.js';
import { rollOut } from './roll-out.js';

const path = '/apis/apps/v1/namespaces/web/statefulsets/api';
const podPath = '/api/v1/namespaces/web/pods/api-0';

interface Stuck {
  /** Time that the controller takes to see that the template is another one. */
  readonly seesAfterMs?: number;
  /** When the broken pod is there. */
  readonly brokenAfterMs?: number;
  /** What the template holds when the undo begins. */
  readonly image?: string;
  readonly spec?: Workload['spec'];
  readonly troubles?: FakeCluster['troubles'];
}

interface Ended {
  readonly undone: Undone;
  readonly deleted: number;
  readonly ports: FakePorts;
  readonly image: string | undefined;
}

/** An undo of a StatefulSet whose controller makes its only pod anew from the template that it has seen, and never replaces it. */
async function undo({ seesAfterMs = 0, brokenAfterMs = 0, image = newImage, spec, troubles = [] }: Stuck): Promise<Ended> {
  const world = new World();
  const { clock } = simulate().ports;
  const beginsAt = clock.monotonic();
  const since = (): number => clock.monotonic() - beginsAt;
  const first: Workload = {
    kind: 'StatefulSet', metadata: { name: 'api', uid: 'uid-api', generation: 2 }, spec: { replicas: 1, template: template(image), ...spec },
    status: { observedGeneration: 2, updateRevision: image },
  };
  const cluster = fakeCluster({ objects: { [path]: first } });
  cluster.troubles.push(...troubles);
  let seen = first;
  let made: Pod | undefined;
  const make = (from: string): void => {
    const broken = from === newImage;
    made = pod('api-0', {
      uid: `uid-${nextVersion()}`, owner: 'uid-api', image: from, labels: { 'controller-revision-hash': from }, statuses: [running({ ready: !broken })],
    });
    cluster.put(podPath, made);
    world.apply(set(made));
  };
  const control = (): void => {
    const now = cluster.objects.get(path) as Workload;
    if (since() >= seesAfterMs) seen = now;
    const from = seen.spec?.template?.spec?.containers?.[0]?.image ?? '';
    if (made && !cluster.objects.has(podPath)) {
      world.apply(gone(made));
      make(from);
    } else if (!made && since() >= brokenAfterMs) make(newImage);
    const good = made?.spec?.containers?.[0]?.image === oldImage ? 1 : 0;
    const pods = { replicas: 1, readyReplicas: good, availableReplicas: good, updatedReplicas: good };
    const status = { observedGeneration: seen.metadata?.generation, updateRevision: from, ...pods };
    world.apply(set({ ...now, metadata: { ...now.metadata, resourceVersion: nextVersion() }, status } as Workload));
  };
  control();
  const ports = fakePorts({ clock });
  const news = async (_ms: number, signal?: AbortSignal): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.sleep(100, signal);
    control();
  };
  const of = target('statefulset');
  const release = {
    ...simulate().release, ports, cluster, changes: [of], snapshots: [], written: Written.byAnother([of]), config: { smoke: [], timeoutMs: 1000, rollback: 'auto' as const },
    watched: { world, news, close: () => undefined, sees: () => true },
  };
  const undone = await undoRelease(release, new RolloutError('deadline', 'x'), { restoring: async () => undefined, resumed: image === oldImage });
  return { undone, ports, deleted: cluster.done.filter((each) => each === `DELETE ${podPath}`).length, image: made?.spec?.containers?.[0]?.image };
}

const away = (status: number): FakeCluster['troubles'][number] => ({ method: 'DELETE', trouble: new ApiError(status, '', 'no') });

describe('a StatefulSet that replaces its pods in order is unstuck by deleting its broken pod', () => {
  it.each<[string, Stuck, number]>([
    ['when its image was put back by this run', {}, 1],
    ['when its image was put back by a run that died right after it', { image: oldImage }, 1],
    ['not before its controller has seen that the image is another one', { seesAfterMs: 1000 }, 1],
    ['also when that pod is only being made while the image is put back', { brokenAfterMs: 500 }, 1],
    ['also when the API server is away for a moment', { troubles: [away(503), away(0)] }, 3],
    ['also when nobody answered that it was deleted', { troubles: [{ method: 'DELETE', trouble: 'lose' }] }, 2],
  ])('%s', async (_when, stuck, tries) => {
    const { undone, deleted, image, ports } = await undo(stuck);
    expect([undone.result, undone.notes, deleted, image]).toEqual(['restored', [], tries, oldImage]);
    expect(ports.lines).toContain('command kubectl delete pod api-0');
    expect(ports.lines.filter((line) => line.startsWith('warning'))).toEqual([]);
  });

  it('and says so when that is not allowed', async () => {
    const { undone, deleted, ports } = await undo({ troubles: Array.from({ length: 100 }, () => away(403)) });
    expect([undone.result, deleted < 20]).toEqual(['failed', true]);
    expect(ports.lines).toContainEqual(expect.stringContaining('Pod api-0 of statefulset/api is broken and blocks the rollback, but could not be deleted: no'));
  });

  it('and not where its controller replaces it by itself', async () => {
    expect((await undo({ spec: { podManagementPolicy: 'Parallel' } })).deleted).toBe(0);
  });
});

it('a pod that starts with what was set again is left alone, though another of its containers had the new image before the run', async () => {
  const world = new World();
  const { release: simulated, ports } = simulate();
  const containers = [{ name: 'app', image: oldImage }, { name: 'helper', image: newImage }];
  const workload: Workload = {
    kind: 'StatefulSet', metadata: { name: 'api', uid: 'uid-api', generation: 3, resourceVersion: nextVersion() },
    spec: { replicas: 1, template: { spec: { containers } } }, status: { observedGeneration: 3, updateRevision: 'old' },
  };
  const starting = pod('api-0', { owner: 'uid-api', containers, labels: { 'controller-revision-hash': 'old' }, statuses: [waiting('ContainerCreating')] });
  for (const object of [workload, starting]) world.apply(set(object));
  const cluster = fakeCluster({ objects: { [path]: workload, [podPath]: starting } });
  const of = target('statefulset', { containers: [{ name: 'app', before: oldImage, after: newImage }, { name: 'helper', before: newImage, after: newImage }] });
  const watched = { world, news: () => new Promise<void>((resolve) => { setImmediate(resolve); }), close: () => undefined, sees: () => true };
  const release = { ...simulated, ports, cluster, changes: [of], watched };
  const expected = { ...expectation(release, of, 3, 'back'), images: new Map(containers.map(({ name, image }) => [name, image])) };
  await whileUnsticking(release, [{ workload: of, expected }], 'rollback', async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  });
  expect(cluster.done.filter((each) => each.startsWith('DELETE'))).toEqual([]);
});

describe('a version that is deployed over a broken StatefulSet', () => {
  const broken = 'registry.example/api:broken';
  /** Two pods of a StatefulSet of which the second is of `broken`; its controller replaces a pod that is gone from the template that it has seen. */
  const begin = (second: ContainerStatus, options: { readonly spec?: Workload['spec']; readonly troubles?: FakeCluster['troubles']; readonly runnerAheadMs?: number; readonly init?: ContainerStatus } = {}) => {
    const world = new World();
    const { clock: server } = simulate().ports;
    const clock = { ...server, now: () => server.now() + (options.runnerAheadMs ?? 0) };
    const first: Workload = {
      kind: 'StatefulSet', metadata: { name: 'api', uid: 'uid-api', generation: 2 }, spec: { replicas: 2, template: template(broken), ...options.spec },
      status: { observedGeneration: 2, updateRevision: broken },
    };
    const cluster = fakeCluster({
      objects: { [path]: first }, now: server.now,
      kubectl: (args, fake) => {
        const image = args.find((each) => each.startsWith('app='))?.slice('app='.length) ?? '';
        fake.put(path, { ...fake.objects.get(path), spec: { ...first.spec, template: template(image) } } as Workload);
        return {};
      },
    });
    cluster.troubles.push(...options.troubles ?? []);
    const pods = new Map<string, Pod>();
    const create = (name: string, image: string, statuses = [running()], initStatuses?: readonly ContainerStatus[]): void => {
      const made = pod(name, { uid: `uid-${nextVersion()}`, owner: 'uid-api', image, labels: { 'controller-revision-hash': image }, statuses, initStatuses });
      pods.set(name, made);
      cluster.put(`/api/v1/namespaces/web/pods/${name}`, made);
      world.apply(set(made));
    };
    create('api-0', oldImage);
    create('api-1', broken, [second], options.init && [options.init]);
    const control = (): void => {
      const now = cluster.objects.get(path) as Workload;
      const image = now.spec?.template?.spec?.containers?.[0]?.image ?? '';
      for (const [name, each] of pods) {
        if (cluster.objects.has(`/api/v1/namespaces/web/pods/${name}`)) continue;
        world.apply(gone(each));
        create(name, image);
      }
      const isReadyNow = (each: Pod | undefined): boolean => each?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
      const next = ['api-1', 'api-0'].find((name) => pods.get(name)?.spec?.containers?.[0]?.image !== image);
      // In order, and only while all are ready.
      if (next && [...pods.values()].every(isReadyNow)) cluster.objects.delete(`/api/v1/namespaces/web/pods/${next}`);
      const updated = [...pods.values()].filter((each) => each.spec?.containers?.[0]?.image === image).length;
      const ready = [...pods.values()].filter(isReadyNow).length;
      const counts = { replicas: 2, readyReplicas: ready, availableReplicas: ready, updatedReplicas: updated };
      const status = { observedGeneration: now.metadata?.generation, updateRevision: image, ...counts };
      world.apply(set({ ...now, metadata: { ...now.metadata, resourceVersion: nextVersion() }, status } as Workload));
    };
    control();
    const ports = fakePorts({ clock });
    const news = async (ms: number, signal?: AbortSignal): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.sleep(Math.min(ms, 100), signal);
      control();
    };
    const of = target('statefulset', { containers: [{ name: 'app', before: broken, after: newImage }] });
    const release = {
      ...simulate().release, ports, cluster, services: [], changes: [of], snapshots: [], written: new Written(),
      config: { smoke: [], timeoutMs: 600_000, rollback: 'auto' as const },
      watched: { world, news, close: () => undefined, sees: () => true },
    };
    const images = () => [...pods.values()].map((each) => each.spec?.containers?.[0]?.image);
    const deleted = () => cluster.done.filter((each) => each.startsWith('DELETE'));
    return { rollingOut: rollOut(release, async () => undefined), release, images, deleted, ports };
  };

  it.each<[string, ContainerStatus]>([
    ['crashes', waiting('CrashLoopBackOff', undefined, { restartCount: 5, lastState: { terminated: { exitCode: 1 } } })], ['cannot be pulled', waiting('ImagePullBackOff')],
    ['runs and has not been ready for minutes', running({ ready: false })],
  ])('has its broken pod deleted by its uid, and no other: one that %s', async (_what, status) => {
    const { rollingOut, images, deleted, ports, release } = begin(status);
    await rollingOut;
    expect([images(), deleted()]).toEqual([[newImage, newImage], ['DELETE /api/v1/namespaces/web/pods/api-1']]);
    expect(ports.lines).toContain('command kubectl delete pod api-1');
    expect(release.written.freed.map(({ what }) => what)).toEqual([expect.stringMatching(/^Pod api-1 of statefulset\/api is deleted, because it is broken and its controller never replaces it \(container app of pod api-1 /)]);
  });
  it('also where it waits in an init container for longer than a pod may take to be ready', async () => {
    const { rollingOut, images, deleted, ports } = begin(waiting('PodInitializing'), { init: running({ name: 'migrate', ready: false }) });
    await rollingOut;
    expect([images(), deleted()]).toEqual([[newImage, newImage], ['DELETE /api/v1/namespaces/web/pods/api-1']]);
    expect(ports.lines).toContainEqual(expect.stringContaining('its controller never replaces it (pod api-1 is not ready: init container migrate is running)'));
    expect(ports.lines).toContainEqual(expect.stringContaining('api-1 of another version: init container migrate is running'));
  });
  it('leaves a pod alone that only starts: the run ends with its deadline, and names it', async () => {
    const { rollingOut, deleted } = begin(waiting('ContainerCreating'));
    await expect(rollingOut).rejects.toMatchObject({
      code: 'deadline', message: expect.stringMatching(/api-1 of another version: waiting for node node-1 to start container app for \d+ s/),
      hint: expect.stringContaining('`kubectl delete pod api-1`'),
    });
    expect(deleted()).toEqual([]);
  });
  it('leaves a pod alone that runs since a moment ago, also where the clock of the runner is ahead', async () => {
    const { rollingOut, deleted, release } = begin(running({ ready: false }), { runnerAheadMs: 3_600_000 });
    for (let turn = 0; turn < 10_000 && release.ports.clock.monotonic() < 20_000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(deleted()).toEqual([]);
    await rollingOut;
    expect(deleted()).toEqual(['DELETE /api/v1/namespaces/web/pods/api-1']);
  });
  it('leaves all of it to a controller that replaces its pods side by side', async () => {
    const { rollingOut, deleted } = begin(waiting('CrashLoopBackOff', undefined, { restartCount: 5, lastState: { terminated: { exitCode: 1 } } }), { spec: { podManagementPolicy: 'Parallel' } });
    await rollingOut.catch(() => undefined);
    expect(deleted()).toEqual([]);
  });
});
