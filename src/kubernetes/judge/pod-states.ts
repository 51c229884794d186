import { settingText } from '../../outcome/place-words.js';
/**
 * Every state of a new pod that is not ready, in the order in which they are checked. This table is generated into
 * `docs/rollout.md`, and a test has a pod for each row.
 */
export interface PodStateEntry {
  /** What the API shows. */
  readonly observed: string;
  /** The progress line, with placeholders in capitals. */
  readonly line: string;
  /** Seconds after which a warning names it, but at most half of the time that was left when it started. */
  readonly warnAfterSeconds: number;
  /** What to do when the deadline is reached in this state; the hint of `deadline` unless given. */
  readonly hint?: string;
}

const table = {
  'node-lost': {
    observed: 'Its reason is NodeLost, its phase is Unknown, or it is not ready although all of its containers are: the node does not report.',
    line: 'node NODE does not report', warnAfterSeconds: 15,
    hint: 'Check the node (`kubectl get nodes`): its kubelet does not report. Repair it, or delete the pod so it is recreated on another node.',
  },
  'disrupted': {
    observed: 'The condition DisruptionTarget is True.',
    line: 'about to be terminated: REASON', warnAfterSeconds: 15,
    hint: 'Find out who drains the node or preempts the pod, then run again.',
  },
  'container-waiting': {
    observed: 'A container waits with a reason other than ContainerCreating and PodInitializing.',
    line: 'REASON (CONTAINER)', warnAfterSeconds: 15,
  },
  'crashed': {
    observed: 'A container has exited with a code other than 0.',
    line: 'crashed with exit code CODE (CONTAINER)', warnAfterSeconds: 15,
  },
  'exited': {
    observed: 'A container that should run as long as the pod has exited with code 0.',
    line: 'exited with exit code 0 (CONTAINER)', warnAfterSeconds: 15,
    hint: 'The main process of the container exits: start it in the foreground.',
  },
  'restarted': {
    observed: 'A container runs again after it exited, but is not ready.',
    line: 'restarted (CONTAINER)', warnAfterSeconds: 60,
  },
  'gated': {
    observed: 'PodScheduled is False with the reason SchedulingGated.',
    line: 'waiting for its scheduling gates (GATES)', warnAfterSeconds: 15,
    hint: 'The controller that owns the scheduling gate must remove it from the pod: check that it runs.',
  },
  'unschedulable': {
    observed: 'PodScheduled is False for any other reason.',
    line: 'waiting for a node', warnAfterSeconds: 15,
  },
  'pending': {
    observed: 'It has no node, and no scheduler has reported anything about it.',
    line: 'waiting for the scheduler SCHEDULER', warnAfterSeconds: 15,
    hint: 'No scheduler has processed the pod: check that the scheduler in its `schedulerName` runs.',
  },
  'not-acknowledged': {
    observed: 'It has a node, but the kubelet has not reported any container.',
    line: 'waiting for node NODE to accept it', warnAfterSeconds: 15,
    hint: 'Check the node (`kubectl describe node`): its kubelet has not processed the pod.',
  },
  'mounting': {
    observed: 'No container was created, and the newest event is FailedMount or FailedAttachVolume.',
    line: 'waiting for a volume to be mounted', warnAfterSeconds: 15,
  },
  'sandbox': {
    observed: 'No container was created, and the newest event is FailedCreatePodSandBox.',
    line: 'waiting for its sandbox, which the node cannot create', warnAfterSeconds: 15,
  },
  'pulling': {
    observed: 'The newest event of the container is Pulling.',
    line: 'pulling the image of container CONTAINER', warnAfterSeconds: 120,
    get hint() { return `The image is still being pulled: make the image smaller, or raise ${settingText('timeout')}.`; },
  },
  'preparing': {
    observed: 'PodReadyToStartContainers is False.',
    line: 'waiting for node NODE to prepare its network and volumes', warnAfterSeconds: 30,
    hint: 'Check the events of the pod and the node: it has not prepared the volumes and the sandbox of the pod.',
  },
  'init-running': {
    observed: 'An init container runs.',
    line: 'init container CONTAINER is running', warnAfterSeconds: 60,
    get hint() { return `Read the log of the init container in the evidence: it has not exited. Fix what it waits for, or raise ${settingText('timeout')} if it only needs longer.`; },
  },
  'sidecar-starting': {
    observed: 'A sidecar (an init container with `restartPolicy: Always`) runs, and its startup probe has not passed.',
    line: 'sidecar CONTAINER has not passed its startup probe', warnAfterSeconds: 60,
    hint: 'Read the log of the sidecar in the evidence: no other container starts before its startup probe passes.',
  },
  'hook-running': {
    observed: 'A container with a postStart hook waits with the reason ContainerCreating or PodInitializing, and its newest event is Started.',
    line: 'the postStart hook of container CONTAINER is running', warnAfterSeconds: 60,
    hint: 'The postStart hook has not finished, and the kubelet waits for it: fix what the hook waits for, or give it a time limit.',
  },
  'creating': {
    observed: 'A container waits with the reason ContainerCreating or PodInitializing, or without any.',
    line: 'waiting for node NODE to start container CONTAINER', warnAfterSeconds: 30,
    hint: 'Check the events of the pod and the node: it has not started the container.',
  },
  'startup': {
    observed: 'All containers run, and `started` of one is false.',
    line: 'started, startup probe not passed (CONTAINER)', warnAfterSeconds: 60,
  },
  'not-ready': {
    observed: 'All containers run, and one of them is not ready.',
    line: 'started, not ready', warnAfterSeconds: 60,
  },
  'gate': {
    observed: 'All containers are ready, but the condition of a readiness gate is not True.',
    line: 'waiting for its readiness gates (GATES)', warnAfterSeconds: 15,
    hint: 'The controller that owns the readiness gate (often that of a load balancer) must set its condition: check that it runs.',
  },
  'settling': {
    observed: 'All containers are ready, but the pod is not reported ready yet.',
    line: 'containers ready, pod not ready', warnAfterSeconds: 15,
  },
} as const satisfies Record<string, PodStateEntry>;

export type PodStateName = keyof typeof table;
export const podStates: Readonly<Record<PodStateName, PodStateEntry>> = table;
