import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Service, Workload } from '../../kubernetes/client/objects.js';
import type { Config } from '../../config/config.js';
import type { Ports } from '../../ports/ports.js';
import { setImages } from './change.js';
import { hold, resume, type HeldTarget } from './hold.js';
import type { Goal } from '../../kubernetes/judge/expectation.js';
import type { Patience } from '../../kubernetes/judge/judge.js';
import { follow, type Followed } from '../../kubernetes/observe/follow.js';
import { checksBefore, type FailedBefore } from '../../check/smoke/held.js';
import { proveWave } from './prove.js';
import { expectationOf, takeSnapshot, type ImagesOf, type WorkloadSnapshot } from './snapshot.js';
import { servicesFor } from '../../kubernetes/observe/health.js';
import { watchWorkloads, type Watched } from '../../kubernetes/observe/watching.js';
import { refuseOverwritten } from './overwritten.js';
import { imageSet, type ImageChange } from './image-change.js';
import { whileUnsticking } from './unstick.js';
import { Written } from './written.js';

/** For this long everything must have been right before it counts: longer than kube-proxy and the endpoint controller lag. */
export const steadyMs = 2000;

/** What a release works on: one cluster, the workloads of one app as one unit, and the settings that judge it. */
export interface ReleaseScope {
  readonly ports: Ports;
  readonly cluster: Cluster;
  readonly config: Pick<Config, 'smoke' | 'timeoutMs' | 'patienceMs' | 'rollback'>;
  readonly targets: readonly ImageChange[];
  readonly workloads: readonly Workload[];
  readonly services: readonly Service[];
}

/** A release whose watches are open. Everything after this is seen. */
export interface OpenRelease extends ReleaseScope {
  readonly watched: Watched;
  readonly snapshots: readonly WorkloadSnapshot[];
  /** Texts of the smoke checks that the version before answers rightly: only these can prove that it is back. */
  readonly heldBefore: ReadonlySet<string>;
  /** What was seen of the others, by text; empty where another process asked them. */
  readonly failedBefore: ReadonlyMap<string, FailedBefore>;
  /** Deployments that are proved first, by ref. */
  readonly held: ReadonlyMap<string, HeldTarget>;
  /** What was changed so far. The change itself fills it in. */
  readonly written: Written;
}

/** The release with what is known of its change by now, for whoever looks at it afterwards. */
export function asWritten(release: OpenRelease): OpenRelease {
  const targets = release.written.known(release.targets);
  const snapshots = release.snapshots.map((each) => ({ ...each, target: targets.find(({ ref }) => ref === each.target.ref) ?? each.target }));
  return { ...release, targets, snapshots };
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
  const written = Written.byAnother(scope.targets);
  return { ...scope, watched, snapshots, heldBefore: new Set(recalled.held), failedBefore: new Map(), held: new Map(), written };
}

/** What has to be recorded of the time before the change, so that another process could finish. */
export const recall = (release: OpenRelease): Recalled => ({
  held: [...release.heldBefore],
  running: Object.fromEntries(release.snapshots.flatMap(({ target, running }) => [...running].map(([name, digests]) => [`${target.ref}:${name}`, [...digests]]))),
});

/** Starts the watches and records what is there before anything changes. */
export async function openRelease(scope: ReleaseScope): Promise<OpenRelease> {
  const kinds = new Set(scope.targets.map((target) => target.kind));
  const watching = watchWorkloads(scope.cluster, scope.ports.clock, kinds, scope.workloads);
  try {
    const [watched, before] = await Promise.all([watching, checksBefore(scope.ports, scope.cluster, scope.services, scope.config.smoke)]);
    const snapshots = scope.targets.map((target) => takeSnapshot(watched.world, target));
    return { ...scope, watched, heldBefore: before.passed, failedBefore: before.failed, held: new Map(), written: new Written(), snapshots };
  } catch (error) {
    // Watches begin again for as long as nobody closes them, and the process would never end.
    await watching.then((watched) => watched.close(), () => undefined);
    throw error;
  }
}

/** How a rollout went. Times are monotonic ms. */
export interface RolledOut {
  readonly changedAt: number;
  /** When the controllers had finished, before the proof that traffic arrives. */
  readonly rolledOutAt: number;
  readonly followed: readonly Followed[];
}

/**
 * Changes the images and watches until the new version is everywhere and traffic goes to it. Workloads that are `held`
 * are proved first: their first new pods are asked before any more follow.
 * @param confirm throws when the lock is not this run's any more; called before each try of the change
 * @throws FailedRollout, RolloutError smoke-failed, ClusterError, CancelledError
 */
export async function rollOut(planned: OpenRelease, confirm: () => Promise<void>): Promise<RolledOut> {
  const { ports, cluster, watched } = planned;
  const before = new Map(planned.targets.map((target) => [target.ref, expectation(planned, target, 0, 'after')]));
  const changedAt = ports.clock.monotonic();
  const patience = { deadlineAt: changedAt + planned.config.timeoutMs, steadyMs, of: planned.config.patienceMs };
  const generations = await setImages(cluster, ports, planned.targets, confirm, planned.written);
  await refuseOverwritten(planned, generations);
  const release = asWritten(planned);
  const held = release.targets.filter((target) => release.held.has(target.ref));
  const toGoal = (goalOf: (target: ImageChange) => Goal): Followed[] => release.targets.map((target) => {
    const images = new Map(target.containers.map((container) => [container.name, imageSet(container)]));
    const known = before.get(target.ref) ?? expectation(planned, target, 0, 'after');
    return { target, expected: { ...known, images, generation: generations.get(target.ref) ?? 0, goal: goalOf(target) } };
  });
  if (held.length > 0) {
    const wave = toGoal((target) => (held.includes(target) ? 'first-wave' : 'nothing'));
    const deadlineAt = Math.min(patience.deadlineAt, changedAt + progressDeadlineMs(release, held));
    await proveFirst(release, held, wave, generations, { ...patience, deadlineAt });
    for (const [ref, generation] of await resume(release, held)) generations.set(ref, generation);
  }
  const followed = toGoal(() => 'whole');
  const { rolledOutAt } = await whileUnsticking(release, followed, 'rollout', () => follow(ports, watched, followed, patience, 'rollout', ports.cancelled));
  return { changedAt, rolledOutAt, followed };
}

/** Kubernetes does not count the progress deadline of a Deployment that is paused, so that it is counted here. */
const progressDeadlineMs = ({ watched }: OpenRelease, held: readonly ImageChange[]): number =>
  1000 * Math.min(...held.map((target) => watched.world.view(target).workload?.spec?.progressDeadlineSeconds ?? 600));

/** Holds the workloads at their first wave, waits until it is ready, and asks its pods. */
async function proveFirst(
  release: OpenRelease, held: readonly ImageChange[], wave: readonly Followed[], generations: ReadonlyMap<string, number>, patience: Patience,
): Promise<void> {
  const { ports, watched } = release;
  const over = new AbortController();
  const signal = AbortSignal.any([ports.cancelled, over.signal]);
  const holding = hold(release, held, generations, signal);
  try {
    // Whichever fails first ends the other: a hold that somebody else prevented, or pods that never become ready.
    await Promise.all([holding, follow(ports, watched, wave, patience, 'rollout', signal)]);
  } finally {
    over.abort();
    await holding.catch(() => undefined);
  }
  const waves = wave.filter(({ target }) => held.includes(target));
  await proveWave(release, wave, waves, patience);
  for (const { target } of waves) ports.log.progress('rollout', target.ref, 'the first wave answers rightly · the rest follows');
}

/** What a change of this workload to these images is measured against. */
export const expectation = (release: OpenRelease, target: ImageChange, generation: number, images: keyof ImagesOf): Followed['expected'] => {
  const { world } = release.watched;
  return expectationOf(world, target, generation, images, servicesFor(world.view(target), release.services, release.config.smoke));
};
