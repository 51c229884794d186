import { ApiError } from '../../kubernetes/client/api.js';
import { nameOf, uidOf, type Container, type Pod } from '../../kubernetes/client/objects.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { apiPath, resources, workloadResource } from '../../kubernetes/client/resources.js';
import type { Cause } from '../../outcome/causes.js';
import { messageOf } from '../../outcome/wording.js';
import { evidenceOf } from './evidence.js';
import { FailedRollout, type Followed } from '../../kubernetes/judge/follow.js';
import { awaitedPod, stalled, unreadyForMs } from '../../kubernetes/judge/awaited.js';
import { isReady, untilDeadline, type Symptom } from '../../kubernetes/judge/symptom.js';
import { symptomsOfPod } from '../../kubernetes/judge/symptoms.js';
import type { OpenRelease } from './open-release.js';
import { hasObserved } from '../../kubernetes/observe/workload.js';
import { imageSet, type ImageChange } from './image-change.js';

/*
 * A StatefulSet that updates its pods in order waits for each pod that is not ready, also for one of an earlier template,
 * and never replaces it: that pod has to be deleted. https://github.com/kubernetes/kubernetes/issues/67250
 */

/** A container may be between two starts at the first look. */
const leastPatienceMs = 5000;

type Stage = 'rollout' | 'rollback';

/** Deletes broken pods that block StatefulSets while the work runs: they may only show in the middle of it. */
export async function whileUnsticking<T>(release: OpenRelease, followed: readonly Followed[], stage: Stage, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const unsticking = unstick(release, followed.filter(({ workload: change }) => change.kind === 'statefulset'), stage, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await unsticking;
  }
}

/** A pod that a controller waits for, and why it is not ready. */
interface Broken {
  readonly pod: Pod;
  readonly change: ImageChange;
  readonly symptom?: Symptom;
}

async function unstick(release: OpenRelease, followed: readonly Followed[], stage: Stage, signal: AbortSignal): Promise<void> {
  const { clock } = release.ports;
  const [first] = followed;
  if (!first) return;
  const serverNow = await serverClock(release, first.workload, signal);
  const sent = new Set<string>();
  const seen = new Map<string, number>();
  while (!signal.aborted) {
    const at = clock.monotonic();
    const looked = followed.flatMap((each) => [...ofThisRun(release, each, stage), ...waitedFor(release, each)]).filter(({ pod }) => !sent.has(uidOf(pod)))
      .map((broken) => ({ broken, dueAt: dueAt(release, broken, seen, { at, serverNow: serverNow(at) }) }));
    const due = looked.filter((each) => each.dueAt <= at).map(({ broken }) => broken);
    for (const { pod } of due) sent.add(uidOf(pod));
    await Promise.all(due.map((broken) => free(release, broken, stage, signal)));
    if (due.length > 0) continue;
    try {
      await release.watched.news(Math.min(60_000, ...looked.map((each) => each.dueAt - at)), signal);
    } catch {
      // The work is done, or the watches have ended, which the work reports.
      return;
    }
  }
}

/**
 * Not before the controller has observed the current template: it would recreate the pod from the bad one. With
 * podManagementPolicy Parallel it replaces broken pods by itself.
 */
function isOrdered({ watched }: OpenRelease, { workload: change, expected }: Followed): boolean {
  const { workload } = watched.world.view(change);
  return workload !== undefined && hasObserved(workload, expected.generation) && workload.spec?.podManagementPolicy !== 'Parallel';
}

/** In a rollback: pods of the version that is rolled back, ready or not. */
function ofThisRun(release: OpenRelease, each: Followed, stage: Stage): Broken[] {
  if (stage === 'rollout' || !isOrdered(release, each)) return [];
  const { newPods, oldPods } = release.watched.world.view(each.workload);
  // A restored image may also be one that this run set: pods with it are waited for.
  const isOfThisRun = ({ name, image }: Container): boolean => {
    const own = each.workload.containers.find((container) => container.name === name);
    return own !== undefined && (image === own.after || image === imageSet(own)) && image !== each.expected.images.get(own.name);
  };
  return [...newPods, ...oldPods].filter((pod) => !isReady(pod) && [...pod.spec?.containers ?? [], ...pod.spec?.initContainers ?? []].some(isOfThisRun))
    .map((pod) => ({ pod, change: each.workload }));
}

/** The pod of an earlier template that the controller waits for. A pod that a partition keeps would be recreated as it is. */
function waitedFor(release: OpenRelease, each: Followed): Broken[] {
  if (!isOrdered(release, each)) return [];
  const view = release.watched.world.view(each.workload);
  const pod = awaitedPod(view);
  if (!pod || !view.oldPods.includes(pod)) return [];
  const [worst] = symptomsOfPod(pod, view, { ...each.expected, restartsBefore: new Map() }).sort((a, b) => a.patienceMs - b.patienceMs);
  const symptom = worst ?? stalled(pod, view.eventsOf(uidOf(pod)));
  return symptom ? [{ pod, change: each.workload, symptom }] : [];
}

interface Moment {
  /** Monotonic ms. */
  readonly at: number;
  /** ms since 1970; undefined when the server did not say. */
  readonly serverNow: number | undefined;
}

/** The time of the API server, by which its objects are stamped: the clock of a runner may be wrong by minutes. */
async function serverClock(
  { cluster, ports: { clock } }: OpenRelease, { kind, name }: ImageChange, signal: AbortSignal,
): Promise<(at: number) => number | undefined> {
  const answer = await cluster.api.raw(apiPath(workloadResource[kind], cluster.namespace, name), { signal, timeoutMs: leastPatienceMs }).catch(() => undefined);
  const offset = Date.parse(answer?.headers.date ?? '') - clock.monotonic();
  return (at) => (Number.isFinite(offset) ? at + offset : undefined);
}

/** When a pod counts as broken, monotonic ms: after the patience of its symptom, so a pod that only starts is left alone. */
function dueAt({ config }: OpenRelease, { pod, symptom }: Broken, seen: Map<string, number>, { at, serverNow }: Moment): number {
  if (!symptom) return at;
  if (symptom.patienceMs === untilDeadline) return Infinity;
  const since = Math.min(seen.get(symptom.key) ?? at, symptom.cause === 'not-ready' ? at - unreadyForMs(pod, serverNow) : at);
  seen.set(symptom.key, since);
  const patience: Readonly<Partial<Record<Cause, number>>> = config.patienceMs ?? {};
  return since + Math.max(leastPatienceMs, patience[symptom.cause] ?? symptom.patienceMs);
}

async function free(release: OpenRelease, { pod, change, symptom }: Broken, stage: Stage, signal: AbortSignal): Promise<void> {
  if (symptom) {
    const what = `Pod ${nameOf(pod)} of ${change.ref} is deleted, because it is broken and its controller never replaces it (${symptom.message})`;
    // Its log is lost with it.
    const { cause, message, container } = symptom;
    const evidence = await evidenceOf(release, new FailedRollout([{ workload: change, cause, message, pod, container }]));
    if (signal.aborted) return;
    release.ports.log.info(what);
    release.written.free({ what, evidence });
  }
  await deletePod(release, pod, change.ref, stage, signal);
}

/** Deletes the pod by its uid, so a retry cannot delete a new pod with the same name. */
async function deletePod({ ports, cluster }: OpenRelease, pod: Pod, ref: string, stage: string, signal: AbortSignal): Promise<void> {
  ports.log.command(cluster.typed(['delete', 'pod', nameOf(pod)]));
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: uidOf(pod) } };
  try {
    await persistently(ports.clock, () => cluster.api.send('DELETE', apiPath(resources.pods, cluster.namespace, nameOf(pod)), body, { signal }), { signal });
  } catch (error) {
    // It is gone, or another pod has its name: by an earlier attempt that was not answered, or by the controller.
    if (signal.aborted || (error instanceof ApiError && (error.status === 404 || error.status === 409))) return;
    ports.log.warning(`Pod ${nameOf(pod)} of ${ref} is broken and blocks the ${stage}, but could not be deleted: ${messageOf(error)}`);
  }
}
