import { fieldManager } from '../client/api.js';
import type { WorkloadKind } from '../../config/config.js';
import type { Container, PodTemplate, Workload } from '../client/objects.js';

/** A workload that is watched: its identity, and the images that distinguish its old from its new pods. */
export interface ObservedWorkload {
  /** `deployment/api`, as in the settings and in kubectl. */
  readonly ref: string;
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly uid: string;
  /** Those whose image changes; may be empty. */
  readonly containers: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

/** Where the pod template of a kind is, as a JSON pointer. */
const templatePointer = (kind: WorkloadKind): string => (kind === 'cronjob' ? '/spec/jobTemplate/spec/template' : '/spec/template');

export const templateOf = (kind: WorkloadKind, workload: Workload): PodTemplate | undefined =>
  kind === 'cronjob' ? workload.spec?.jobTemplate?.spec?.template : workload.spec?.template;

/** One container of a pod template with the place where a patch finds it. */
export interface PlacedContainer {
  readonly container: Container;
  readonly pointer: string;
}

/** All containers of the template, init containers included: `kubectl set image` changes both. */
export function containersOf(kind: WorkloadKind, workload: Workload): PlacedContainer[] {
  const spec = templateOf(kind, workload)?.spec;
  const placed = (list: readonly Container[] | undefined, field: string): PlacedContainer[] =>
    (list ?? []).map((container, index) => ({ container, pointer: `${templatePointer(kind)}/spec/${field}/${index}` }));
  return [...placed(spec?.containers, 'containers'), ...placed(spec?.initContainers, 'initContainers')];
}

/** How many pods the workload wants; unset means 1 to Kubernetes. */
export const desiredReplicas = (workload: Workload): number => workload.spec?.replicas ?? 1;

/** Whether the controller has observed this generation of the workload; not if it has never reported one. */
export const hasObserved = ({ status }: Workload, generation: number): boolean =>
  status?.observedGeneration !== undefined && status.observedGeneration >= generation;

/**
 * Whether no pod of the workload is wanted: it is scaled to 0, or it is a DaemonSet for which its controller has counted no
 * node.
 */
export const wantsNoPods = (kind: WorkloadKind, workload: Workload): boolean => (kind === 'daemonset'
  ? hasObserved(workload, workload.metadata?.generation ?? 0) && workload.status?.desiredNumberScheduled === 0
  : desiredReplicas(workload) === 0);

/**
 * Whether a pod of a StatefulSet is below the partition and stays as it is. The partition counts replicas, whatever the
 * ordinal of the first one is (updateStatefulSet in pkg/controller/statefulset/stateful_set_control.go).
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
 */
export function staysByPartition(workload: Workload | undefined, podName: string | undefined): boolean {
  const partition = workload?.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  const ordinal = /-(\d+)$/.exec(podName ?? '')?.[1];
  return partition > 0 && ordinal !== undefined && Number(ordinal) - (workload?.spec?.ordinals?.start ?? 0) < partition;
}

/** The image of a container of a workload; undefined when there is no such container. */
export const imageIn = (kind: WorkloadKind, workload: Workload, name: string): string | undefined =>
  containersOf(kind, workload).find(({ container }) => container.name === name)?.container.image;

/**
 * Whether someone else paused the Deployment, by the managers that the API server records for each field. Such a pause is
 * intended and never lifted by this action. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
export function pausedByOthers({ metadata, spec }: Workload): boolean {
  const owners = (metadata?.managedFields ?? []).filter(({ fieldsV1 }) => fieldsV1?.['f:spec']?.['f:paused'] !== undefined);
  return spec?.paused === true && owners.length > 0 && owners.every(({ manager }) => manager !== fieldManager);
}
