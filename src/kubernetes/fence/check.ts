import type { WorkloadRef } from '../../config/config.js';
import type { Checked } from '../../outcome/finding.js';
import type { HorizontalPodAutoscaler } from '../client/objects.js';
import { resources, workloadResource } from '../client/resources.js';
import type { Need } from '../preflight/needs.js';
import { refOf } from './mark.js';

type Ref = Pick<WorkloadRef, 'kind' | 'name'>;

/** Whether these workloads can be stopped and started again exactly. Pure. @param autoscalers of the namespace, as far as they could be read */
export function checkFence(refs: readonly Ref[], autoscalers: readonly HorizontalPodAutoscaler[]): Checked {
  const daemons = refs.filter(({ kind }) => kind === 'daemonset');
  return {
    problems: daemons.map((ref) => ({
      cause: 'not-deployable', message: `${refOf(ref)} cannot be stopped: a DaemonSet has no number of replicas.`,
      hint: `If ${refOf(ref)} does not write to the database, leave it out. If it does, stop it yourself before, for example with a nodeSelector that no node has.`,
    })),
    warnings: refs.flatMap((ref) => autoscalers.filter((each) => scales(each, ref)).flatMap((each) => warningOf(ref, each))),
  };
}

const scales = ({ spec }: HorizontalPodAutoscaler, { kind, name }: Ref): boolean =>
  spec?.scaleTargetRef?.name === name && spec.scaleTargetRef.kind === workloadResource[kind].kind;

/** An autoscaler pauses while its workload has 0 replicas, unless it may scale to 0 itself: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation */
function warningOf(ref: Ref, { metadata, spec }: HorizontalPodAutoscaler): string[] {
  const scaled = metadata?.ownerReferences?.find(({ kind }) => kind === 'ScaledObject');
  if (scaled) {
    return [`${refOf(ref)} is scaled by KEDA, which may start it while it is stopped. Pause it before: kubectl annotate scaledobject/${scaled.name} autoscaling.keda.sh/paused-replicas=0`];
  }
  return spec?.minReplicas === 0 ? [`The HorizontalPodAutoscaler ${metadata?.name} of ${refOf(ref)} may scale from 0, and may start it while it is stopped.`] : [];
}

/** What the account needs to stop these workloads and to start them again. */
export function fenceNeeds(refs: readonly Ref[]): Need[] {
  const need = (kind: Ref['kind'] | 'pods' | 'replicasets' | 'jobs', verbs: readonly string[], name?: string): Need[] => {
    const { group, plural } = kind === 'pods' || kind === 'replicasets' || kind === 'jobs' ? resources[kind] : workloadResource[kind];
    return verbs.map((verb) => ({ group, resource: plural, verb, name }));
  };
  const kinds = [...new Set(refs.map(({ kind }) => kind))];
  return [
    ...kinds.flatMap((kind) => need(kind, ['list', 'watch'])), ...refs.flatMap(({ kind, name }) => need(kind, ['get', 'patch'], name)), ...need('pods', ['list', 'watch']),
    ...kinds.includes('deployment') ? need('replicasets', ['list', 'watch']) : [], ...kinds.includes('cronjob') ? need('jobs', ['list', 'watch']) : [],
  ];
}
