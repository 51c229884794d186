import type { Goal, ServiceExpectation } from './expectation.js';
import type { WorkloadView } from '../observe/world.js';
import { desiredReplicas, hasObserved } from '../observe/workload.js';
import { onLostNode } from './pod-state.js';
import { isReady } from './symptom.js';
import type { WorkloadKind } from '../../config/config.js';
import { conditionOf, nameOf, uidOf, type Workload } from '../client/objects.js';
import { tolerates } from '../client/taints.js';

/** How far the controller is. `waitingFor` is undefined when it has finished. */
export interface Completion {
  readonly ready: number;
  readonly desired: number;
  readonly waitingFor: string | undefined;
}

/**
 * What "rolled out" means for each kind, as `kubectl rollout status` has it
 * (k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go), with two corrections: old pods must be gone or going, and a
 * StatefulSet need not have caught up its currentRevision.
 * @param wasHeld whether it was seen to stand still at its first wave, now or before
 */
export function completionOf(view: WorkloadView, goal: Goal = 'whole', wasHeld = isHeld(view)): Completion {
  const { workload } = view;
  const ready = view.newPods.filter(isReady).length;
  if (!workload) return { ready, desired: 0, waitingFor: 'the workload itself' };
  if (view.of.kind !== 'cronjob' && workload.status?.observedGeneration === undefined) return { ready, desired: ready, waitingFor: 'its controller, which has never looked at it' };
  if (goal !== 'whole') return goal === 'nothing' ? { ready, desired: ready, waitingFor: undefined } : firstWave(view, workload, ready, wasHeld);
  return ofKind[view.of.kind](view, workload, ready);
}

type OfKind = (view: WorkloadView, workload: Workload, ready: number) => Completion;

const deployment: OfKind = (view, workload, ready) => {
  const { updatedReplicas: updated = 0, replicas = 0, availableReplicas: available = 0 } = workload.status ?? {};
  const desired = desiredReplicas(workload);
  return { ready, desired, waitingFor: firstOf([
    [updated < desired, `${updated} of ${desired} new pods made`],
    [replicas > updated, `${countOf(replicas - updated, 'old pod')} to go`],
    [available < desired, `${available} of ${desired} pods available`],
    [desired > 0 && view.replicaSet === undefined, 'the new ReplicaSet'],
    // The watch of the pods may be behind that of the Deployment: what is to be asked must have been seen.
    [ready < desired, `${ready} of ${desired} new pods seen ready`],
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
  // A node that is away takes no new pod, and that is no fault of the release.
  const lost = countsLostNodes(workload) ? [...view.newPods, ...view.oldPods, ...view.leavingPods].filter(onLostNode).length : 0;
  const desired = scheduled - lost;
  // What is updated may be a pod on a node that is away, and what is available an old one: the pods themselves decide.
  const old = view.oldPods.filter((pod) => !onLostNode(pod)).length;
  return { ready, desired, waitingFor: firstOf([
    [updated < desired, `${updated} of ${desired} pods updated`],
    [available < desired, `${available} of ${desired} pods available`],
    [old > 0, `${countOf(old, 'old pod')} to go`],
    [ready < desired, `${ready} of ${desired} new pods seen ready`],
  ]) };
};

/**
 * A node that is away is tainted against new pods, and the controller then leaves it out of what it counts, unless the
 * pods tolerate that (NodeShouldRunDaemonPod in k8s.io/kubernetes/pkg/controller/daemon/daemon_controller.go).
 */
const countsLostNodes = ({ spec }: Workload): boolean => ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
  .every((key) => spec?.template?.spec?.tolerations?.some((each) => tolerates(each, { key, effect: 'NoSchedule' })));

const ofKind: Readonly<Record<WorkloadKind, OfKind>> = {
  deployment, statefulset, daemonset,
  // It runs with the new image the next time: there is nothing to wait for.
  cronjob: () => ({ ready: 0, desired: 0, waitingFor: undefined }),
};

/** Whether a Deployment stands still at its first wave, and its controller knows. */
export const isHeld = ({ workload }: WorkloadView): boolean =>
  workload?.spec?.paused === true && hasObserved(workload, workload.metadata?.generation ?? 0);

/**
 * A held Deployment has made as many new pods as its new ReplicaSet wants: those are the first wave. Each kind has a watch
 * of its own, so that more pods may be seen already than the ReplicaSet was seen to want. Once it was held it may go on
 * before it is let: somebody lifts the pause, or an autoscaler wants no pod at all. The wave is what there is then.
 */
function firstWave(view: WorkloadView, workload: Workload, ready: number, wasHeld: boolean): Completion {
  const desired = Math.max(view.replicaSet?.spec?.replicas ?? 0, view.newPods.length);
  if (wasHeld && desiredReplicas(workload) === 0) return { ready, desired, waitingFor: undefined };
  const waitingFor = firstOf([[desired === 0, 'the first new pods'], [!wasHeld, 'the hold'], [ready < desired, `${ready} of ${desired} pods of the first wave ready`]]);
  return { ready, desired, waitingFor };
}

const countOf = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

const firstOf = (cases: readonly (readonly [boolean, string])[]): string | undefined => cases.find(([applies]) => applies)?.[1];

/** What stands between the rollout and the proof that traffic goes to the new pods, or undefined. */
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
  if (exact && serving.length === 0) return `Service ${service} has no endpoint that is ready`;
  return undefined;
}

/** True when Kubernetes itself gave up on this change, not on an earlier one. */
export function progressDeadlineExceeded(view: WorkloadView, progressBefore: string | undefined): string | undefined {
  const progressing = conditionOf(view.workload?.status?.conditions, 'Progressing');
  if (progressing?.status !== 'False' || progressing.reason !== 'ProgressDeadlineExceeded') return undefined;
  return (progressing.lastUpdateTime ?? '') === (progressBefore ?? 'none') ? undefined : (progressing.message ?? 'the progress deadline was exceeded');
}
