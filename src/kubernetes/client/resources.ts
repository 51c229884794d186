import type { WorkloadKind } from '../../config/config.js';

/** Where a kind is found in the API. */
export interface Resource {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly prefix: string;
}

const core = (plural: string, kind: string): Resource => ({ group: '', plural, kind, prefix: '/api/v1' });
const grouped = (group: string, plural: string, kind: string): Resource => ({ group, plural, kind, prefix: `/apis/${group}/v1` });

export const resources = {
  pods: core('pods', 'Pod'),
  services: core('services', 'Service'),
  events: core('events', 'Event'),
  configmaps: core('configmaps', 'ConfigMap'),
  replicasets: grouped('apps', 'replicasets', 'ReplicaSet'),
  deployments: grouped('apps', 'deployments', 'Deployment'),
  statefulsets: grouped('apps', 'statefulsets', 'StatefulSet'),
  daemonsets: grouped('apps', 'daemonsets', 'DaemonSet'),
  controllerrevisions: grouped('apps', 'controllerrevisions', 'ControllerRevision'),
  cronjobs: grouped('batch', 'cronjobs', 'CronJob'),
  jobs: grouped('batch', 'jobs', 'Job'),
  leases: grouped('coordination.k8s.io', 'leases', 'Lease'),
  resourcequotas: core('resourcequotas', 'ResourceQuota'),
  secrets: core('secrets', 'Secret'),
  persistentvolumeclaims: core('persistentvolumeclaims', 'PersistentVolumeClaim'),
  endpointslices: grouped('discovery.k8s.io', 'endpointslices', 'EndpointSlice'),
  // Version 1 has the number of replicas, and every version of Kubernetes serves it.
  horizontalpodautoscalers: grouped('autoscaling', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  networkpolicies: grouped('networking.k8s.io', 'networkpolicies', 'NetworkPolicy'),
  ingresses: grouped('networking.k8s.io', 'ingresses', 'Ingress'),
} as const;

export const workloadResource: Readonly<Record<WorkloadKind, Resource>> = {
  deployment: resources.deployments,
  statefulset: resources.statefulsets,
  daemonset: resources.daemonsets,
  cronjob: resources.cronjobs,
};

/** `pods`, `deployments.apps`: the name of a resource with its group, as kubectl writes it. */
export const qualifiedName = ({ group, plural }: Resource): string => (group === '' ? plural : `${plural}.${group}`);

/** Path of a collection, or of one object of it. Names are encoded: they come from outside. */
export const apiPath = (resource: Resource, namespace: string, name?: string): string =>
  `${resource.prefix}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
