import { nameOf, uidOf, type KubeEvent, type Pod } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { declared } from './containers.js';
import { isCreating, isInHook, isNodeLost } from './pod-state.js';
import { oneLine, untilDeadline, type Symptom } from './symptom.js';
import type { ObservedWorkload } from '../observe/workload.js';

/** A terminating pod that must be gone before its replacement can be created. */
export interface Leaving {
  readonly pod: Pod;
  /** Monotonic ms. */
  readonly since: number;
  /** When it takes longer than its grace period, monotonic ms. */
  readonly overdueAt: number;
}

/** Kubernetes' default: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination */
const usualGraceSeconds = 30;
/** The kubelet and the API server take a moment after the last container has exited. */
const afterwardsMs = 5000;

/** Who deletes a pod can allow more time. The kubelet sets it to 0 once the last container has exited, which does not shorten it. */
const graceSeconds = ({ metadata, spec }: Pod): number =>
  Math.max(metadata?.deletionGracePeriodSeconds ?? 0, spec?.terminationGracePeriodSeconds ?? usualGraceSeconds);

/**
 * The pods that the controller waits for: a StatefulSet or DaemonSet replaces a pod only once it is gone, and a Deployment
 * with the strategy Recreate creates none before all old ones are gone. The pod that has been terminating longest is first.
 */
export function blockingPods(view: WorkloadView, at: number): readonly Leaving[] {
  const waits = view.of.kind !== 'deployment' || view.workload?.spec?.strategy?.type === 'Recreate';
  if (!waits) return [];
  return view.leavingPods.map((pod): Leaving => {
    const since = view.leavingSince(uidOf(pod)) ?? at;
    return { pod, since, overdueAt: since + 1000 * graceSeconds(pod) + afterwardsMs };
  }).sort((a, b) => a.since - b.since);
}

export const describeLeaving = ({ pod }: Leaving): string => `waiting for ${nameOf(pod)} to terminate`;

/** Pods that take longer to terminate than they are allowed to. Not a failure of the version, but someone has to act. */
export const symptomsOfLeaving = (view: WorkloadView, at: number): Symptom[] =>
  blockingPods(view, at).filter(({ overdueAt }) => overdueAt <= at).map(({ pod, since }) => ({
    key: `leaving ${uidOf(pod)}`, cause: 'deadline', patienceMs: untilDeadline, warnAfterMs: 0, pod,
    message: describeOverdue(view, pod, at - since), hint: hintFor(view, pod),
  }));

/** `pod web-1 of the old version has been terminating for 58 s (30 s are allowed), blocked by its finalizer example.com/hold`. */
export function describeOverdue(view: WorkloadView, pod: Pod, ms: number): string {
  return `pod ${nameOf(pod)}${versionOf(view.of, pod)} has been terminating for ${Math.floor(ms / 1000)} s (${graceSeconds(pod)} s are allowed)${heldBy(pod, view.eventsOf(uidOf(pod)))}`;
}

/** By its images, not by the current template, which is the old one again in a rollback. */
function versionOf({ containers }: ObservedWorkload, pod: Pod): string {
  const runs = (which: 'before' | 'after'): boolean => containers.every((each) => each.before !== each.after && declared(pod, each.name)?.image === each[which]);
  return runs('after') ? ' of the new version' : runs('before') ? ' of the old version' : '';
}

function heldBy(pod: Pod, events: readonly KubeEvent[]): string {
  const finalizers = pod.metadata?.finalizers ?? [];
  if (isNodeLost(pod, events)) return `: node ${pod.spec?.nodeName} does not report`;
  const alive = (pod.status?.containerStatuses ?? []).filter(({ state }) => state?.running).map(({ name }) => name);
  if (alive.length > 0) {
    const failed = events.filter(({ reason }) => reason === 'FailedKillPod' || reason === 'FailedPreStopHook').at(-1)?.message;
    return `: container ${alive.join(', ')} has not exited${failed ? ` (${oneLine(failed)})` : ''}`;
  }
  const hooked = (pod.status?.containerStatuses ?? []).find(({ name = '', state }) => isCreating(state?.waiting?.reason) && isInHook(pod, name, events));
  if (hooked) return `: the postStart hook of container ${hooked.name} has not finished`;
  return finalizers.length > 0 ? `, blocked by its finalizer${finalizers.length === 1 ? '' : 's'} ${finalizers.join(', ')}` : '';
}

function hintFor({ of: target }: WorkloadView, pod: Pod): string {
  const finalizers = pod.metadata?.finalizers ?? [];
  const risk = target.kind === 'statefulset' ? ' Make sure first that it no longer runs: two pods with one identity can damage its data.' : '';
  const byForce = `\`kubectl delete pod ${nameOf(pod)} --force --grace-period=0\` removes the pod without waiting for the node.${risk}`;
  return finalizers.length > 0
    ? `Find out why the controller that set the finalizer does not remove it. If that controller no longer exists, remove the finalizer from the pod (\`kubectl edit pod ${nameOf(pod)}\`).`
    : `Check the node ${pod.spec?.nodeName ?? 'of the pod'}: it must stop the containers and release the volumes. If the node is gone for good, ${byForce}`;
}
