import type { Cluster } from '../cluster/cluster.js';
import type { Pod, Service, Workload } from '../cluster/objects.js';
import { uidOf } from '../cluster/objects.js';
import type { Config } from '../config/config.js';
import type { Ports } from '../ports/ports.js';
import { setImages } from './change.js';
import { follow, newPodsOf, type Followed } from './follow.js';
import { heldChecks } from './smoke/held.js';
import { smoke, type SmokeTarget } from './smoke/smoke.js';
import { expectationOf, servicesFor, takeSnapshot, type WorkloadSnapshot } from './snapshot.js';
import { watchWorkloads, type Watched } from './watching.js';
import type { Target } from './workload.js';

/** For this long everything must have been right before it counts: longer than kube-proxy and the endpoint controller lag. */
export const steadyMs = 2000;

/** What a release works on: one cluster, the workloads of one app as one unit, and the settings that judge it. */
export interface ReleaseScope {
  readonly ports: Ports;
  readonly cluster: Cluster;
  readonly config: Pick<Config, 'smoke' | 'timeoutMs'>;
  readonly targets: readonly Target[];
  readonly workloads: readonly Workload[];
  readonly services: readonly Service[];
}

/** A release whose watches are open. Everything after this is seen. */
export interface OpenRelease extends ReleaseScope {
  readonly watched: Watched;
  readonly snapshots: readonly WorkloadSnapshot[];
  /** Texts of the smoke checks that the version before answers rightly: only these can prove that it is back. */
  readonly heldBefore: ReadonlySet<string>;
}

/** What an earlier process recorded of the time before the change. */
export interface Recalled {
  readonly held: readonly string[];
  readonly running: Readonly<Record<string, readonly string[]>>;
}

/** Opens a release that another process began and did not finish: what was there before comes from its record. */
export async function reopenRelease(scope: ReleaseScope, recalled: Recalled): Promise<OpenRelease> {
  const watched = await watchWorkloads(scope.cluster, scope.ports.clock, new Set(scope.targets.map((target) => target.kind)), scope.workloads);
  const snapshots = scope.targets.map((target) => ({
    ...takeSnapshot(watched.world, target),
    running: new Map(target.containers.map(({ name }) => [name, new Set(recalled.running[`${target.ref}:${name}`] ?? [])] as const).filter(([, digests]) => digests.size > 0)),
  }));
  return { ...scope, watched, snapshots, heldBefore: new Set(recalled.held) };
}

/** What has to be recorded of the time before the change, so that another process could finish. */
export const recall = (release: OpenRelease): Recalled => ({
  held: [...release.heldBefore],
  running: Object.fromEntries(release.snapshots.flatMap(({ target, running }) => [...running].map(([name, digests]) => [`${target.ref}:${name}`, [...digests]]))),
});

/** Starts the watches and records what is there before anything changes. */
export async function openRelease(scope: ReleaseScope): Promise<OpenRelease> {
  const kinds = new Set(scope.targets.map((target) => target.kind));
  const [watched, heldBefore] = await Promise.all([
    watchWorkloads(scope.cluster, scope.ports.clock, kinds, scope.workloads),
    heldChecks(scope.ports, scope.cluster, scope.services, scope.config.smoke),
  ]);
  return { ...scope, watched, heldBefore, snapshots: scope.targets.map((target) => takeSnapshot(watched.world, target)) };
}

/**
 * Changes the images and watches until the new version is everywhere and traffic goes to it.
 * @returns monotonic ms of the change, and of the moment when the controllers had finished
 * @throws FailedRollout, ClusterError, CancelledError
 */
export async function rollOut(release: OpenRelease): Promise<{ readonly changedAt: number; readonly rolledOutAt: number; readonly followed: readonly Followed[] }> {
  const { ports, cluster, targets, watched } = release;
  const before = targets.map((target) => expectation(release, target, 0, 'after'));
  const changedAt = ports.clock.monotonic();
  const generations = await setImages(cluster, ports.log, targets, ports.cancelled);
  const followed = targets.map((target, index) => ({ target, expected: { ...before[index]!, generation: generations.get(target.ref) ?? 0 } }));
  const { rolledOutAt } = await follow(ports, watched, followed, { deadlineAt: changedAt + release.config.timeoutMs, steadyMs }, 'rollout', ports.cancelled);
  return { changedAt, rolledOutAt, followed };
}

/** What a change of this workload to its images `before` or `after` is measured against. */
export const expectation = (release: OpenRelease, target: Target, generation: number, images: 'before' | 'after'): Followed['expected'] => {
  const { world } = release.watched;
  return expectationOf(world, target, generation, images, servicesFor(world.view(target), release.services, release.config.smoke));
};

/** Asks the smoke checks of the pods that are new now, and of what stands in front of them. */
export function smokeRelease(release: OpenRelease, followed: readonly Followed[], checks: Config['smoke'], signal: AbortSignal | undefined): Promise<void> {
  return smoke(release.ports, smokeTarget(release, followed), checks, signal);
}

export function smokeTarget(release: OpenRelease, followed: readonly Followed[]): SmokeTarget {
  const { world } = release.watched;
  return {
    api: release.cluster.api, namespace: release.cluster.namespace, services: release.services,
    podsBehind: (service) => {
      const fresh = newPodsOf(world, followed);
      const pods = followed.flatMap(({ target }) => {
        const view = world.view(target);
        const inService = new Set(view.slicesOf(service).flatMap((slice) => slice.endpoints ?? []).map((endpoint) => endpoint.targetRef?.uid));
        return view.newPods.filter((pod) => fresh.has(uidOf(pod)) && inService.has(uidOf(pod)));
      });
      return pods satisfies Pod[];
    },
  };
}
