import { conditionOf, statusesOf, type Condition, type ContainerStatus, type KubeEvent, type Pod } from '../client/objects.js';
import { aboutContainer, declared, isSidecar, lastingStatuses } from './containers.js';
import type { PodStateName } from './pod-states.js';

/** What a pod that is not ready is doing. */
export interface PodState {
  readonly name: PodStateName;
  /** As in the progress line, without the name of the pod. */
  readonly words: string;
  /** The same with how long it has been going on. */
  readonly lasting: (seconds: number) => string;
  /** The container that is waited for: its log is shown as evidence. */
  readonly container?: string;
}

/** The state of a pod that is not ready, by its own status and its events. Every pod has one. */
export const stateOf = (pod: Pod, events: readonly KubeEvent[]): PodState =>
  lost(pod, events) ?? troubled(pod) ?? unscheduled(pod) ?? starting(pod, events) ?? initializing(pod, events) ?? creating(pod, events) ?? unready(pod);

function state(name: PodStateName, words: string, container?: string): PodState {
  return { name, words, container, lasting: (seconds) => `${words} for ${seconds} s` };
}

/**
 * The node lifecycle controller sets a pod to not ready when its node does not report, and leaves the state of its
 * containers as it was. Only readiness gates have the same effect.
 * https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 */
export const onLostNode = (pod: Pod): boolean =>
  conditionOf(pod.status?.conditions, 'Ready')?.status === 'False' && conditionOf(pod.status?.conditions, 'ContainersReady')?.status === 'True' &&
  !pod.spec?.readinessGates?.length;

/** Whether the node of a pod does not report, by any sign of it. */
export const isNodeLost = (pod: Pod, events: readonly KubeEvent[]): boolean =>
  pod.status?.reason === 'NodeLost' || pod.status?.phase === 'Unknown' || onLostNode(pod) || events.at(-1)?.reason === 'NodeNotReady';

const nodeOf = (pod: Pod): string => `node ${pod.spec?.nodeName ?? '(unnamed)'}`;

function lost(pod: Pod, events: readonly KubeEvent[]): PodState | undefined {
  if (isNodeLost(pod, events)) return state('node-lost', `${nodeOf(pod)} does not report`);
  const disruption = conditionOf(pod.status?.conditions, 'DisruptionTarget');
  return disruption?.status === 'True' ? state('disrupted', `about to be terminated: ${disruption.message ?? disruption.reason ?? 'no reason given'}`) : undefined;
}

export const isCreating = (reason: string | undefined): boolean => /^(ContainerCreating|PodInitializing)?$/.test(reason ?? '');

function troubled(pod: Pod): PodState | undefined {
  const lasting = new Set(lastingStatuses(pod));
  return statusesOf(pod).map((status) => troubleOf(status, lasting.has(status))).find((each) => each !== undefined);
}

function troubleOf({ name = '', ready, state: now, restartCount }: ContainerStatus, lasts: boolean): PodState | undefined {
  if (now?.waiting && !isCreating(now.waiting.reason)) return state('container-waiting', `${now.waiting.reason} (${name})`, name);
  const { terminated } = now ?? {};
  if (terminated && terminated.exitCode !== 0) return state('crashed', `crashed with exit code ${terminated.exitCode ?? 'unknown'} (${name})`, name);
  if (terminated && lasts) return state('exited', `exited with exit code 0 (${name})`, name);
  return restartCount && now?.running && !ready ? state('restarted', `restarted (${name})`, name) : undefined;
}

function unscheduled(pod: Pod): PodState | undefined {
  const scheduled = conditionOf(pod.status?.conditions, 'PodScheduled');
  if (scheduled?.reason === 'SchedulingGated') {
    return state('gated', `waiting for its scheduling gates${listed((pod.spec?.schedulingGates ?? []).map(({ name }) => name ?? ''))}`);
  }
  if (scheduled?.status === 'False') return state('unschedulable', 'waiting for a node');
  if (pod.spec?.nodeName) return undefined;
  const { schedulerName = 'default-scheduler' } = pod.spec ?? {};
  return state('pending', `waiting for the scheduler${schedulerName === 'default-scheduler' ? '' : ` ${schedulerName}`}`);
}

const listed = (names: readonly string[]): string => (names.length > 0 ? ` (${names.join(', ')})` : '');

/** The steps before any container: only the events show them. */
function starting(pod: Pod, events: readonly KubeEvent[]): PodState | undefined {
  const statuses = statusesOf(pod);
  if (statuses.length === 0) return state('not-acknowledged', `waiting for ${nodeOf(pod)} to accept it`);
  if (!nothingCreated(pod)) return undefined;
  const step = newestStep(events)?.reason;
  if (step === 'FailedMount' || step === 'FailedAttachVolume') return state('mounting', 'waiting for a volume to be mounted');
  if (step === 'FailedCreatePodSandBox') return state('sandbox', 'waiting for its sandbox, which the node cannot create');
  const ready: Condition | undefined = conditionOf(pod.status?.conditions, 'PodReadyToStartContainers');
  return ready?.status === 'False' && step === undefined ? state('preparing', `waiting for ${nodeOf(pod)} to prepare its network and volumes`) : undefined;
}

/** No container of the pod has run or been rejected yet. */
export const nothingCreated = (pod: Pod): boolean =>
  statusesOf(pod).every(({ state: now, lastState }) =>
    (now?.running ?? now?.terminated ?? lastState?.terminated) === undefined && isCreating(now?.waiting?.reason));

/** The newest step on the way to a container: it makes the failure of an earlier step outdated. */
export const newestStep = (events: readonly KubeEvent[]): KubeEvent | undefined =>
  events.filter(({ reason }) => /^(FailedMount|FailedAttachVolume|FailedCreatePodSandBox|Pulling|Pulled|Created|Started)$/.test(reason ?? '')).at(-1);

function initializing(pod: Pod, events: readonly KubeEvent[]): PodState | undefined {
  const next = (pod.status?.initContainerStatuses ?? []).find((status) => !isDone(pod, status));
  if (!next) return undefined;
  const { name = '' } = next;
  if (!next.state?.running) return creatingOf(pod, next, events, 'init container');
  if (isSidecar(pod, next)) return state('sidecar-starting', `sidecar ${name} has not passed its startup probe`, name);
  const words = `init container ${name} is running`;
  return { name: 'init-running', words, container: name, lasting: (seconds) => `init container ${name} has been running for ${seconds} s` };
}

/** Whether the containers after an init container can start. */
const isDone = (pod: Pod, status: ContainerStatus): boolean => status.state?.terminated?.exitCode === 0 ||
  (isSidecar(pod, status) && status.state?.running !== undefined && (status.started === true || declared(pod, status.name)?.startupProbe === undefined));

function creating(pod: Pod, events: readonly KubeEvent[]): PodState | undefined {
  const statuses = pod.status?.containerStatuses ?? [];
  const unknown = (pod.spec?.containers ?? []).filter(({ name }) => !statuses.some((status) => status.name === name));
  const next = [...statuses, ...unknown.map(({ name }): ContainerStatus => ({ name }))].find(({ state: now }) => !now?.running);
  return next && creatingOf(pod, next, events, 'container');
}

function creatingOf(pod: Pod, { name = '' }: ContainerStatus, events: readonly KubeEvent[], what: string): PodState {
  const step = newestStep(events.filter((event) => aboutContainer(event, name)));
  if (isInHook(pod, name, events)) return hooked(what, name);
  return step?.reason === 'Pulling' ? state('pulling', `pulling the image of ${what} ${name}`, name) : state('creating', `waiting for ${nodeOf(pod)} to start ${what} ${name}`, name);
}

function hooked(what: string, name: string): PodState {
  const words = `the postStart hook of ${what} ${name} is running`;
  return { name: 'hook-running', words, container: name, lasting: (seconds) => `the postStart hook of ${what} ${name} has been running for ${seconds} s` };
}

/**
 * Whether a container was started and its postStart hook has not finished: until then the kubelet reports the container as
 * waiting. https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
 */
export const isInHook = (pod: Pod, name: string, events: readonly KubeEvent[]): boolean =>
  declared(pod, name)?.lifecycle?.postStart !== undefined && newestStep(events.filter((event) => aboutContainer(event, name)))?.reason === 'Started';

function unready(pod: Pod): PodState {
  const unready = lastingStatuses(pod).filter(({ ready }) => !ready);
  const unstarted = unready.find(({ name, started }) => started === false && declared(pod, name)?.startupProbe !== undefined);
  if (unstarted) return state('startup', `started, startup probe not passed (${unstarted.name})`, unstarted.name);
  if (unready[0]) return state('not-ready', 'started, not ready', unready[0].name);
  const closed = (pod.spec?.readinessGates ?? []).map(({ conditionType = '' }) => conditionType)
    .filter((type) => conditionOf(pod.status?.conditions, type)?.status !== 'True');
  return closed.length > 0 ? state('gate', `waiting for its readiness gates${listed(closed)}`) : state('settling', 'containers ready, pod not ready');
}
