import type { ContainerStatus, KubeObject, Pod, ReplicaSet, Workload } from '../../../src/kubernetes/client/objects.js';
import type { SmokeCheck } from '../../../src/config/config.js';
import { pausedDeployment } from '../../../src/target/set-image/pause.js';
import { takeSnapshot } from '../../../src/target/set-image/snapshot.js';
import { World } from '../../../src/kubernetes/observe/world.js';
import { Written } from '../../../src/target/set-image/written.js';
import { fakePorts, type FakePorts } from '../client/fake-ports.js';
import { deployment, ended, gone, newImage, oldImage, pod, replicaSet, restarted, running, service, set, slice, target, waiting } from './build.js';
import { idleClock } from '../../ports/idle-clock.js';
import { deploymentPath, fakeCluster, type FakeCluster } from '../../target/set-image/fake-cluster.js';
import type { OpenRelease } from '../../../src/target/set-image/open-release.js';

/** How an image behaves once it runs. */
export type Behaviour = 'good' | 'wrong' | 'crash' | 'unready';

export interface SimulationOptions {
  readonly replicas?: number;
  readonly after?: Behaviour;
  readonly smoke?: readonly SmokeCheck[];
  readonly cancelled?: AbortSignal;
  /** What the Deployment has of it before the release. */
  readonly minReadySeconds?: number;
  readonly proveFirst?: boolean;
  /** Called before each piece of news, with how many there were. */
  readonly onNews?: (count: number, simulation: Simulation) => void;
}

/** A Deployment, its controller, kubelet and endpoints, which do one small thing whenever somebody waits for news. */
export interface Simulation {
  readonly cluster: FakeCluster;
  readonly ports: FakePorts;
  readonly release: OpenRelease;
  /** Images of the pods that are there, in the order in which they came. */
  images(): readonly string[];
  deployment(): Workload;
  /** uids of pods of the old image that were there from the beginning and still are. */
  survivors(): number;
}

export const check: SmokeCheck = { text: 'service/api/', target: { type: 'service', name: 'api', path: '/' }, statuses: [200] };

interface Running { readonly name: string; readonly image: string; stage: number; readyAt: number }

const startup: Readonly<Record<Behaviour, readonly Pod['status'][]>> = (() => {
  const status = (...statuses: readonly ContainerStatus[]) => pod('x', { statuses }).status;
  const begin = status(waiting('ContainerCreating'));
  return {
    good: [begin, status(running())], wrong: [begin, status(running())], unready: [begin, status(running({ ready: false }))],
    crash: [begin, status(ended()), status(restarted(1)), status(ended({}, { restartCount: 1 }))],
  };
})();

export function simulate(options: SimulationOptions = {}): Simulation {
  const world = new World();
  const replicas = options.replicas ?? 3;
  const behaviourOf = (image: string): Behaviour => (image === newImage ? (options.after ?? 'good') : 'good');
  const clock = idleClock();
  const cluster = fakeCluster({
    objects: { [deploymentPath]: deployment({
      image: oldImage, generation: 1, status: { observedGeneration: 1 },
      spec: { replicas, ...(options.minReadySeconds ? { minReadySeconds: options.minReadySeconds } : {}) },
    }) },
    kubectl: (args) => {
      const now = cluster.objects.get(deploymentPath) as Workload;
      const image = args.find((arg) => arg.startsWith('app='))?.slice('app='.length) ?? '';
      cluster.put(deploymentPath, { ...now, spec: { ...now.spec, template: { ...now.spec?.template, spec: { containers: [{ name: 'app', image }] } } } } as Workload);
      return {};
    },
    raw: async (path) => {
      const name = /pods\/([^:/]+)/.exec(path)?.[1];
      const served = pods.filter((each) => isReady(each));
      const asked = name === undefined ? served[count % Math.max(1, served.length)] : served.find((each) => each.name === name);
      if (path.includes('/log')) return { status: 200, headers: {}, body: `log of ${name}` };
      if (!asked) return { status: 503, headers: {}, body: JSON.stringify({ kind: 'Status', message: 'no endpoints available' }) };
      return { status: behaviourOf(asked.image) === 'wrong' ? 500 : 200, headers: {}, body: asked.image };
    },
  });

  const sets = new Map<string, ReplicaSet>();
  let pods: Running[] = [];
  let told: Workload | undefined;
  let endpoints = '';
  let count = 0;
  const setOf = (image: string): ReplicaSet | undefined => sets.get(image);
  const isReady = (each: Running): boolean => each.stage === startup[behaviourOf(each.image)].length - 1 && ['good', 'wrong'].includes(behaviourOf(each.image));
  const podOf = (each: Running): Pod => {
    const made = pod(each.name, { owner: setOf(each.image)?.metadata?.uid, image: each.image });
    const status = startup[behaviourOf(each.image)][each.stage];
    return { ...made, status: { ...status, containerStatuses: status?.containerStatuses?.map((one) => ({ ...one, imageID: each.image })) } };
  };
  const tell = (object: KubeObject, how = set): true => {
    world.apply(how(object));
    return true;
  };
  const scale = (image: string, to: number): true => {
    const made = setOf(image) ?? replicaSet(`rs-${sets.size}`, image, { revision: sets.size + 1 });
    const scaled = { ...made, metadata: { ...made.metadata, resourceVersion: replicaSet('x', image).metadata?.resourceVersion }, spec: { ...made.spec, replicas: to } };
    sets.set(image, scaled);
    return tell(scaled);
  };
  const remove = (each: Running): true => {
    pods = pods.filter((other) => other !== each);
    return tell(podOf(each), gone);
  };

  /** One step of whoever has something to do. @returns false when nobody has */
  const step = (): boolean => {
    const wanted = cluster.objects.get(deploymentPath) as Workload | undefined;
    if (!wanted) return false;
    const image = wanted.spec?.template?.spec?.containers?.[0]?.image ?? '';
    const desired = wanted.spec?.replicas ?? 1;
    const mine = pods.filter((each) => each.image === image);
    const old = pods.filter((each) => each.image !== image);
    const size = setOf(image)?.spec?.replicas ?? 0;
    if (told?.metadata?.generation !== wanted.metadata?.generation) return tellStatus(wanted, mine);
    if (!setOf(image)) return scale(image, 0);
    const moving = pods.find((each) => each.stage < startup[behaviourOf(each.image)].length - 1);
    if (moving) {
      moving.stage += 1;
      moving.readyAt = clock.monotonic();
      return tell(podOf(moving));
    }
    if (mine.length < size) {
      pods.push({ name: `pod-${(count += 1)}`, image, stage: 0, readyAt: clock.monotonic() });
      return tell(podOf(pods.at(-1) as Running));
    }
    return (wanted.spec?.paused ? saturate(mine, desired, old) : roll(image, size, desired, old)) || tellEndpoints() || tellStatus(wanted, mine);
  };
  /** Of the old pods, as of all that were there first, only a ReplicaSet knows that is given no new minReadySeconds. */
  const isAvailable = (each: Running): boolean => {
    const { spec } = cluster.objects.get(deploymentPath) as Workload;
    const isNew = each.image === spec?.template?.spec?.containers?.[0]?.image;
    return isReady(each) && (!isNew || clock.monotonic() - each.readyAt >= 1000 * (spec?.minReadySeconds ?? 0));
  };
  /** ms until the next ready pod is available. */
  const untilAvailable = (): number => {
    const { spec } = cluster.objects.get(deploymentPath) as Workload;
    const readyMs = (each: Running): number => clock.monotonic() - each.readyAt;
    return Math.min(...pods.filter((each) => isReady(each) && !isAvailable(each)).map((each) => 1000 * (spec?.minReadySeconds ?? 0) - readyMs(each)));
  };
  /** The controller scales the old pods of a Deployment down as soon as the new ones are the whole, also when it is paused. */
  const saturate = (mine: readonly Running[], desired: number, old: readonly Running[]): boolean =>
    old[0] !== undefined && mine.filter(isAvailable).length >= desired && remove(old[0]);
  const roll = (image: string, size: number, desired: number, old: readonly Running[]): boolean => {
    const broken = old.find((each) => !isReady(each));
    if (broken) return remove(broken);
    if (size < desired && pods.length < desired + 1) return scale(image, size + 1);
    return old[0] !== undefined && pods.filter(isAvailable).length > desired && remove(old[0]);
  };
  const tellStatus = (wanted: Workload, mine: readonly Running[]): boolean => {
    const now: Workload = { ...wanted, kind: 'Deployment', status: {
      observedGeneration: wanted.metadata?.generation, replicas: pods.length, updatedReplicas: mine.length, availableReplicas: pods.filter(isAvailable).length,
    } };
    if (JSON.stringify([now.status, now.spec]) === JSON.stringify([told?.status, told?.spec])) return false;
    told = now;
    return tell({ ...now, metadata: { ...now.metadata, resourceVersion: deployment().metadata?.resourceVersion } });
  };
  const tellEndpoints = (): boolean => {
    const ready = pods.filter(isReady).map((each) => each.name);
    if (ready.join() === endpoints) return false;
    endpoints = ready.join();
    return tell(slice('api', Object.fromEntries(ready.map((name) => [name, {}]))));
  };
  const untilQuiet = (): void => {
    while (step());
  };

  untilQuiet();
  for (const each of pods) each.readyAt = Number.NEGATIVE_INFINITY;
  untilQuiet();
  const first = new Set(pods.map((each) => each.name));
  const ports = fakePorts({ clock, cancelled: options.cancelled });
  let news = 0;
  /** Aborted by the next piece of news. */
  let noted = new AbortController();
  const of = target();
  const held = options.proveFirst ? new Map([[of.ref, pausedDeployment(of, cluster.objects.get(deploymentPath) as Workload)]]) : new Map();
  const simulation: Simulation = {
    cluster, ports,
    images: () => pods.map((each) => each.image),
    deployment: () => cluster.objects.get(deploymentPath) as Workload,
    survivors: () => pods.filter((each) => first.has(each.name)).length,
    release: {
      ports, cluster, changes: [of], workloads: [cluster.objects.get(deploymentPath) as Workload], services: [service('api')],
      config: { smoke: options.smoke ?? [check], timeoutMs: 600_000 },
      watched: {
        world, close: () => undefined, sees: () => true,
        news: async (ms, signal) => {
          options.onNews?.(news, simulation);
          news += 1;
          await new Promise((resolve) => setImmediate(resolve));
          if (signal?.aborted) throw signal.reason;
          // Everything takes its time, and when nobody has anything to do only time passes, for all who wait at once.
          const isNew = step();
          if (isNew) {
            noted.abort();
            noted = new AbortController();
            return clock.sleep(100, signal);
          }
          const until = signal ? AbortSignal.any([signal, noted.signal]) : noted.signal;
          await clock.sleep(Math.min(ms, untilAvailable()), until).catch(() => signal?.throwIfAborted());
        },
      },
      written: Written.byAnother([of]), paused: held, snapshots: [takeSnapshot(world, of)], failedBefore: new Map(),
      passedBefore: new Set((options.smoke ?? [check]).map(({ text }) => text)),
    },
  };
  return simulation;
}
