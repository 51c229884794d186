import { patienceMs, type Cause } from '../../outcome/causes.js';
import { isLeaving, uidOf, type Pod } from '../../cluster/objects.js';
import type { WorkloadView } from '../world.js';
import { containersOf, desiredReplicas, pausedByOthers } from '../workload.js';
import { completionOf, endpointTrouble, isHeld, progressDeadlineExceeded } from './completion.js';
import type { Expectation } from './expectation.js';
import { disturbancesOf, noteDisturbance, settledAt, type Disturbance, type Disturbed } from './disturbance.js';
import { describeProgress, doingOf } from './progress.js';
import { lastingStatuses, restartKey, symptomsOfOwner, symptomsOfPod, type Symptom } from './symptoms.js';

/** What the judge remembers of one workload between two looks. Times are the clock's monotonic ms. */
export interface Memory {
  /** Symptom key → when it was first and last seen without a break longer than `forgetAfterMs`, and how long what it follows lasted. */
  readonly seen: ReadonlyMap<string, { readonly first: number; readonly last: number; readonly followedMs: number }>;
  /** When it last looked: what was there then and is there now has never gone away, however long that was. */
  readonly lookedAt?: number;
  /** What the first busy pod does, and since when. */
  readonly doing?: { readonly what: string; readonly since: number };
  /** Since when it has been finished and the endpoints have been right, without a break. */
  readonly steadySince?: number;
  /** It was seen to stand still at its first wave. */
  readonly wasHeld?: boolean;
  /** uid of a new pod → the last sign that it is not well. */
  readonly disturbed: ReadonlyMap<string, Disturbed>;
}

export const blankMemory: Memory = { seen: new Map(), disturbed: new Map() };

export interface Patience {
  /** Monotonic ms at which the rollout has taken too long. */
  readonly deadlineAt: number;
  /** ms for which everything must have been right before it is done: controllers and kube-proxy lag behind the truth. */
  readonly steadyMs: number;
  /** Overrides of the table, ms. */
  readonly of?: Readonly<Partial<Record<Cause, number>>>;
}

interface Waiting {
  /** The controller has finished; what is missing is the proof. */
  readonly rolledOut: boolean;
  /** Look again then, even without news: monotonic ms. */
  readonly recheckAt: number;
  /** What has lasted long enough to be told of, and not for long enough to be sure. */
  readonly suspects: readonly Symptom[];
}

export type Decision =
  | ({ readonly state: 'wait'; readonly progress: string } & Waiting)
  | { readonly state: 'done'; readonly progress: string }
  | { readonly state: 'failed'; readonly cause: Cause; readonly message: string; readonly pod?: Pod; readonly container?: string };

/** All workloads of a run, seen as one. */
export interface WholeRun {
  /** uids of the pods that may serve in the end: the new ones, and those that a partition keeps. */
  readonly newPods: ReadonlySet<string>;
  /** The controllers have finished with every workload. */
  readonly rolledOut: boolean;
}

/** What the workloads of a run come to as a whole, by the views of all of them. */
export const wholeRun = (all: readonly { readonly view: WorkloadView; readonly expected: Expectation }[]): WholeRun => ({
  newPods: new Set(all.flatMap(({ view }) => [...view.newPods, ...view.keptPods].map(uidOf))),
  rolledOut: all.every(({ view, expected }) => isTakenUp(view, expected) && completionOf(view, expected.goal).waitingFor === undefined),
});

/** Whether the controller has seen the change: an older status is yesterday's news. */
const isTakenUp = ({ workload }: WorkloadView, { generation }: Expectation): boolean =>
  (workload?.metadata?.generation ?? 0) >= generation && (workload?.status?.observedGeneration ?? generation) >= generation;

/** A symptom may come and go between two attempts of the kubelet: ErrImagePull, ContainerCreating, ImagePullBackOff. */
const forgetAfterMs = 10_000;
/** Trouble that lasts as long as that is told, so that nobody waits for minutes without knowing what for. */
const worthAWarningMs = 15_000;

/**
 * Looks at one workload at one moment. Pure: the same view, memory and time give the same decision.
 * @param run what the other workloads of the run come to, for Services that lead to them or that they share
 */
export function judge(
  view: WorkloadView, expected: Expectation, before: Memory, at: number, patience: Patience, run: WholeRun,
): { decision: Decision; memory: Memory } {
  const wait = (progress: string, memory: Memory, extra: Partial<Waiting> = {}): { decision: Decision; memory: Memory } => ({
    memory,
    decision: {
      state: 'wait', progress, suspects: extra.suspects ?? [], rolledOut: extra.rolledOut ?? false,
      recheckAt: Math.min(patience.deadlineAt, extra.recheckAt ?? Infinity),
    },
  });
  const fail = (cause: Cause, message: string, symptom?: Symptom): { decision: Decision; memory: Memory } => ({
    memory: before, decision: { state: 'failed', cause, message, pod: symptom?.pod, container: symptom?.container },
  });

  const usurped = supersededBy(view, expected);
  if (usurped) return fail('superseded', usurped);
  const late = at >= patience.deadlineAt;
  if (!isTakenUp(view, expected)) {
    return late ? fail('deadline', `the controller has not taken up the change of ${view.target.ref}: is kube-controller-manager running?`) : wait('waiting for the controller', before);
  }

  const symptoms = [...symptomsOfOwner(view, expected), ...view.newPods.flatMap((pod) => symptomsOfPod(pod, view, expected))]
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const wasHeld = before.wasHeld === true || isHeld(view);
  const completion = completionOf(view, expected.goal, wasHeld);
  if (completion.waitingFor !== undefined && expected.goal !== 'first-wave' && pausedByOthers(view.workload ?? {})) return fail('superseded', `${view.target.ref} was paused by somebody else during the run: ${completion.waitingFor}`);
  const trouble = completion.waitingFor === undefined && expected.goal === 'whole' ? firstEndpointTrouble(view, expected, run.newPods) : undefined;
  // As long as another workload is on its way, an old pod of it may serve, or none.
  if (trouble && run.rolledOut) symptoms.push({ key: 'wrong-version-serving', cause: 'wrong-version-serving', patienceMs: patienceMs('wrong-version-serving'), message: trouble });

  const disturbances = disturbancesOf(view);
  const steady = completion.waitingFor === undefined && trouble === undefined;
  const memory = remember(before, at, { symptoms, steady, doing: doingOf(view), disturbances, wasHeld });
  const certainAt = (symptom: Symptom): number => {
    const { first, followedMs } = memory.seen.get(symptom.key) ?? { first: at, followedMs: 0 };
    return first + (patience.of?.[symptom.cause] ?? symptom.patienceMs) + followedMs;
  };
  const certain = symptoms.filter((symptom) => certainAt(symptom) <= at).sort((a, b) => certainAt(a) - certainAt(b) || (a.key < b.key ? -1 : 1))[0];
  if (certain) return fail(certain.cause, certain.message, certain);
  const exceeded = progressDeadlineExceeded(view, expected.progressBefore);
  if (exceeded) return fail('deadline', `Kubernetes gave up on ${view.target.ref}: ${exceeded}${because(symptoms)}`, symptoms[0]);
  const { progress, nextAt } = describeProgress(view, completion, trouble, { at, ...(memory.doing ?? { since: at }) });
  const neededMs = Math.max(expected.goal === 'whole' ? patience.steadyMs : 0, outliveMs(view, expected));
  const steadyAt = memory.steadySince === undefined ? Infinity : Math.max(memory.steadySince + neededMs, settledAt(disturbances, memory.disturbed));
  if (steadyAt <= at) return { memory, decision: { state: 'done', progress } };
  if (late) {
    const reached = describeProgress(view, completion, trouble, { at, since: at }).progress;
    return fail('deadline', `${view.target.ref} was not done in time: ${reached}${because(symptoms)}`, symptoms[0]);
  }
  const lasting = symptoms.filter(({ key }) => at - (memory.seen.get(key)?.first ?? at) >= worthAWarningMs);
  return wait(progress, memory, {
    suspects: lasting, rolledOut: completion.waitingFor === undefined,
    recheckAt: Math.min(steadyAt, nextAt, ...symptoms.flatMap((symptom) => [certainAt(symptom), warningAt(memory, symptom.key, at)])),
  });
}

/**
 * One crash is tolerated, and then only time tells it from a loop: a container that has ended since the change must live
 * for twice as long as it did before that, a minute at most, until it counts.
 */
function outliveMs(view: WorkloadView, expected: Expectation): number {
  const lives = view.newPods.flatMap((pod) => lastingStatuses(pod).flatMap((status) => {
    const restarts = (status.restartCount ?? 0) - (expected.restartsBefore.get(restartKey(pod, status.name)) ?? 0);
    const { startedAt = '', finishedAt = '' } = status.lastState?.terminated ?? {};
    const life = Date.parse(finishedAt) - Date.parse(startedAt);
    return restarts > 0 ? [Math.min(longestLifeMs, Number.isFinite(life) ? Math.max(shortestLifeMs, 2 * life) : shortestLifeMs)] : [];
  }));
  return Math.max(0, ...lives);
}

/** Of no container more is asked, ms. */
export const longestLifeMs = 60_000;
/** The API notes times in whole seconds, and a kubelet takes some to see that a container has ended. */
const shortestLifeMs = 5000;

/** When a symptom has lasted long enough to be told; Infinity once it has. */
function warningAt({ seen }: Memory, key: string, at: number): number {
  const due = (seen.get(key)?.first ?? at) + worthAWarningMs;
  return due > at ? due : Infinity;
}

const because = (symptoms: readonly Symptom[]): string => (symptoms[0] ? `; ${symptoms[0].message}` : '');

function supersededBy(view: WorkloadView, expected: Expectation): string | undefined {
  const { workload, target } = view;
  if (!workload) return `${target.ref} was deleted during the run`;
  if (uidOf(workload) !== target.uid) return `${target.ref} was deleted and made anew during the run`;
  if (isLeaving(workload)) return `${target.ref} is being deleted`;
  if ((workload.metadata?.generation ?? 0) < expected.generation) return undefined;
  // It is only held once its new ReplicaSet was seen; a paused Deployment makes no other one for a template that changed.
  if (expected.goal === 'first-wave' && workload.spec?.paused && view.replicaSet === undefined) {
    return `the pod template of ${target.ref} was changed by somebody else while its first wave was held`;
  }
  for (const { container } of containersOf(target.kind, workload)) {
    const wanted = expected.images.get(container.name ?? '');
    if (wanted !== undefined && container.image !== wanted) {
      return `container ${container.name} of ${target.ref} was set to ${container.image} by somebody else during the run`;
    }
  }
  return undefined;
}

function firstEndpointTrouble(view: WorkloadView, expected: Expectation, newPodsOfRun: ReadonlySet<string>): string | undefined {
  // Scaled to nothing during the run: nobody can be sent any traffic.
  if (view.workload && desiredReplicas(view.workload) === 0) return undefined;
  for (const service of expected.services) {
    const trouble = endpointTrouble(view, service, newPodsOfRun);
    if (trouble) return trouble;
  }
  return undefined;
}

interface Seen {
  readonly symptoms: readonly Symptom[];
  /** The controller has finished and the endpoints are right. */
  readonly steady: boolean;
  readonly doing: string | undefined;
  readonly disturbances: readonly Disturbance[];
  readonly wasHeld: boolean;
}

function remember(before: Memory, at: number, { symptoms, steady, doing, disturbances, wasHeld }: Seen): Memory {
  const present = new Set(symptoms.map(({ key }) => key));
  const unbroken = (key: string, last: number): boolean => (present.has(key) && last === before.lookedAt) || at - last < forgetAfterMs;
  const seen = new Map([...before.seen].filter(([key, { last }]) => unbroken(key, last)));
  for (const { key, follows = '' } of symptoms) {
    const followed = before.seen.get(follows);
    seen.set(key, { first: at, followedMs: followed ? at - followed.first : 0, ...seen.get(key), last: at });
  }
  return {
    seen, lookedAt: at, wasHeld,
    steadySince: steady ? (before.steadySince ?? at) : undefined,
    disturbed: new Map(disturbances.map((each) => [each.pod, noteDisturbance(each, before.disturbed, at, before.steadySince)])),
    doing: doing === undefined ? undefined : { what: doing, since: before.doing?.what === doing ? before.doing.since : at },
  };
}
