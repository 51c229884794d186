/**
 * The fields of Kubernetes objects that are read here. Everything is optional, because a cluster may be older, newer or
 * hostile: a missing field must never be a crash.
 */
export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** When the object is to be gone: the time of the request and the grace period. */
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly uid?: string; readonly kind?: string; readonly name?: string; readonly controller?: boolean }[];
  readonly managedFields?: readonly FieldsOfManager[];
}

/** Who wrote which fields last, and when. */
export interface FieldsOfManager {
  readonly manager?: string;
  readonly time?: string;
  /** Names of fields, each after `f:`. */
  readonly fieldsV1?: { readonly [field: string]: Readonly<Record<string, unknown>> | undefined };
}

export interface KubeObject {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: Metadata;
}

export interface Probe {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
  readonly successThreshold?: number;
}

export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>>; readonly requests?: Readonly<Record<string, string>> };
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: unknown; readonly postStart?: LifecycleHandler };
  readonly restartPolicy?: string;
  readonly env?: readonly {
    readonly name?: string;
    readonly valueFrom?: {
      readonly configMapKeyRef?: { readonly name?: string; readonly key?: string; readonly optional?: boolean };
      readonly secretKeyRef?: { readonly name?: string; readonly key?: string; readonly optional?: boolean };
    };
  }[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name?: string; readonly optional?: boolean };
    readonly secretRef?: { readonly name?: string; readonly optional?: boolean };
  }[];
}

export interface LifecycleHandler {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: { readonly path?: string; readonly port?: number | string };
}

export interface Taint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
}

export interface Toleration extends Taint {
  readonly operator?: string;
}

export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly nodeName?: string;
  readonly readinessGates?: readonly { readonly conditionType?: string }[];
  readonly schedulerName?: string;
  readonly schedulingGates?: readonly { readonly name?: string }[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly runtimeClassName?: string;
  readonly affinity?: Readonly<Partial<Record<'nodeAffinity' | 'podAffinity', { readonly requiredDuringSchedulingIgnoredDuringExecution?: unknown }>>>;
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly terminationGracePeriodSeconds?: number;
  readonly volumes?: readonly {
    readonly name?: string;
    readonly configMap?: VolumeSource & { readonly name?: string };
    readonly secret?: VolumeSource & { readonly secretName?: string };
    readonly projected?: { readonly sources?: readonly Partial<Record<'configMap' | 'secret', VolumeSource & { readonly name?: string }>>[] };
  }[];
}

/** A ConfigMap or Secret as files: with `items`, those keys and no others. */
export interface VolumeSource {
  readonly optional?: boolean;
  readonly items?: readonly { readonly key?: string }[];
}

export interface PodTemplate {
  readonly metadata?: Metadata;
  readonly spec?: PodSpec;
}

export interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: Terminated;
}

export interface Terminated {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

export interface ContainerStatus {
  readonly name?: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly image?: string;
  readonly imageID?: string;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface Pod extends KubeObject {
  readonly spec?: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly startTime?: string;
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key?: string; readonly operator?: string; readonly values?: readonly string[] }[];
}

/** Deployment, StatefulSet, DaemonSet or CronJob: the union of their fields that are read. */
export interface Workload extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly minReadySeconds?: number;
    readonly progressDeadlineSeconds?: number;
    readonly revisionHistoryLimit?: number;
    readonly selector?: LabelSelector;
    readonly template?: PodTemplate;
    readonly podManagementPolicy?: string;
    readonly ordinals?: { readonly start?: number };
    readonly strategy?: { readonly type?: string; readonly rollingUpdate?: RollingUpdate };
    readonly updateStrategy?: { readonly type?: string; readonly rollingUpdate?: RollingUpdate };
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplate } };
    readonly suspend?: boolean;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly unavailableReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly desiredNumberScheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
    readonly numberReady?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface RollingUpdate {
  readonly maxSurge?: number | string;
  readonly maxUnavailable?: number | string;
  readonly partition?: number;
}

export interface ReplicaSet extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly template?: PodTemplate };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number; readonly conditions?: readonly Condition[] };
}

export interface ControllerRevision extends KubeObject {
  readonly revision?: number;
  /** Of a DaemonSet: the patch that would make its template this one again. */
  readonly data?: { readonly spec?: { readonly template?: PodTemplate } };
}

export interface KubeEvent extends KubeObject {
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly uid?: string; readonly fieldPath?: string };
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly eventTime?: string;
}

export interface Service extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly publishNotReadyAddresses?: boolean;
    readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly targetPort?: number | string; readonly protocol?: string }[];
  };
}

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[];
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
    readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
  }[];
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface ResourceQuota extends KubeObject {
  readonly spec?: { readonly scopes?: readonly string[]; readonly scopeSelector?: unknown };
  readonly status?: { readonly hard?: Readonly<Record<string, string>>; readonly used?: Readonly<Record<string, string>> };
}

export interface List<T> extends KubeObject {
  readonly metadata?: Metadata & { readonly continue?: string };
  readonly items?: readonly T[];
}

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
