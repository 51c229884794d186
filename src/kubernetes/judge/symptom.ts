import type { Cause } from '../../outcome/causes.js';
import { type Pod, type ContainerStatus, type KubeEvent, uidOf, nameOf, conditionOf } from '../client/objects.js';
import type { Expectation } from './expectation.js';

/** Something wrong that is seen now, and how long it must last before it is a failure. */
export interface Symptom {
  /** The same trouble of the same thing has the same key, however its words change. */
  readonly key: string;
  readonly cause: Cause;
  /** Time for which it must last; 0: certain at once. */
  readonly patienceMs: number;
  /** What is wrong with what, in one sentence without a full stop. */
  readonly message: string;
  /** The pod and container that the evidence is gathered from. */
  readonly pod?: Pod;
  readonly container?: string;
  /**
   * Key of the trouble that this one goes on from. Controllers try again after pauses that double, so that the end of the
   * first may show only after as long again as it lasted.
   */
  readonly follows?: string;
  /** What to do about this very reason; the hint of the cause unless it is given. */
  readonly hint?: string;
  /** ms after which it is told of, 15 s unless it is given. */
  readonly warnAfterMs?: number;
}

/** Patience with what is no failure by itself, however long it lasts: it is told of, and named when the deadline comes. */
export const untilDeadline = Infinity;

/** One container of one new pod, with everything that is known of it. */
export interface Subject {
  readonly pod: Pod;
  readonly status: ContainerStatus;
  readonly init: boolean;
  readonly events: readonly KubeEvent[];
  readonly expected: Expectation;
}

export const symptom = (cause: Cause, { pod, status }: Subject, patienceMs: number, message: string): Symptom => ({
  key: `${cause} ${uidOf(pod)} ${status.name ?? ''}`, cause, patienceMs, message: `container ${status.name} of pod ${nameOf(pod)} ${message}`, pod, container: status.name,
});

export const restartKey = (pod: Pod, container: string | undefined): string => `${uidOf(pod)}/${container ?? ''}`;

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 400);

/** What happens again is the same event in a later version. */
export const occurrenceOf = (event: KubeEvent): string => `${uidOf(event)} ${event.metadata?.resourceVersion ?? ''}`;
