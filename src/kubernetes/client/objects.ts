import type * as apps from 'kubernetes-types/apps/v1';
import type * as autoscaling from 'kubernetes-types/autoscaling/v1';
import type * as batch from 'kubernetes-types/batch/v1';
import type * as coordination from 'kubernetes-types/coordination/v1';
import type * as core from 'kubernetes-types/core/v1';
import type * as discovery from 'kubernetes-types/discovery/v1';
import type * as meta from 'kubernetes-types/meta/v1';
import type * as networking from 'kubernetes-types/networking/v1';

/*
 * The types are those of the Kubernetes API, generated from its OpenAPI description (version 1.30). A field of a v1 kind is
 * never removed (https://kubernetes.io/docs/reference/using-api/deprecation-policy/); newer ones are added here.
 */

/**
 * An object as it comes from an API server: each field may be absent, because a cluster may be older, newer or hostile, and a
 * missing field must never be a crash. Objects are never changed in place.
 */
export type DeepPartial<T> =
  T extends readonly (infer Each)[] ? readonly DeepPartial<Each>[]
    : T extends object ? string extends keyof T ? { readonly [Key in keyof T]: DeepPartial<T[Key]> } : { readonly [Key in keyof T]?: DeepPartial<T[Key]> }
      : T;

/** Who wrote which fields last, and when. */
interface FieldsOfManager extends DeepPartial<Omit<meta.ManagedFieldsEntry, 'fieldsV1'>> {
  /** Names of fields, each after `f:`. */
  readonly fieldsV1?: { readonly [field: string]: Readonly<Record<string, unknown>> | undefined };
}

export interface Metadata extends DeepPartial<Omit<meta.ObjectMeta, 'managedFields'>> {
  readonly managedFields?: readonly FieldsOfManager[];
}

/** An object of any kind. */
export interface KubeObject {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: Metadata;
}

/** An object of one kind, for any kind: `ObjectOf<Ingress>`. The items of a list have no `kind` of their own. */
export type ObjectOf<Kind> = KubeObject & DeepPartial<Omit<Kind, keyof KubeObject>>;

export interface List<T> {
  readonly metadata?: DeepPartial<meta.ListMeta>;
  readonly items?: readonly T[];
}

export type Pod = ObjectOf<core.Pod>;
export type PodSpec = DeepPartial<core.PodSpec>;
export type Container = DeepPartial<core.Container>;
export type Probe = DeepPartial<core.Probe>;
export type Taint = DeepPartial<core.Taint>;
export type Toleration = DeepPartial<core.Toleration>;
export type ContainerStatus = DeepPartial<core.ContainerStatus>;
export type Terminated = DeepPartial<core.ContainerStateTerminated>;

export interface PodTemplate {
  readonly metadata?: Metadata;
  readonly spec?: PodSpec;
}

/** Of any kind; only those of a Deployment have `lastUpdateTime`. */
export type Condition = DeepPartial<apps.DeploymentCondition>;

/** How many pods are replaced at a time. Only StatefulSets have `partition`. */
export type RollingUpdate = DeepPartial<apps.RollingUpdateDeployment & apps.RollingUpdateStatefulSetStrategy>;

/** Deployment, StatefulSet, DaemonSet or CronJob: the union of their fields. */
export interface Workload extends KubeObject {
  readonly spec?: DeepPartial<apps.DeploymentSpec & apps.StatefulSetSpec & apps.DaemonSetSpec & batch.CronJobSpec>;
  readonly status?: DeepPartial<Omit<apps.DeploymentStatus & apps.StatefulSetStatus & apps.DaemonSetStatus & batch.CronJobStatus, 'conditions'>> & {
    readonly conditions?: readonly Condition[];
  };
}

export type Job = ObjectOf<batch.Job>;
export type ReplicaSet = ObjectOf<apps.ReplicaSet>;

export interface ControllerRevision extends ObjectOf<Omit<apps.ControllerRevision, 'data'>> {
  /** Of a DaemonSet: the patch that restores this template. */
  readonly data?: { readonly spec?: { readonly template?: PodTemplate } };
}

export type KubeEvent = ObjectOf<core.Event>;
export type Service = ObjectOf<core.Service>;
export type EndpointSlice = ObjectOf<discovery.EndpointSlice>;
export type ConfigMap = ObjectOf<core.ConfigMap>;
export type Secret = ObjectOf<core.Secret>;
export type ResourceQuota = ObjectOf<core.ResourceQuota>;
export type Node = ObjectOf<core.Node>;
export type Lease = ObjectOf<coordination.Lease>;
export type HorizontalPodAutoscaler = ObjectOf<autoscaling.HorizontalPodAutoscaler>;
export type NetworkPolicy = ObjectOf<networking.NetworkPolicy>;
export type Ingress = ObjectOf<networking.Ingress>;

export const nameOf = (object: KubeObject): string => object.metadata?.name ?? '(unnamed)';
export const uidOf = (object: KubeObject): string => object.metadata?.uid ?? '';
export const isLeaving = (object: KubeObject): boolean => object.metadata?.deletionTimestamp !== undefined;
export const controllerOf = (object: KubeObject): string | undefined =>
  object.metadata?.ownerReferences?.find((owner) => owner.controller !== false)?.uid;
/** The number that the Deployment controller gave a ReplicaSet; 0 before it did. */
export const revisionOf = (replicaSet: ReplicaSet): number => Number(replicaSet.metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
/** Of all containers of a pod, init containers first, in the order in which they run. */
export const statusesOf = (pod: Pod): readonly ContainerStatus[] => [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
export const conditionOf = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type);
