import type { Cause } from '../../outcome/causes.js';
import { type Pod, type ContainerStatus, type KubeEvent, uidOf, nameOf, conditionOf } from '../client/objects.js';
import type { Expectation } from './expectation.js';

/** A problem that is seen now, and how long it must last before it is a failure. */
export interface Symptom {
  /** Identifies the problem and the object, independent of the message. */
  readonly key: string;
  readonly cause: Cause;
  /** Time for which it must last; 0: certain at once. */
  readonly patienceMs: number;
  /** The object and the problem, in one sentence without a full stop. */
  readonly message: string;
  /** The pod and container that the evidence is gathered from. */
  readonly pod?: Pod;
  readonly container?: string;
  /**
   * Key of the symptom that this one follows. Controllers retry after pauses that double, so the end of the first may show
   * only after twice its duration.
   */
  readonly follows?: string;
  /** What to do about this particular reason; the hint of the cause unless given. */
  readonly hint?: string;
  /** After how many ms a warning reports it; 15 s unless given. */
  readonly warnAfterMs?: number;
}

/** Patience with what is not a failure by itself, however long it lasts: it is reported, and named at the deadline. */
export const untilDeadline = Infinity;

/** One container of one new pod, with everything that is known of it. */
export interface Subject {
  readonly pod: Pod;
  readonly status: ContainerStatus;
  readonly init: boolean;
  readonly events: readonly KubeEvent[];
  readonly expected: Pick<Expectation, 'restartsBefore'>;
}

export const symptom = (cause: Cause, { pod, status }: Subject, patienceMs: number, message: string): Symptom => ({
  key: `${cause} ${uidOf(pod)} ${status.name ?? ''}`, cause, patienceMs, message: `container ${status.name} of pod ${nameOf(pod)} ${message}`, pod, container: status.name,
});

export const restartKey = (pod: Pod, container: string | undefined): string => `${uidOf(pod)}/${container ?? ''}`;

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 400);

/** Identifies one occurrence: an event that happens again is the same object in a later version. */
export const occurrenceOf = (event: KubeEvent): string => `${uidOf(event)} ${event.metadata?.resourceVersion ?? ''}`;
