import { patienceMs, type Cause } from '../../outcome/causes.js';
import { isLeaving, uidOf, type Pod } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { containersOf, hasObserved, pausedByOthers, wantsNoPods } from '../observe/workload.js';
import { completionOf, endpointTrouble, isHeld, progressDeadlineExceeded } from './completion.js';
import { lastingStatuses } from './containers.js';
import { symptomsOfEnded } from './ended.js';
import type { Expectation } from './expectation.js';
import { blockingPods, symptomsOfLeaving } from './leaving.js';
import { symptomsOfOwner, unobserved } from './owner.js';
import { disturbancesOf, settledAt } from './disturbance.js';
import { remember, type Memory } from './memory.js';
import { describeProgress, describeReached, doingOf, soFar, type Doing, type Elapsed } from './progress.js';
import { restartKey, untilDeadline, type Symptom } from './symptom.js';
import { symptomsOfPod } from './symptoms.js';

export interface Patience {
  /** Monotonic ms at which the rollout has taken too long. */
  readonly deadlineAt: number;
  /** How long everything must have been healthy before it is done, ms: controllers and kube-proxy lag behind. */
  readonly steadyMs: number;
  /** Overrides of the table, ms. */
  readonly of?: Readonly<Partial<Record<Cause, number>>>;
}

/** Something to warn of, once for each key. */
export type Suspect = Pick<Symptom, 'key' | 'message'>;

interface Waiting {
  /** The controller has finished; the version is not verified yet. */
  readonly rolledOut: boolean;
  /** Look again then, even without news: monotonic ms. */
  readonly recheckAt: number;
  /** What has lasted long enough for a warning, but not for a failure. */
  readonly suspects: readonly Suspect[];
}

export type Decision =
  | ({ readonly state: 'wait'; readonly progress: string } & Waiting)
  | { readonly state: 'done'; readonly progress: string }
  | { readonly state: 'failed'; readonly cause: Cause; readonly message: string; readonly pod?: Pod; readonly container?: string; readonly hint?: string };

/** All workloads of a run, seen as one. */
export interface WholeRun {
  /** uids of the pods that are allowed to serve in the end: the new ones, and those that a partition keeps. */
  readonly newPods: ReadonlySet<string>;
  /** The controllers have finished with every workload. */
  readonly rolledOut: boolean;
}

/** The views of all workloads of a run, seen as one. */
export const wholeRun = (all: readonly { readonly view: WorkloadView; readonly expected: Expectation }[]): WholeRun => ({
  newPods: new Set(all.flatMap(({ view }) => [...view.newPods, ...view.keptPods].map(uidOf))),
  rolledOut: all.every(({ view, expected }) => isTakenUp(view, expected) && completionOf(view, expected.goal).waitingFor === undefined),
});

/** Whether the controller has observed the change; an older status is outdated. */
const isTakenUp = ({ workload }: WorkloadView, { generation }: Expectation): boolean =>
  workload !== undefined && (workload.metadata?.generation ?? 0) >= generation && hasObserved(workload, generation);

/** A symptom that lasts as long as that is reported in a warning. */
const worthAWarningMs = 15_000;

/** One workload at one moment, and what it is judged by. */
interface Look {
  readonly view: WorkloadView;
  readonly expected: Expectation;
  readonly before: Memory;
  /** Monotonic ms. */
  readonly at: number;
  readonly patience: Patience;
  readonly run: WholeRun;
}

interface Judged {
  readonly decision: Decision;
  readonly memory: Memory;
}

/**
 * Looks at one workload at one moment. Pure: the same view, memory and time give the same decision.
 * @param run the other workloads of the run, for Services that select their pods too
 */
export function judge(view: WorkloadView, expected: Expectation, before: Memory, at: number, patience: Patience, run: WholeRun): Judged {
  const look: Look = { view, expected, before, at, patience, run };
  const usurped = supersededBy(view, expected);
  if (usurped) return fail(look, 'superseded', usurped);
  return isTakenUp(view, expected) ? judgeRollout(look) : judgeUnobserved(look);
}

const fail = ({ before }: Look, cause: Cause, message: string, from?: Pick<Symptom, 'pod' | 'container' | 'hint'>): Judged => ({
  memory: before, decision: { state: 'failed', cause, message, pod: from?.pod, container: from?.container, hint: from?.hint },
});

const wait = ({ patience }: Look, memory: Memory, progress: string, { recheckAt, ...waiting }: Waiting): Judged =>
  ({ memory, decision: { state: 'wait', progress, ...waiting, recheckAt: Math.min(patience.deadlineAt, recheckAt) } });

/** Until the controller has observed the change there are no new pods: only the workload itself can show a problem. */
function judgeUnobserved(look: Look): Judged {
  const { view, expected, before, at, patience } = look;
  const refused = symptomsOfOwner(view, expected);
  const symptoms = refused.length > 0 ? refused : [unobserved(view)];
  const wasHeld = before.wasHeld === true || isHeld(view);
  const memory = remember(before, at, { symptoms, steady: false, doing: undefined, disturbances: [], wasHeld });
  const certain = certainOf(look, memory, symptoms);
  if (certain) return fail(look, certain.cause, certain.message, certain);
  const messages = symptoms.map(({ message }) => message).join('; ');
  if (at >= patience.deadlineAt) return fail(look, 'deadline', refused.length > 0 ? `${view.of.ref} did not finish in time: ${messages}` : messages, symptoms[0]);
  return wait(look, memory, 'waiting for the controller', heldUpBy(look, memory, symptoms, undefined));
}

function judgeRollout(look: Look): Judged {
  const { view, expected, before, at, patience, run } = look;
  const symptoms = symptomsOf(look);
  const wasHeld = before.wasHeld === true || isHeld(view);
  const completion = completionOf(view, expected.goal, wasHeld);
  const { waitingFor } = completion;
  if (waitingFor !== undefined && expected.goal !== 'first-wave' && pausedByOthers(view.workload ?? {})) return fail(look, 'superseded', `${view.of.ref} was paused by someone else during the run: ${waitingFor}`);
  const trouble = waitingFor === undefined && expected.goal === 'whole' ? firstEndpointTrouble(view, expected, run.newPods) : undefined;
  // Until the other workloads are rolled out, their old pods may serve, or none.
  if (trouble && run.rolledOut) symptoms.push({ key: 'wrong-version-serving', cause: 'wrong-version-serving', patienceMs: patienceMs('wrong-version-serving'), message: trouble });

  const disturbances = disturbancesOf(view);
  const doing = waitingFor === undefined ? undefined : doingOf(view, expected, waitingFor, at);
  const memory = remember(before, at, { symptoms, steady: waitingFor === undefined && trouble === undefined, doing, disturbances, wasHeld });
  const elapsed: Elapsed = { at, since: sinceOf(doing, memory, at) };
  const failed = certainOf(look, memory, symptoms) ?? givenUp(look, symptoms[0], doing, elapsed);
  if (failed) return fail(look, failed.cause, failed.message, failed);
  const { progress, nextAt } = describeProgress(completion, doing, trouble, elapsed, expected.goal);
  const neededMs = Math.max(expected.goal === 'whole' ? patience.steadyMs : 0, outliveMs(view, expected));
  const steadyAt = memory.steadySince === undefined ? Infinity : Math.max(memory.steadySince + neededMs, settledAt(disturbances, memory.disturbed));
  if (steadyAt <= at) return { memory, decision: { state: 'done', progress } };
  if (at >= patience.deadlineAt) {
    const reached = `${view.of.ref} did not finish in time: ${describeReached(completion, doing, trouble, elapsed)}`;
    return fail(look, 'deadline', withReason(reached, symptoms[0]?.message), symptoms[0] ?? doing);
  }
  const heldUp = heldUpBy(look, memory, symptoms, doing);
  return wait(look, memory, progress, { ...heldUp, rolledOut: waitingFor === undefined, recheckAt: Math.min(steadyAt, nextAt, heldUp.recheckAt) });
}

type Failed = Pick<Symptom, 'cause' | 'message' | 'pod' | 'container' | 'hint'>;

/** Kubernetes itself gave up on the change. */
function givenUp({ view, expected }: Look, worst: Symptom | undefined, doing: Doing | undefined, { at, since }: Elapsed): Failed | undefined {
  const exceeded = progressDeadlineExceeded(view, expected.progressBefore);
  if (!exceeded) return undefined;
  const { pod, container, hint } = worst ?? doing ?? {};
  const waited = doing?.pod ? soFar(doing, { at, since }) : undefined;
  return { cause: 'deadline', message: withReason(`Kubernetes gave up on ${view.of.ref}: ${exceeded}`, worst?.message ?? waited), pod, container, hint };
}

const sinceOf = (doing: Doing | undefined, memory: Memory, at: number): number => doing?.since ?? memory.doing?.since ?? at;

/** Everything wrong with the new pods and their owner. Symptoms that can become certain come before those that are only reported. */
const symptomsOf = ({ view, expected, at }: Look): Symptom[] => [
  ...symptomsOfOwner(view, expected), ...symptomsOfEnded(view, expected), ...symptomsOfLeaving(view, at),
  ...view.newPods.flatMap((pod) => symptomsOfPod(pod, view, expected)),
].sort((a, b) => Number(a.patienceMs === untilDeadline) - Number(b.patienceMs === untilDeadline) || (a.key < b.key ? -1 : 1));

/** When a symptom is certain, monotonic ms. */
function certainAt({ at, patience }: Look, { seen }: Memory, { key, cause, patienceMs: usualMs }: Symptom): number {
  const { first, followedMs } = seen.get(key) ?? { first: at, followedMs: 0 };
  return usualMs === untilDeadline ? untilDeadline : first + (patience.of?.[cause] ?? usualMs) + followedMs;
}

/** The symptom that has been certain for longest. */
const certainOf = (look: Look, memory: Memory, symptoms: readonly Symptom[]): Symptom | undefined =>
  symptoms.map((symptom) => ({ symptom, due: certainAt(look, memory, symptom) })).filter(({ due }) => due <= look.at)
    .sort((a, b) => a.due - b.due || (a.symptom.key < b.symptom.key ? -1 : 1))[0]?.symptom;

/** What has lasted long enough for a warning, and when the next warning is due. */
function heldUpBy(look: Look, memory: Memory, symptoms: readonly Symptom[], doing: Doing | undefined): Waiting {
  const { view, at, patience } = look;
  const told = symptoms.map((symptom) => ({ suspect: symptom, due: (memory.seen.get(symptom.key)?.first ?? at) + (symptom.warnAfterMs ?? worthAWarningMs) }));
  const since = sinceOf(doing, memory, at);
  // The state of a pod is only reported if it has no symptom, which would say more.
  const waited = doing && symptoms.length === 0 && Number.isFinite(doing.warnAfterMs) ? [{
    suspect: { key: `waiting ${doing.what}`, message: `${view.of.ref} waits: ${doing.lasting(at - since)}` },
    due: since + Math.min(doing.warnAfterMs, (patience.deadlineAt - since) / 2),
  }] : [];
  const all = [...told, ...waited];
  const dues = [
    ...all.map(({ due }) => due), ...symptoms.map((symptom) => certainAt(look, memory, symptom)), ...blockingPods(view, at).map(({ overdueAt }) => overdueAt),
  ];
  const suspects = all.filter(({ due }) => due <= at).map(({ suspect }) => suspect);
  return { suspects, rolledOut: false, recheckAt: Math.min(Infinity, ...dues.filter((due) => due > at)) };
}

const withReason = (text: string, reason: string | undefined): string => (reason === undefined || text.includes(reason) ? text : `${text}; ${reason}`);

/**
 * One crash is tolerated, and then only time distinguishes it from a loop: a container that has exited since the change
 * must run twice as long as it did before, but at most a minute, until it counts.
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

/** No container has to run longer, ms. */
export const longestLifeMs = 60_000;
/** The API stores times in whole seconds, and a kubelet takes some to see that a container has exited. */
const shortestLifeMs = 5000;

function supersededBy(view: WorkloadView, expected: Expectation): string | undefined {
  const { workload, of: target } = view;
  if (!workload) return `${target.ref} was deleted during the run`;
  if (uidOf(workload) !== target.uid) return `${target.ref} was deleted and recreated during the run`;
  if (isLeaving(workload)) return `${target.ref} is being deleted`;
  if ((workload.metadata?.generation ?? 0) < expected.generation) return undefined;
  // It is only paused once its new ReplicaSet was seen, and a paused Deployment creates no ReplicaSet for a changed template.
  if (expected.goal === 'first-wave' && workload.spec?.paused && view.replicaSet === undefined) {
    return `the pod template of ${target.ref} was changed by someone else while it was paused at its first pods`;
  }
  for (const { container } of containersOf(target.kind, workload)) {
    const wanted = expected.images.get(container.name ?? '');
    if (wanted !== undefined && container.image !== wanted) {
      return `container ${container.name} of ${target.ref} was set to ${container.image} by someone else during the run`;
    }
  }
  return undefined;
}

function firstEndpointTrouble(view: WorkloadView, expected: Expectation, newPodsOfRun: ReadonlySet<string>): string | undefined {
  // No pod of it is wanted, so no endpoint is expected.
  if (view.workload && wantsNoPods(view.of.kind, view.workload)) return undefined;
  for (const service of expected.services) {
    const trouble = endpointTrouble(view, service, newPodsOfRun);
    if (trouble) return trouble;
  }
  return undefined;
}
