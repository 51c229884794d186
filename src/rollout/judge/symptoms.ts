import { patienceMs, type Cause } from '../../outcome/causes.js';
import { conditionOf, nameOf, statusesOf, uidOf, type Condition, type Container, type ContainerStatus, type KubeEvent, type Pod } from '../../cluster/objects.js';
import type { WorkloadView } from '../world.js';
import type { Expectation } from './expectation.js';
import { exiting } from './exits.js';
import { probeAllowanceMs } from './probes.js';
import { classifyPull } from './pull.js';

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
}

/** Everything wrong with one new pod. Pods that are being deleted or have ended are no new pods, and never asked. */
export function symptomsOfPod(pod: Pod, view: WorkloadView, expected: Expectation): Symptom[] {
  // Its status is what the node said last: https://kubernetes.io/docs/concepts/architecture/nodes/#condition
  if (pod.status?.reason === 'NodeLost') return [];
  const events = view.eventsOf(uidOf(pod));
  const statuses = [
    ...(pod.status?.initContainerStatuses ?? []).map((status) => ({ status, init: !isSidecar(pod, status) })),
    ...(pod.status?.containerStatuses ?? []).map((status) => ({ status, init: false })),
  ];
  const ofContainers = statuses.flatMap(({ status, init }) => {
    const subject: Subject = { pod, status, init, events, expected };
    return [pulling(subject), configuring(subject), exiting(subject)].filter((symptom) => symptom !== undefined);
  });
  const ofPod = [scheduling(pod, events), mounting(pod, events), readying(pod, view)];
  return [...ofContainers, ...ofPod].filter((symptom) => symptom !== undefined);
}

/** One container of one new pod, with everything that is known of it. */
export interface Subject {
  readonly pod: Pod;
  readonly status: ContainerStatus;
  readonly init: boolean;
  readonly events: readonly KubeEvent[];
  readonly expected: Expectation;
}

const isSidecar = (pod: Pod, status: ContainerStatus): boolean => declared(pod, status.name)?.restartPolicy === 'Always';

/**
 * Of the containers that run for as long as the pod does, and must be ready for it to be: sidecars are init containers
 * that do not end. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export const lastingStatuses = (pod: Pod): readonly ContainerStatus[] =>
  [...(pod.status?.initContainerStatuses ?? []).filter((status) => isSidecar(pod, status)), ...(pod.status?.containerStatuses ?? [])];

export const symptom = (cause: Cause, { pod, status }: Subject, patienceMs: number, message: string): Symptom => ({
  key: `${cause} ${uidOf(pod)} ${status.name ?? ''}`, cause, patienceMs, message: `container ${status.name} of pod ${nameOf(pod)} ${message}`, pod, container: status.name,
});

const pullReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'SignatureValidationFailed', 'ImageInspectError']);

function pulling(subject: Subject): Symptom | undefined {
  const waiting = subject.status.state?.waiting;
  const image = imageOf(subject.pod, subject.status.name);
  if (waiting?.reason === 'InvalidImageName') return symptom('image-name-invalid', subject, 0, `has an image name that the node does not accept: ${image}`);
  if (waiting?.reason === 'ErrImageNeverPull') {
    return symptom('image-name-invalid', subject, 0, `may not pull ${image} (imagePullPolicy: Never) and the node does not have it`);
  }
  // The event comes 0.7 s before the status shows it, and keeps the registry's words when the status only says "back-off".
  const words = lastPullFailure(subject.events, subject.status.name);
  const early = words !== undefined && (waiting?.reason === 'ContainerCreating' || waiting?.reason === 'PodInitializing');
  if (!waiting || !(pullReasons.has(waiting.reason ?? '') || early)) return undefined;
  const verdict = classifyPull(words ?? waiting.message ?? '', image);
  return symptom(verdict.cause, subject, verdict.patienceMs, `cannot pull ${image}: ${verdict.words}`);
}

function lastPullFailure(events: readonly KubeEvent[], container: string | undefined): string | undefined {
  const about = `{${container}}`;
  return events.filter((event) => event.reason === 'Failed' && event.message?.startsWith('Failed to pull image') && (event.involvedObject?.fieldPath ?? about).endsWith(about)).at(-1)?.message;
}

const imageOf = (pod: Pod, container: string | undefined): string => declared(pod, container)?.image ?? 'its image';

function configuring(subject: Subject): Symptom | undefined {
  const waiting = subject.status.state?.waiting;
  if (waiting?.reason === 'CreateContainerError') return symptom('container-start', subject, patienceMs('container-start', 'longer'), `cannot be made: ${waiting.message ?? waiting.reason}`);
  if (waiting?.reason !== 'CreateContainerConfigError') return undefined;
  // The kubelet's own cache being late looks the same, and mends itself: kubernetes/kubernetes#74412.
  if (/failed to sync (configmap|secret) cache/.test(waiting.message ?? '')) return undefined;
  return symptom('container-config', subject, patienceMs('container-config'), `cannot be configured: ${waiting.message ?? waiting.reason}`);
}

export const restartKey = (pod: Pod, container: string | undefined): string => `${uidOf(pod)}/${container ?? ''}`;

function scheduling(pod: Pod, events: readonly KubeEvent[]): Symptom | undefined {
  const scheduled = conditionOf(pod.status?.conditions, 'PodScheduled');
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined;
  const growing = events.some((event) => event.reason === 'TriggeredScaleUp');
  return {
    key: `unschedulable ${uidOf(pod)}`, cause: 'unschedulable', patienceMs: patienceMs('unschedulable', growing ? 'longer' : 'usual'), pod,
    message: `pod ${nameOf(pod)} fits on no node: ${scheduled.message ?? 'no reason given'}`,
  };
}

function mounting(pod: Pod, events: readonly KubeEvent[]): Symptom | undefined {
  const relevant = events.filter((event) => mountEvents.test(event.reason ?? ''));
  const failed = relevant.at(-1);
  if (failed?.reason !== 'FailedMount' && failed?.reason !== 'FailedAttachVolume') return undefined;
  if (mounted(pod) || /failed to sync (configmap|secret) cache/.test(failed.message ?? '')) return undefined;
  const missing = missingObject.test(failed.message ?? '');
  return {
    key: `volume-mount ${uidOf(pod)}`, cause: 'volume-mount', patienceMs: patienceMs('volume-mount', missing ? 'usual' : 'longer'), pod,
    message: `pod ${nameOf(pod)} cannot mount a volume: ${failed.message ?? 'no reason given'}`,
  };
}

/**
 * The API server has no such object. Other things are not found for a while only: the driver of a volume registers
 * itself on a node that was just added after a minute or two.
 */
const missingObject = /\b(configmap|secret|persistentvolumeclaim)s? "[^"]*" not found|references non-existent/;

/** What only comes after every volume is mounted makes an earlier failure yesterday's. */
const mountEvents = /^(FailedMount|FailedAttachVolume|Pulling|Pulled|Created|Started)$/;

const mounted = (pod: Pod): boolean =>
  statusesOf(pod).some(({ state, lastState }) =>
    (state?.running ?? state?.terminated ?? lastState?.terminated) !== undefined || !/^(ContainerCreating|PodInitializing)?$/.test(state?.waiting?.reason ?? ''));

function readying(pod: Pod, view: WorkloadView): Symptom | undefined {
  const statuses = lastingStatuses(pod);
  const allRun = statuses.length > 0 && statuses.every((status) => status.state?.running);
  if (!allRun || statuses.every((status) => status.ready) || isReady(pod)) return undefined;
  const unready = statuses.find((status) => !status.ready);
  const said = view.eventsOf(uidOf(pod)).filter((event) => event.reason === 'Unhealthy').at(-1)?.message;
  return {
    key: `not-ready ${uidOf(pod)}`, cause: 'not-ready', pod, container: unready?.name,
    patienceMs: Math.max(patienceMs('not-ready'), 2 * probeAllowanceMs(pod), 2 * slowestReadyMs([...view.newPods, ...view.oldPods])),
    message: `container ${unready?.name} of pod ${nameOf(pod)} runs and does not become ready${said ? `: ${oneLine(said)}` : ''}`,
  };
}

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';

/** Longer than any start: a pod that became ready later than that had been ready before. */
const slowStartMs = 900_000;

/** How long the pods that are ready took for it, by the server's own times: what is normal for this workload. */
function slowestReadyMs(pods: readonly Pod[]): number {
  const took = pods.filter(isReady).map((pod) => {
    const ready = Date.parse(conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '');
    const started = Math.max(...(pod.status?.containerStatuses ?? []).map((status) => Date.parse(status.state?.running?.startedAt ?? '')));
    // A pod that became ready again long after its start says nothing of starting.
    return ready - started >= 0 && ready - started < slowStartMs ? ready - started : 0;
  });
  return Math.max(0, ...took.filter(Number.isFinite));
}

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 400);

/** Pods that could not even be made: quota, admission. Seen on the ReplicaSet's condition, or in events of the owner. */
export function symptomsOfOwner(view: WorkloadView, expected: Expectation): Symptom[] {
  // A Deployment copies the failure of any of its ReplicaSets: once the new one is there, only its own counts.
  const conditions = view.target.kind === 'deployment' && view.replicaSet ? view.replicaSet.status?.conditions : view.workload?.status?.conditions;
  const failure: Condition | undefined = conditions?.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True');
  const words = failure?.message ?? (view.target.kind === 'deployment' ? undefined : lastFailedCreate(view, expected));
  if (words === undefined) return [];
  const cause: Cause = /exceeded quota/.test(words) ? 'quota-exceeded' : 'admission-denied';
  const isLeaving = cause === 'quota-exceeded' && view.leavingPods.length > 0;
  const which = isLeaving || (cause === 'admission-denied' && webhookIsLate(words)) ? 'longer' : 'usual';
  // Once the last pod on its way out has gone there is room, and the time counts from then on.
  const whileLeaving = `${cause} ${view.target.ref} while pods leave`;
  const key = isLeaving ? whileLeaving : `${cause} ${view.target.ref}`;
  return [{ key, follows: isLeaving ? undefined : whileLeaving, cause, patienceMs: patienceMs(cause, which), message: `new pods of ${view.target.ref} cannot be made: ${oneLine(words)}` }];
}

const webhookIsLate = (words: string): boolean =>
  /failed calling webhook/.test(words) && /deadline exceeded|timeout|connection refused|no endpoints/i.test(words);

/** StatefulSets and DaemonSets have no condition for it: the newest event counts, unless a pod was made after it. */
function lastFailedCreate(view: WorkloadView, expected: Expectation): string | undefined {
  const events = view.eventsOf(view.target.uid).filter((event) => event.reason === 'FailedCreate' || event.reason === 'SuccessfulCreate');
  const last = events.at(-1);
  return last?.reason === 'FailedCreate' && !expected.eventsBefore.has(occurrenceOf(last)) ? last.message : undefined;
}

/** What happens again is the same event in a later version. */
export const occurrenceOf = (event: KubeEvent): string => `${uidOf(event)} ${event.metadata?.resourceVersion ?? ''}`;

/** The container as the pod declares it, by name: no two have the same, init containers included. */
export const declared = (pod: Pod, name: string | undefined): Container | undefined =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((container) => container.name === name);
