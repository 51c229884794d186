import { patienceMs } from '../../outcome/causes.js';
import { conditionOf, nameOf, uidOf, type KubeEvent, type Pod } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { unconfigured } from './container-config.js';
import { aboutContainer, declared, isSidecar, lastingStatuses } from './containers.js';
import { exiting } from './exits.js';
import { isCreating, newestStep, nothingCreated } from './pod-state.js';
import { probeAllowanceMs } from './probes.js';
import { classifyPull } from './pull.js';
import { type Symptom, type Subject, symptom, untilDeadline, oneLine, isReady } from './symptom.js';

type PodsView = Pick<WorkloadView, 'eventsOf' | 'newPods' | 'oldPods'>;

/** Everything wrong with one new pod. Pods that are terminating or have ended are not among the new pods. */
export function symptomsOfPod(pod: Pod, view: PodsView, expected: Subject['expected']): Symptom[] {
  // Its status is the last report of the node: https://kubernetes.io/docs/concepts/architecture/nodes/#condition
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
  const ofPod = [scheduling(pod, events), mounting(pod, events), sandboxing(pod, events), readying(pod, view)];
  return [...ofContainers, ...ofPod].filter((symptom) => symptom !== undefined);
}

const pullReasons = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'SignatureValidationFailed', 'ImageInspectError']);

function pulling(subject: Subject): Symptom | undefined {
  const waiting = subject.status.state?.waiting;
  const image = imageOf(subject.pod, subject.status.name);
  if (waiting?.reason === 'InvalidImageName') return symptom('image-name-invalid', subject, 0, `has an invalid image name: ${image}`);
  if (waiting?.reason === 'ErrImageNeverPull') {
    return symptom('image-name-invalid', subject, 0, `is not allowed to pull ${image} (imagePullPolicy: Never), and the node does not have it`);
  }
  // The event comes 0.7 s before the status shows it, and contains the message of the registry when the status only says "back-off".
  const words = lastPullFailure(subject.events, subject.status.name);
  const early = words !== undefined && (waiting?.reason === 'ContainerCreating' || waiting?.reason === 'PodInitializing');
  if (!waiting || !(pullReasons.has(waiting.reason ?? '') || early)) return undefined;
  const verdict = classifyPull(words ?? waiting.message ?? '', image);
  return symptom(verdict.cause, subject, verdict.patienceMs, `cannot pull ${image}: ${verdict.words}`);
}

const lastPullFailure = (events: readonly KubeEvent[], container: string | undefined): string | undefined =>
  events.filter((event) => event.reason === 'Failed' && event.message?.startsWith('Failed to pull image') && aboutContainer(event, container)).at(-1)?.message;

const imageOf = (pod: Pod, container: string | undefined): string => declared(pod, container)?.image ?? 'its image';

function configuring(subject: Subject): Symptom | undefined {
  const { reason, message } = subject.status.state?.waiting ?? {};
  if (reason === 'CreateContainerConfigError') return unconfigured(subject, message ?? reason);
  if (reason !== undefined && /^(CreateContainer|PreCreateHook|PreStartHook)Error$/.test(reason)) {
    return symptom('container-start', subject, patienceMs('container-start', 'longer'), `cannot be created: ${message ?? reason}`);
  }
  if (reason === undefined || isCreating(reason) || judgedElsewhere.has(reason)) return undefined;
  return symptom('deadline', subject, untilDeadline, `is waiting: ${reason}${message ? `: ${oneLine(message)}` : ''}`);
}

/** Reasons for which there are other rules. */
const judgedElsewhere = new Set([...pullReasons, 'InvalidImageName', 'ErrImageNeverPull', 'CrashLoopBackOff', 'RunContainerError', 'PostStartHookError']);

function scheduling(pod: Pod, events: readonly KubeEvent[]): Symptom | undefined {
  const scheduled = conditionOf(pod.status?.conditions, 'PodScheduled');
  if (scheduled?.status !== 'False' || scheduled.reason !== 'Unschedulable') return undefined;
  const growing = events.some((event) => event.reason === 'TriggeredScaleUp');
  return {
    key: `unschedulable ${uidOf(pod)}`, cause: 'unschedulable', patienceMs: patienceMs('unschedulable', growing ? 'longer' : 'usual'), pod,
    message: `pod ${nameOf(pod)} cannot be scheduled: ${scheduled.message ?? 'no reason given'}`,
  };
}

function mounting(pod: Pod, events: readonly KubeEvent[]): Symptom | undefined {
  const failed = nothingCreated(pod) ? newestStep(events) : undefined;
  if (failed?.reason !== 'FailedMount' && failed?.reason !== 'FailedAttachVolume') return undefined;
  if (/failed to sync (configmap|secret) cache/.test(failed.message ?? '')) return undefined;
  const missing = missingObject.test(failed.message ?? '');
  return {
    key: `volume-mount ${uidOf(pod)}`, cause: 'volume-mount', patienceMs: patienceMs('volume-mount', missing ? 'usual' : 'longer'), pod,
    message: `pod ${nameOf(pod)} cannot mount a volume: ${failed.message ?? 'no reason given'}`,
  };
}

/**
 * The object does not exist in the API server. Other things may only be missing for a while: on a node that was just added,
 * the driver of a volume registers itself after a minute or two.
 */
const missingObject = /\b(configmap|secret|persistentvolumeclaim)s? "[^"]*" not found|references non-existent/;

/** A network plugin that is being restarted looks the same as one without free addresses, but recovers by itself. */
function sandboxing(pod: Pod, events: readonly KubeEvent[]): Symptom | undefined {
  const failed = nothingCreated(pod) ? newestStep(events) : undefined;
  if (failed?.reason !== 'FailedCreatePodSandBox') return undefined;
  return {
    key: `sandbox ${uidOf(pod)}`, cause: 'container-start', patienceMs: patienceMs('container-start', 'longest'), pod,
    message: `node ${pod.spec?.nodeName} cannot create the sandbox of pod ${nameOf(pod)}: ${sandboxWords(failed.message)}`,
    hint: 'Check the network plugin and the container runtime of the node, and the RuntimeClass of the pod: they create the sandbox. No container of the new version has started.',
  };
}

/** The reason is at the end of the message. */
function sandboxWords(message = 'no reason given'): string {
  const words = message.replace(/\s+/g, ' ').trim().replace(/^Failed to create pod sandbox: (rpc error: code = \w+ desc = )?/, '');
  return words.length > 400 ? `…${words.slice(-400)}` : words;
}

function readying(pod: Pod, view: PodsView): Symptom | undefined {
  const statuses = lastingStatuses(pod);
  const allRun = statuses.length > 0 && statuses.every((status) => status.state?.running);
  if (!allRun || statuses.every((status) => status.ready) || isReady(pod)) return undefined;
  const unready = statuses.find((status) => !status.ready);
  const said = view.eventsOf(uidOf(pod)).filter((event) => event.reason === 'Unhealthy').at(-1)?.message;
  return {
    key: `not-ready ${uidOf(pod)}`, cause: 'not-ready', pod, container: unready?.name,
    patienceMs: Math.max(patienceMs('not-ready'), 2 * probeAllowanceMs(pod), 2 * slowestReadyMs([...view.newPods, ...view.oldPods])),
    message: `container ${unready?.name} of pod ${nameOf(pod)} runs but does not become ready${said ? `: ${oneLine(said)}` : ''}`,
  };
}

/** Longer than any start: a pod that became ready later than that has become ready again. */
const slowStartMs = 900_000;

/** How long the ready pods took to become ready, by the times of the API server: what is normal for this workload. */
function slowestReadyMs(pods: readonly Pod[]): number {
  const took = pods.filter(isReady).map((pod) => {
    const ready = Date.parse(conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '');
    const started = Math.max(...(pod.status?.containerStatuses ?? []).map((status) => Date.parse(status.state?.running?.startedAt ?? '')));
    // A pod that became ready again long after its start says nothing about the start.
    return ready - started >= 0 && ready - started < slowStartMs ? ready - started : 0;
  });
  return Math.max(0, ...took.filter(Number.isFinite));
}
