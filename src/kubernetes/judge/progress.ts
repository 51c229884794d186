import { nameOf, statusesOf, uidOf, type Pod } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { awaitedPod } from './awaited.js';
import type { Completion } from './completion.js';
import { lastEnded } from './ended.js';
import type { Expectation, Goal } from './expectation.js';
import { blockingPods, describeLeaving, describeOverdue } from './leaving.js';
import { podStates } from './pod-states.js';
import { stateOf } from './pod-state.js';
import { isReady } from './symptom.js';

/** What a rollout waits for at this moment. */
export interface Doing {
  /** Stays the same as long as the same thing is waited for. */
  readonly what: string;
  /** The same with how long it has lasted, ms. */
  readonly lasting: (ms: number) => string;
  /** Monotonic ms since when; undefined: since it was first seen. */
  readonly since?: number;
  /** Undefined: the controller is waited for. */
  readonly pod?: Pod;
  readonly container?: string;
  /** Longest time until a warning names it, ms. */
  readonly warnAfterMs: number;
  readonly hint?: string;
}

/**
 * What the first new pod that is not ready is doing, how the pods before it ended, or which old pod has to terminate first;
 * otherwise what the controller has not done yet.
 */
export function doingOf(view: WorkloadView, expected: Expectation, waitingFor: string, at: number): Doing {
  const busy = view.newPods.find((pod) => !isReady(pod));
  const ended = lastEnded(view, expected);
  // Pods are created and end in a row: none of them runs long enough to show more.
  if (ended && (!busy || statusesOf(busy).length === 0)) {
    const what = `new pods end in phase ${ended.status?.phase} (${ended.status?.reason ?? 'no reason given'})`;
    return { what, lasting: (ms) => `${what} for ${Math.floor(ms / 1000)} s`, pod: ended, warnAfterMs: 15_000 };
  }
  if (busy) {
    const { name, words, lasting, container } = stateOf(busy, view.eventsOf(uidOf(busy)));
    const { warnAfterSeconds, hint } = podStates[name];
    const of = (text: string): string => `${nameOf(busy)} ${text}`;
    return { what: of(words), lasting: (ms) => of(lasting(Math.floor(ms / 1000))), pod: busy, container, warnAfterMs: 1000 * warnAfterSeconds, hint };
  }
  const leaving = blockingPods(view, at)[0];
  if (!leaving) return earlierPod(view) ?? controllerWaits(view, waitingFor);
  const what = describeLeaving(leaving);
  // Once it is overdue, a symptom reports it.
  const lasting = (ms: number): string => (leaving.overdueAt <= at ? describeOverdue(view, leaving.pod, Math.max(ms, leaving.overdueAt - leaving.since)) : `${what} for ${Math.floor(ms / 1000)} s`);
  return { what, lasting, since: leaving.since, pod: leaving.pod, warnAfterMs: Infinity };
}

/** A pod of an earlier template that the controller waits for and never replaces. */
function earlierPod(view: WorkloadView): Doing | undefined {
  const pod = awaitedPod(view);
  if (!pod) return undefined;
  const { name, words, lasting, container } = stateOf(pod, view.eventsOf(uidOf(pod)));
  const of = (text: string): string => `${nameOf(pod)} of another version: ${text}`;
  return {
    what: of(words), lasting: (ms) => of(lasting(Math.floor(ms / 1000))), pod, container, warnAfterMs: 1000 * podStates[name].warnAfterSeconds,
    hint: `The controller waits for pod ${nameOf(pod)} to become ready before it replaces it: fix what the pod waits for, or delete it (\`kubectl delete pod ${nameOf(pod)}\`).`,
  };
}

/** Every existing pod is ready: the controller has to create the next ones, or waits for minReadySeconds. */
function controllerWaits({ workload }: WorkloadView, waitingFor: string): Doing {
  const minReadySeconds = workload?.spec?.minReadySeconds ?? 0;
  const what = minReadySeconds > 0 ? `${waitingFor} (minReadySeconds is ${minReadySeconds})` : waitingFor;
  return { what, lasting: (ms) => `${what} for ${Math.floor(ms / 1000)} s`, warnAfterMs: controllerWarnsAfterMs + 1000 * minReadySeconds };
}

const controllerWarnsAfterMs = 60_000;

/** Seconds after which a progress line says how long the same thing has lasted. */
const steps = [4, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

/** Since when the same thing has lasted, and now. Monotonic ms. */
export interface Elapsed {
  readonly at: number;
  readonly since: number;
}

/** The state of a rollout in one line, and when the line changes next without any news (monotonic ms). */
export function describeProgress(
  completion: Completion, doing: Doing | undefined, trouble: string | undefined, { at, since }: Elapsed, goal: Goal,
): { readonly progress: string; readonly nextAt: number } {
  // Their number is not that of the replicas: `1/1 ready` before `1/3 ready` would look like a step back.
  const head = `${goal === 'first-wave' ? 'first pods ' : ''}${completion.ready}/${completion.desired} ready`;
  if (doing === undefined) return { progress: trouble ? `${head} · ${trouble}` : head, nextAt: Infinity };
  const lasting = steps.filter((seconds) => at - since >= seconds * 1000).at(-1);
  const next = steps.find((seconds) => at - since < seconds * 1000);
  return { progress: `${head} · ${lasting === undefined ? doing.what : doing.lasting(lasting * 1000)}`, nextAt: next === undefined ? Infinity : since + next * 1000 };
}

/** What is waited for, and for how long, to the second. */
export const soFar = (doing: Doing, { at, since }: Elapsed): string => (at - since < 1000 ? doing.what : doing.lasting(at - since));

/** The state of a rollout at its end. */
export function describeReached(completion: Completion, doing: Doing | undefined, trouble: string | undefined, elapsed: Elapsed): string {
  const head = `${completion.ready}/${completion.desired} ready`;
  const rest = doing ? soFar(doing, elapsed) : trouble;
  return rest === undefined ? head : `${head} · ${rest}`;
}
