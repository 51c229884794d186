import type { Cause } from '../../outcome/causes.js';
import { conditionOf, isLeaving, nameOf, uidOf, type Job, type KubeEvent, type Pod, type Terminated } from '../client/objects.js';
import { resources } from '../client/resources.js';
import { declared, isSidecar } from '../judge/containers.js';
import { refused } from '../judge/owner.js';
import { isNodeLost, stateOf } from '../judge/pod-state.js';
import type { Symptom } from '../judge/symptom.js';
import { oneLine } from '../judge/symptom.js';
import { symptomsOfPod } from '../judge/symptoms.js';
import type { World } from '../observe/world.js';
import { jobLabels } from './job-labels.js';

/** A Job and its pod, at one moment. */
export interface JobView {
  readonly name: string;
  /** Container that runs the command. */
  readonly container: string;
  /** Undefined: it was deleted, or was not seen yet. */
  readonly job: Job | undefined;
  /** The newest. There is never a second one that runs. */
  readonly pod: Pod | undefined;
  readonly eventsOf: (uid: string) => readonly KubeEvent[];
}

export function viewOf(world: World, name: string, container: string): JobView {
  const pods = world.all<Pod>(resources.pods).filter(({ metadata }) => metadata?.labels?.[jobLabels.job] === name);
  const [pod] = [...pods].sort((a, b) => Number(isOver(a)) - Number(isOver(b)) || (createdAt(a) < createdAt(b) ? 1 : -1));
  return { name, container, job: world.byName<Job>(resources.jobs, name), pod, eventsOf: (uid) => world.eventsOf(uid) };
}

const createdAt = ({ metadata }: Pod): string => metadata?.creationTimestamp ?? '';

/** No process of it runs any more. */
export const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** How a command ended that is known to run no more, or that it cannot start. */
export interface JobEnd {
  readonly succeeded: boolean;
  /** What happened, as a sentence without its end; `exited with code 1`. The subject is the command. */
  readonly words: string;
  readonly hint?: string;
  readonly cause: Cause;
  /** Of the container of the command; undefined if it has not exited by itself. */
  readonly exitCode?: number;
  /** A container other than that of the command, whose log says why. */
  readonly container?: string;
}

export const limitHint = 'Find out what it waits for, such as a lock. If it only needs longer, raise its time limit.';

/** When the command has ended, how. The exit code decides, not the Job: an injected sidecar may keep that from ever being complete. */
export function endOf(view: JobView): JobEnd | undefined {
  const { job, pod, container } = view;
  const ended = pod?.status?.containerStatuses?.find((each) => each.name === container)?.state?.terminated;
  const isTold = pod !== undefined && ended !== undefined && wasTold(pod, ended);
  if (ended && pod && !isTold) return exitOf(pod, container, ended);
  // FailureTarget comes when Kubernetes asks the pod to stop, which may take its whole grace period.
  if (reached(job, 'DeadlineExceeded') && (isTold || runsNothing(view))) {
    return failed('deadline', `did not finish within ${job?.spec?.activeDeadlineSeconds ?? 0} s`, limitHint);
  }
  if (isTold) return failed('superseded', 'was stopped while it ran: its pod was deleted', 'Find out who deleted the pod, for example a drain of its node. Then run again.');
  return endWithoutExit(view);
}

const failed = (cause: Cause, words: string, hint?: string): JobEnd => ({ succeeded: false, cause, words, hint });

/** The container of the command has no exit code. */
function endWithoutExit(view: JobView): JobEnd | undefined {
  const { job, pod, name } = view;
  const init = pod?.status?.initContainerStatuses?.find((status) => !isSidecar(pod, status) && (status.state?.terminated?.exitCode ?? 0) !== 0);
  if (init) return { ...failed('init-failed', `did not start: init container ${init.name} failed with ${codeOf(init.state?.terminated)}`), container: init.name };
  if (isComplete(job)) return { succeeded: true, cause: 'command-failed', words: 'succeeded', exitCode: 0 };
  if (pod && isOver(pod)) return failed('evicted', `was ended by the node: ${reasonOf(pod)}`, 'The command itself is not the reason. Check the node, then run again.');
  const condition = (job?.status?.conditions ?? []).find(({ type, status }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True');
  if (!condition || !(runsNothing(view) && (!pod || isLeaving(pod)))) return undefined;
  return failed('superseded', `was stopped: job/${name} has no pod any more${condition.message ? ` (${oneLine(condition.message)})` : ''}`,
    'Its pod was deleted, for example by a drain of its node. Check whether the command was complete.');
}

/** Whether it ended because its pod is being deleted, with whatever code: a program may exit with 0 when it is asked to stop. */
function wasTold({ metadata }: Pod, { finishedAt }: Terminated): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata ?? {};
  if (deletionTimestamp === undefined) return false;
  // The time of the deletion is when the pod is killed at the latest. Times have whole seconds.
  const askedAt = Date.parse(deletionTimestamp) - 1000 * deletionGracePeriodSeconds;
  return !(Date.parse(finishedAt ?? '') < askedAt);
}

const isComplete = (job: Job | undefined): boolean => conditionOf(job?.status?.conditions, 'Complete')?.status === 'True';

/** FailureTarget comes before the pods are gone; Failed after that, or before it in Kubernetes older than 1.31: https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions */
const reached = (job: Job | undefined, reason: string): boolean =>
  (job?.status?.conditions ?? []).some(({ type, status, reason: why }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True' && why === reason);

/** Kubernetes has nothing left to do for the Job. */
export const isFinished = (job: Job): boolean =>
  (job.status?.conditions ?? []).some(({ type, status }) => (type === 'Failed' || type === 'Complete') && status === 'True');

function exitOf(pod: Pod, container: string, ended: Terminated): JobEnd {
  const { exitCode, reason, message } = ended;
  if (exitCode === 0) return { succeeded: true, cause: 'command-failed', words: 'succeeded', exitCode };
  if (reason === 'OOMKilled') {
    const limit = declared(pod, container)?.resources?.limits?.memory;
    const words = `ran out of memory and was killed; ${limit ? `its memory limit is ${limit}` : 'it has no memory limit, so the node ran out of memory'}`;
    return { ...failed('out-of-memory', words, 'Raise the memory limit of the container in the workload: the command runs with the same one.'), exitCode };
  }
  // containerd reports exit code 128 for every container that could not be started.
  if (neverStarted(ended)) {
    return failed('container-start', `cannot be started: ${oneLine(message ?? reason ?? '')}`, 'The program must exist in the image. Without a shell in the image, write a command without characters of a shell.');
  }
  return { ...failed('command-failed', `exited with ${codeOf(ended)}`, exitCode === 127 ? 'Exit code 127: the shell did not find the program in the image. Correct its name.' : undefined), exitCode };
}

const neverStarted = ({ reason }: Terminated): boolean => /^(StartError|ContainerCannotRun)$/.test(reason ?? '');

const codeOf = (ended: Terminated | undefined): string => (ended?.signal ? `signal ${ended.signal}` : `code ${ended?.exitCode ?? 'unknown'}`);

const reasonOf = ({ status }: Pod): string => {
  const words = [status?.reason, status?.message].filter((each) => each !== undefined && each !== '').join(': ');
  return words === '' ? 'no reason given' : oneLine(words);
};

/** What keeps the command from starting, or its Job from creating a pod: by the rules for the pods of a rollout. */
export function symptomsOfJob({ name, job, pod, eventsOf, container }: JobView): Symptom[] {
  if (!pod) {
    const last = job && eventsOf(uidOf(job)).filter(({ reason }) => reason === 'FailedCreate' || reason === 'SuccessfulCreate').at(-1);
    return last?.reason === 'FailedCreate' ? [refused(`job/${name}`, last.message ?? 'no reason given', `the pod of job/${name} cannot be created`)] : [];
  }
  if (isOver(pod) || hasStarted({ pod, container })) return [];
  // A sidecar that is not ready keeps nothing waiting.
  return symptomsOfPod(pod, { eventsOf, newPods: [pod], oldPods: [] }, { restartsBefore: new Map() }).filter(({ cause }) => cause !== 'not-ready');
}

const runsNothing = (view: JobView): boolean => view.pod === undefined || isOver(view.pod) || !hasStarted(view);

/** Whether the command runs or has run. */
export function hasStarted({ pod, container }: Pick<JobView, 'pod' | 'container'>): boolean {
  const state = pod?.status?.containerStatuses?.find((each) => each.name === container)?.state;
  return state?.running !== undefined || (state?.terminated !== undefined && !neverStarted(state.terminated));
}

/** What is going on, for the progress line. */
export function progressOf(view: JobView): string {
  const { pod, eventsOf, job } = view;
  if (!pod) return job ? 'waiting for its pod' : 'created';
  if (isLeaving(pod)) return `terminating (${nameOf(pod)})`;
  if (isNodeLost(pod, eventsOf(uidOf(pod))) || !hasStarted(view)) return stateOf(pod, eventsOf(uidOf(pod))).words;
  return 'running';
}
