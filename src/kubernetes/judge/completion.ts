import type { Goal, ServiceExpectation } from './expectation.js';
import type { WorkloadView } from '../observe/world.js';
import { desiredReplicas, hasObserved } from '../observe/workload.js';
import { onLostNode } from './pod-state.js';
import { isReady } from './symptom.js';
import type { WorkloadKind } from '../../config/config.js';
import { conditionOf, nameOf, uidOf, type Workload } from '../client/objects.js';
import { tolerates } from '../client/taints.js';

/** The progress of the controller. `waitingFor` is undefined when it has finished. */
export interface Completion {
  readonly ready: number;
  readonly desired: number;
  readonly waitingFor: string | undefined;
}

/**
 * What "rolled out" means for each kind, as in `kubectl rollout status`
 * (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go), with two changes: old pods must be gone or terminating, and
 * the currentRevision of a StatefulSet need not be up to date.
 * @param wasHeld whether it was seen paused at its first pods, now or before
 */
export function completionOf(view: WorkloadView, goal: Goal = 'whole', wasHeld = isHeld(view)): Completion {
  const { workload } = view;
  const ready = view.newPods.filter(isReady).length;
  if (!workload) return { ready, desired: 0, waitingFor: 'the workload does not exist' };
  if (view.of.kind !== 'cronjob' && workload.status?.observedGeneration === undefined) return { ready, desired: ready, waitingFor: 'its controller has never processed it' };
  if (goal !== 'whole') return goal === 'nothing' ? { ready, desired: ready, waitingFor: undefined } : firstWave(view, workload, ready, wasHeld);
  return ofKind[view.of.kind](view, workload, ready);
}

type OfKind = (view: WorkloadView, workload: Workload, ready: number) => Completion;

const deployment: OfKind = (view, workload, ready) => {
  const { updatedReplicas: updated = 0, replicas = 0, availableReplicas: available = 0 } = workload.status ?? {};
  const desired = desiredReplicas(workload);
  return { ready, desired, waitingFor: firstOf([
    [updated < desired, `${updated} of ${desired} new pods created`],
    [replicas > updated, `${countOf(replicas - updated, 'old pod')} pending termination`],
    [available < desired, `${available} of ${desired} pods available`],
    [desired > 0 && view.replicaSet === undefined, 'waiting for the new ReplicaSet'],
    // The watch of the pods may lag behind that of the Deployment: the smoke checks need to see every new pod.
    [ready < desired, `${ready} of ${desired} new pods ready`],
  ]) };
};

const statefulset: OfKind = (_, workload, ready) => {
  const { updatedReplicas: updated = 0, readyReplicas = 0, availableReplicas: available = readyReplicas } = workload.status ?? {};
  const replicas = desiredReplicas(workload);
  const desired = Math.max(0, replicas - (workload.spec?.updateStrategy?.rollingUpdate?.partition ?? 0));
  return { ready, desired, waitingFor: firstOf([
    [updated < desired, `${updated} of ${desired} pods updated`],
    [available < replicas, `${available} of ${replicas} pods available`],
    [ready < desired, `${ready} of ${desired} new pods ready`],
  ]) };
};

const daemonset: OfKind = (view, workload, ready) => {
  const { desiredNumberScheduled: scheduled = 0, updatedNumberScheduled: updated = 0, numberAvailable: available = 0 } = workload.status ?? {};
  // A node that does not report takes no new pod, which is not the fault of the release.
  const lost = countsLostNodes(workload) ? [...view.newPods, ...view.oldPods, ...view.leavingPods].filter(onLostNode).length : 0;
  const desired = scheduled - lost;
  // The updated pod may be on a node that does not report, and the available one may be old: the pods themselves decide.
  const old = view.oldPods.filter((pod) => !onLostNode(pod)).length;
  return { ready, desired, waitingFor: firstOf([
    [updated < desired, `${updated} of ${desired} pods updated`],
    [available < desired, `${available} of ${desired} pods available`],
    [old > 0, `${countOf(old, 'old pod')} pending termination`],
    [ready < desired, `${ready} of ${desired} new pods ready`],
  ]) };
};

/**
 * A node that does not report has taints against new pods. The controller does not count it, unless the pods tolerate
 * these taints (NodeShouldRunDaemonPod in k8s.io/kubernetes/pkg/controller/daemon/daemon_controller.go).
 */
const countsLostNodes = ({ spec }: Workload): boolean => ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
  .every((key) => spec?.template?.spec?.tolerations?.some((each) => tolerates(each, { key, effect: 'NoSchedule' })));

const ofKind: Readonly<Record<WorkloadKind, OfKind>> = {
  deployment, statefulset, daemonset,
  // The next Job uses the new image: there is nothing to wait for.
  cronjob: () => ({ ready: 0, desired: 0, waitingFor: undefined }),
};

/** Whether a Deployment is paused at its first pods, and its controller has observed that. */
export const isHeld = ({ workload }: WorkloadView): boolean =>
  workload?.spec?.paused === true && hasObserved(workload, workload.metadata?.generation ?? 0);

/**
 * A paused Deployment has created as many new pods as its new ReplicaSet wants: those are the first pods. Each kind has its
 * own watch, so more pods may be seen than the ReplicaSet was seen to want. Someone else may resume the Deployment first, or
 * an autoscaler may scale it to 0: then the pods that exist count as the first pods.
 */
function firstWave(view: WorkloadView, workload: Workload, ready: number, wasHeld: boolean): Completion {
  const desired = Math.max(view.replicaSet?.spec?.replicas ?? 0, view.newPods.length);
  if (wasHeld && desiredReplicas(workload) === 0) return { ready, desired, waitingFor: undefined };
  const waitingFor = firstOf([[desired === 0, 'waiting for the first new pods'], [!wasHeld, 'waiting for the pause'], [ready < desired, `${ready} of ${desired} first pods ready`]]);
  return { ready, desired, waitingFor };
}

const countOf = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

const firstOf = (cases: readonly (readonly [boolean, string])[]): string | undefined => cases.find(([applies]) => applies)?.[1];

/** Why traffic does not go to exactly the new pods, or undefined. */
export function endpointTrouble(
  view: WorkloadView, { name: service, exact, selects }: ServiceExpectation, newPodsOfRun: ReadonlySet<string>,
): string | undefined {
  const endpoints = view.slicesOf(service).flatMap((slice) => slice.endpoints ?? []);
  const serving = endpoints.filter((endpoint) => endpoint.conditions?.ready !== false && endpoint.conditions?.terminating !== true);
  const inService = new Set(serving.map((endpoint) => endpoint.targetRef?.uid));
  const former = new Map([...view.oldPods, ...view.leavingPods].map((pod) => [uidOf(pod), pod]));
  const kept = new Set(view.keptPods.map(uidOf));
  for (const endpoint of serving) {
    const uid = endpoint.targetRef?.uid ?? '';
    const name = endpoint.targetRef?.name ?? endpoint.addresses?.[0] ?? 'an unnamed address';
    if (former.has(uid)) return `Service ${service} still sends traffic to ${name} of the old version`;
    if (exact && !newPodsOfRun.has(uid) && !kept.has(uid)) return `Service ${service} sends traffic to ${name}, which is not a new pod of this run`;
  }
  const absent = selects ? view.newPods.find((pod) => isReady(pod) && !inService.has(uidOf(pod))) : undefined;
  if (absent) return `Service ${service} does not send traffic to ${nameOf(absent)} yet`;
  if (exact && serving.length === 0) return `Service ${service} has no ready endpoints`;
  return undefined;
}

/** The message with which Kubernetes gave up on this change; undefined if it has not, or only on an earlier one. */
export function progressDeadlineExceeded(view: WorkloadView, progressBefore: string | undefined): string | undefined {
  const progressing = conditionOf(view.workload?.status?.conditions, 'Progressing');
  if (progressing?.status !== 'False' || progressing.reason !== 'ProgressDeadlineExceeded') return undefined;
  return (progressing.lastUpdateTime ?? '') === (progressBefore ?? 'none') ? undefined : (progressing.message ?? 'the progress deadline was exceeded');
}
