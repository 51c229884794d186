/** An API version of kinds that a version of Kubernetes no longer serves. */
export interface RemovedApi {
  readonly apiVersion: string;
  readonly kinds: readonly string[];
  /** The minor version of Kubernetes 1 that removed it. */
  readonly removedIn: number;
  /** What replaces it, and the minor version that has it first. Undefined: nothing does. */
  readonly replacement?: { readonly apiVersion: string; readonly since: number };
}

const removed = (removedIn: number, apiVersion: string, kinds: string, replacement?: string, since = 0): RemovedApi =>
  ({ apiVersion, kinds: kinds.split(' '), removedIn, replacement: replacement === undefined ? undefined : { apiVersion: replacement, since } });

/** When the table was compared with its source. @public for scripts/generate */
export const removedApisAsOf = { date: '2026-11-30', source: 'https://kubernetes.io/docs/reference/using-api/deprecation-guide/' } as const;

/** What Kubernetes has removed since version 1.16, the newest first. */
export const removedApis: readonly RemovedApi[] = [
  removed(32, 'flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1', 29),
  removed(29, 'flowcontrol.apiserver.k8s.io/v1beta2', 'FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1', 29),
  removed(27, 'storage.k8s.io/v1beta1', 'CSIStorageCapacity', 'storage.k8s.io/v1', 24),
  removed(26, 'flowcontrol.apiserver.k8s.io/v1beta1', 'FlowSchema PriorityLevelConfiguration', 'flowcontrol.apiserver.k8s.io/v1', 29),
  removed(26, 'autoscaling/v2beta2', 'HorizontalPodAutoscaler', 'autoscaling/v2', 23),
  removed(25, 'autoscaling/v2beta1', 'HorizontalPodAutoscaler', 'autoscaling/v2', 23),
  removed(25, 'batch/v1beta1', 'CronJob', 'batch/v1', 21),
  removed(25, 'discovery.k8s.io/v1beta1', 'EndpointSlice', 'discovery.k8s.io/v1', 21),
  removed(25, 'events.k8s.io/v1beta1', 'Event', 'events.k8s.io/v1', 19),
  removed(25, 'node.k8s.io/v1beta1', 'RuntimeClass', 'node.k8s.io/v1', 20),
  removed(25, 'policy/v1beta1', 'PodDisruptionBudget', 'policy/v1', 21),
  removed(25, 'policy/v1beta1', 'PodSecurityPolicy'),
  removed(22, 'admissionregistration.k8s.io/v1beta1', 'MutatingWebhookConfiguration ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/v1', 16),
  removed(22, 'apiextensions.k8s.io/v1beta1', 'CustomResourceDefinition', 'apiextensions.k8s.io/v1', 16),
  removed(22, 'apiregistration.k8s.io/v1beta1', 'APIService', 'apiregistration.k8s.io/v1', 10),
  removed(22, 'authentication.k8s.io/v1beta1', 'TokenReview', 'authentication.k8s.io/v1', 6),
  removed(22, 'authorization.k8s.io/v1beta1', 'LocalSubjectAccessReview SelfSubjectAccessReview SubjectAccessReview', 'authorization.k8s.io/v1', 6),
  removed(22, 'certificates.k8s.io/v1beta1', 'CertificateSigningRequest', 'certificates.k8s.io/v1', 19),
  removed(22, 'coordination.k8s.io/v1beta1', 'Lease', 'coordination.k8s.io/v1', 14),
  removed(22, 'extensions/v1beta1', 'Ingress', 'networking.k8s.io/v1', 19),
  removed(22, 'networking.k8s.io/v1beta1', 'Ingress IngressClass', 'networking.k8s.io/v1', 19),
  removed(22, 'rbac.authorization.k8s.io/v1beta1', 'ClusterRole ClusterRoleBinding Role RoleBinding', 'rbac.authorization.k8s.io/v1', 8),
  removed(22, 'scheduling.k8s.io/v1beta1', 'PriorityClass', 'scheduling.k8s.io/v1', 14),
  removed(22, 'storage.k8s.io/v1beta1', 'CSIDriver CSINode StorageClass VolumeAttachment', 'storage.k8s.io/v1', 19),
  removed(16, 'extensions/v1beta1', 'NetworkPolicy', 'networking.k8s.io/v1', 8),
  removed(16, 'extensions/v1beta1', 'PodSecurityPolicy'),
  removed(16, 'extensions/v1beta1', 'DaemonSet Deployment ReplicaSet', 'apps/v1', 9),
  removed(16, 'apps/v1beta1', 'Deployment StatefulSet ReplicaSet', 'apps/v1', 9),
  removed(16, 'apps/v1beta2', 'DaemonSet Deployment StatefulSet ReplicaSet', 'apps/v1', 9),
];

/** The entry of an object; undefined for an API that is served. */
export const removedApi = (apiVersion: string, kind: string): RemovedApi | undefined =>
  removedApis.find((each) => each.apiVersion === apiVersion && each.kinds.includes(kind));

/** The minor version in `v1.34.4+k3s1`; undefined for another major version or text. */
export function minorOf(version: string | undefined): number | undefined {
  const [, minor] = /^v?1\.(\d{1,3})(?:\D|$)/.exec(version ?? '') ?? [];
  return minor === undefined ? undefined : Number(minor);
}
