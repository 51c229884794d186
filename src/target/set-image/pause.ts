import { ApiError, type PatchOperation } from '../../kubernetes/client/api.js';
import { nameOf, type Service, type Workload } from '../../kubernetes/client/objects.js';
import { isFailedTest } from '../../kubernetes/client/meaning.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import type { SmokeCheck } from '../../config/config.js';
import { ClusterError } from '../../outcome/errors.js';
import { selects } from '../../kubernetes/observe/selector.js';
import { forMsAfter } from '../../ports/within.js';
import type { OpenRelease } from './open-release.js';
import { containersOf, desiredReplicas, pausedByOthers } from '../../kubernetes/observe/workload.js';
import { imageSet, isSet, type ImageChange, type PausedDeployment } from './image-change.js';
import { firstWaveSize } from '../../kubernetes/observe/surge.js';

/*
 * A rolling update whose first pods are checked before the others. A Deployment is paused as soon as its first new pods are
 * created. They are checked directly, beside the old pods, and only then the rollout is resumed. The run can be killed at
 * any time: the record says beforehand that the Deployment is going to be paused, and an undo lifts the pause.
 */

/** Why the first pods of a workload are not checked before the others, or undefined when they are. */
export function whyNotProvedFirst(
  change: ImageChange, workload: Workload | undefined, services: readonly Service[], checks: readonly SmokeCheck[],
): string | undefined {
  if (change.kind !== 'deployment') return 'only a Deployment can be paused';
  // It creates no new pods.
  if (change.containers.every(({ before, after }) => before === after)) return 'it has this image already';
  if (workload?.spec?.strategy?.type === 'Recreate') return 'its strategy is Recreate, which removes all old pods first';
  if (!workload || desiredReplicas(workload) === 0) return 'it has no replicas';
  // The pause raises minReadySeconds, which must stay smaller.
  if ((workload.spec?.progressDeadlineSeconds ?? 600) < 2) return 'its progressDeadlineSeconds leaves no time for a pause';
  const asked = new Set(checks.flatMap((check) => (check.target.type === 'service' ? [check.target.name] : [])));
  const labels = workload.spec?.template?.metadata?.labels;
  return services.some((service) => asked.has(nameOf(service)) && selects(service, labels)) ? undefined : 'no smoke check requests one of its Services';
}

/** It says that old pods are kept, not that they serve, because they may be broken. */
function wave({ pods, of, oldPodsGone }: ReturnType<typeof firstWaveSize>): string {
  const kept = of - oldPodsGone;
  return `at most ${pods} of ${of} pods, ${oldPodsGone === 0 ? 'with every old pod kept' : kept > 0 ? `with at least ${kept} old pods kept` : 'which may replace every old pod'}`;
}

/** The first pods of a workload, in a sentence. */
export const describeWave = (change: ImageChange, workload: Workload): string => `The first pods of ${change.ref} are checked before the others: ${wave(firstWaveSize(workload))}`;

/** How long to try to set or lift a pause while the API server does not answer. */
export interface PauseLimits {
  /** Monotonic ms; at least a minute. */
  readonly until: number;
  readonly signal: AbortSignal;
}

/** Pauses each Deployment when its new ReplicaSet has its first pods. Ends when all are paused, or with `signal`. */
export async function pauseAtFirstPods(
  release: OpenRelease, changes: readonly ImageChange[], generations: ReadonlyMap<string, number>, limits: PauseLimits,
): Promise<void> {
  const { signal } = limits;
  const waiting = new Set(changes);
  const pausing: Promise<unknown>[] = [];
  // One that is slow to be paused does not keep the others from being paused in time.
  while (waiting.size > 0 && !signal.aborted) {
    for (const change of [...waiting].filter((each) => wavePresent(release, each, generations.get(each.ref) ?? 0))) {
      waiting.delete(change);
      pausing.push(setPaused(release, change, limits, true));
    }
    if (waiting.size > 0) await Promise.race([release.watched.news(60_000, signal), failureOf(pausing)]);
  }
  await Promise.all(pausing);
}

/** Rejects when one of them does; never resolves. */
const failureOf = (all: readonly Promise<unknown>[]): Promise<never> => Promise.all(all).then(() => new Promise<never>(() => undefined));

function wavePresent(release: OpenRelease, change: ImageChange, generation: number): boolean {
  const { workload, replicaSet } = release.watched.world.view(change);
  return (workload?.metadata?.generation ?? 0) >= generation && (replicaSet?.spec?.replicas ?? 0) > 0;
}

/** Resumes the Deployments. @returns their generations after it, by ref */
export async function resume(release: OpenRelease, changes: readonly ImageChange[], limits: PauseLimits): Promise<Map<string, number>> {
  return new Map(await Promise.all(changes.map(async (change) => [change.ref, await setPaused(release, change, limits, false)] as const)));
}

/**
 * How long the answer to a pause is waited for when the run has ended meanwhile: GitHub allows a cancelled step 10 s in total. One
 * that is applied later does no harm: it tests the images, which the undo has restored by then.
 */
const answeredWithinMs = 4000;

async function setPaused({ cluster, ports, paused }: OpenRelease, change: ImageChange, limits: PauseLimits, isPaused: boolean): Promise<number> {
  const path = apiPath(resources.deployments, cluster.namespace, change.name);
  const attempt = (): Promise<Workload> => forMsAfter(ports.clock, limits.signal, answeredWithinMs, async (signal) => {
    const workload = await cluster.api.get<Workload>(path, { signal: ports.cancelled });
    if (isPaused && pausedByOthers(workload)) throw new ClusterError('superseded', `${change.ref} was paused by someone else right after its image was set.`);
    const before = paused.get(change.ref);
    const operations = isPaused ? pauseOperations(workload, before) : resumeOperations(workload, before);
    // An earlier attempt that was not answered may have been applied.
    if (operations.length === 0) return workload;
    return cluster.api.patch<Workload>(path, [...ours(change, workload), ...operations], { signal });
  });
  try {
    return (await persistently(ports.clock, attempt, limits)).metadata?.generation ?? 0;
  } catch (error) {
    if (!(error instanceof ApiError) || !(isFailedTest(error) || [404, 409].includes(error.status))) throw error;
    throw new ClusterError('superseded', `${change.ref} was changed by someone else while it was being ${isPaused ? 'paused' : 'resumed'}: ${error.message}`, { cause: error });
  }
}

/** Tests that the workload is the one of this run and contains the images that this run wrote, as the API server stored them. */
function ours(change: ImageChange, workload: Workload): PatchOperation[] {
  const placed = containersOf(change.kind, workload);
  return [
    { op: 'test', path: '/metadata/uid', value: change.uid },
    ...change.containers.flatMap((wanted) => placed.filter(({ container }) => container.name === wanted.name)
      .map(({ pointer, container: { image } }): PatchOperation => ({ op: 'test', path: `${pointer}/image`, value: isSet(wanted, image) ? image : imageSet(wanted) }))),
  ];
}

/**
 * Sets `paused` and raises minReadySeconds to just below the progress deadline. The controller removes the old pods even of
 * a paused Deployment as soon as all new ones are *available*, which is at once when the first pods are all pods
 * (`IsSaturated` in k8s.io/kubernetes/pkg/controller/deployment/sync.go). With the raised value they are ready but not
 * available during the pause. Neither field is part of the pod template: no pod is restarted.
 */
const pauseOperations = (workload: Workload, before: PausedDeployment | undefined): PatchOperation[] => workload.spec?.paused ? [] : [
  { op: 'add', path: '/spec/paused', value: true }, { op: 'add', path: '/spec/minReadySeconds', value: before?.raisedTo ?? raisedSeconds(workload) },
];

const raisedSeconds = (workload: Workload): number => Math.max(1, (workload.spec?.progressDeadlineSeconds ?? 600) - 1);

/** Lifts the pause and restores minReadySeconds. A field that is zero is absent, so it is removed instead of replaced. */
export function resumeOperations(workload: Workload, before: PausedDeployment | undefined): PatchOperation[] {
  const seconds = before?.minReadySeconds ?? 0;
  const raised = before?.raisedTo ?? raisedSeconds(workload);
  // Someone may have lifted the pause by hand: the raised value is still this run's.
  const isRaised = before !== undefined && workload.spec?.minReadySeconds === raised && seconds !== raised;
  const path = '/spec/minReadySeconds';
  const restored: PatchOperation = seconds > 0 ? { op: 'replace', path, value: seconds } : { op: 'remove', path };
  return [
    ...(workload.spec?.paused && !pausedByOthers(workload) ? [{ op: 'test', path: '/spec/paused', value: true }, { op: 'remove', path: '/spec/paused' }] as const : []),
    ...(isRaised ? [{ op: 'test', path, value: raised }, restored] as const : []),
  ];
}

export const pausedDeployment = (change: ImageChange, workload: Workload): PausedDeployment =>
  ({ ref: change.ref, minReadySeconds: workload.spec?.minReadySeconds ?? 0, raisedTo: raisedSeconds(workload) });
