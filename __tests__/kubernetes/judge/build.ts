import type { ObjectChange } from '../../../src/kubernetes/client/watch.js';
import type {
  Condition, Container, ContainerStatus, ControllerRevision, EndpointSlice, KubeEvent, KubeObject, Pod, PodTemplate, ReplicaSet, Service, Workload,
} from '../../../src/kubernetes/client/objects.js';
import { resources, type Resource } from '../../../src/kubernetes/client/resources.js';
import type { ImageChange } from '../../../src/target/set-image/image-change.js';
import type { WorkloadKind } from '../../../src/config/config.js';

/** Small objects of Kubernetes, with what a test does not speak of filled in as a healthy cluster would. */
export const oldImage = `registry.example/api:1@sha256:${'1'.repeat(64)}`;
export const newImage = `registry.example/api:2@sha256:${'2'.repeat(64)}`;

let version = 1000;
/** resourceVersions grow with each object that is made, as they do in a cluster. */
export const nextVersion = (): string => String((version += 1));

export interface PodOptions {
  readonly uid?: string;
  readonly owner?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly statuses?: readonly ContainerStatus[];
  readonly initStatuses?: readonly ContainerStatus[];
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly conditions?: readonly Condition[];
  readonly reason?: string;
  readonly deleted?: boolean;
}

/** Ready since a second after its start, with one running container `app`, unless the options say otherwise. */
export function pod(name: string, options: PodOptions = {}): Pod {
  const statuses = options.statuses ?? [running()];
  const ready = statuses.every((status) => status.ready) && statuses.length > 0;
  return {
    kind: 'Pod',
    metadata: {
      name, uid: options.uid ?? `uid-${name}`, resourceVersion: nextVersion(), labels: { app: 'api', ...options.labels },
      ownerReferences: [{ uid: options.owner ?? 'uid-rs-new', controller: true }],
      ...(options.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: 'node-1', containers: options.containers ?? [{ name: 'app', image: options.image ?? newImage }], initContainers: options.initContainers },
    status: {
      phase: 'Running', reason: options.reason, containerStatuses: statuses, initContainerStatuses: options.initStatuses,
      conditions: options.conditions ?? [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:01Z' },
      ],
    },
  };
}

export const running = (status: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ name: 'app', ready: true, restartCount: 0, state: { running: { startedAt: '2026-01-01T00:00:00Z' } }, ...status });

export const waiting = (reason: string, message?: string, status: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ name: 'app', ready: false, restartCount: 0, state: { waiting: { reason, message } }, ...status });

export interface End {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly reason?: string;
  readonly message?: string;
}

export const ended = (end: End = {}, status: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ name: 'app', ready: false, restartCount: 0, state: { terminated: { exitCode: 1, reason: 'Error', ...end } }, ...status });

/** Runs again after having ended. */
export const restarted = (restartCount: number, end: End = {}, status: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ ...running({ ready: false, restartCount, lastState: { terminated: { exitCode: 1, reason: 'Error', ...end } } }), ...status });

export const backingOff = (restartCount: number, end: End = {}, status: Partial<ContainerStatus> = {}): ContainerStatus =>
  waiting('CrashLoopBackOff', 'back-off 10s restarting failed container', { restartCount, lastState: { terminated: { exitCode: 1, reason: 'Error', ...end } }, ...status });

export const template = (image: string, extra: Readonly<Record<string, string>> = {}): PodTemplate =>
  ({ metadata: { labels: { app: 'api', ...extra } }, spec: { containers: [{ name: 'app', image }] } });

export interface WorkloadOptions {
  readonly uid?: string;
  readonly generation?: number;
  readonly image?: string;
  readonly spec?: Workload['spec'];
  readonly status?: Workload['status'];
  readonly deleted?: boolean;
}

/** A Deployment `api` of two replicas that has finished rolling out, at generation 2. */
export function deployment(options: WorkloadOptions = {}): Workload {
  const replicas = options.spec?.replicas ?? 2;
  return workloadOf('Deployment', options, { observedGeneration: 2, replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas });
}

export function statefulset(options: WorkloadOptions = {}): Workload {
  const replicas = options.spec?.replicas ?? 2;
  return workloadOf('StatefulSet', options, {
    observedGeneration: 2, replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas, currentRevision: 'api-old', updateRevision: 'api-new',
  });
}

export const daemonset = (options: WorkloadOptions = {}): Workload =>
  workloadOf('DaemonSet', options, { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 });

function workloadOf(kind: string, options: WorkloadOptions, status: Workload['status']): Workload {
  return {
    kind,
    metadata: {
      name: 'api', uid: options.uid ?? 'uid-api', generation: options.generation ?? 2, resourceVersion: nextVersion(),
      ...(options.deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { replicas: 2, selector: { matchLabels: { app: 'api' } }, template: template(options.image ?? newImage), ...options.spec },
    status: { ...status, ...options.status },
  };
}

export const replicaSet = (name: string, image: string, options: { uid?: string; revision?: number; conditions?: readonly Condition[] } = {}): ReplicaSet => ({
  kind: 'ReplicaSet',
  metadata: {
    name, uid: options.uid ?? `uid-${name}`, resourceVersion: nextVersion(), annotations: { 'deployment.kubernetes.io/revision': String(options.revision ?? 1) },
    ownerReferences: [{ uid: 'uid-api', controller: true }],
  },
  spec: { replicas: 2, template: template(image, { 'pod-template-hash': name }) },
  status: { conditions: options.conditions },
});

/** As the controller of a DaemonSet writes it, with what its version writes for fields that nobody has set. */
export const controllerRevision = (revision: number, hash: string, image = newImage): ControllerRevision => ({
  kind: 'ControllerRevision', revision, data: { spec: { template: { $patch: 'replace', ...template(image) } as PodTemplate } },
  metadata: {
    name: `api-${hash}`, uid: `uid-revision-${hash}`, resourceVersion: nextVersion(), labels: { 'controller-revision-hash': hash },
    ownerReferences: [{ uid: 'uid-api', controller: true }],
  },
});

export const event = (about: string, reason: string, message: string, options: { uid?: string; container?: string; type?: string } = {}): KubeEvent => {
  const resourceVersion = nextVersion();
  return {
    kind: 'Event', metadata: { name: `event-${resourceVersion}`, uid: options.uid ?? `uid-event-${resourceVersion}`, resourceVersion },
    involvedObject: { uid: about, fieldPath: options.container ? `spec.containers{${options.container}}` : undefined },
    reason, message, type: options.type ?? 'Warning',
  };
};

export interface EndpointOptions {
  readonly uid?: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

/** The slice of a Service with an endpoint for each pod name. */
export const slice = (service: string, endpoints: Readonly<Record<string, EndpointOptions>>): EndpointSlice => ({
  kind: 'EndpointSlice',
  metadata: { name: `${service}-abcde`, uid: `uid-slice-${service}`, resourceVersion: nextVersion(), labels: { 'kubernetes.io/service-name': service } },
  endpoints: Object.entries(endpoints).map(([name, { uid, ready, terminating }]) => ({
    addresses: ['10.0.0.1'], conditions: { ready: ready ?? true, serving: ready ?? true, terminating: terminating ?? false }, targetRef: { kind: 'Pod', name, uid: uid ?? `uid-${name}` },
  })),
});

export const service = (name: string, options: { selector?: Readonly<Record<string, string>>; ports?: NonNullable<Service['spec']>['ports'] } = {}): Service => ({
  kind: 'Service', metadata: { name, uid: `uid-service-${name}` },
  spec: { selector: options.selector ?? { app: 'api' }, ports: options.ports ?? [{ port: 80, targetPort: 8080 }] },
});

export const target = (kind: WorkloadKind = 'deployment', options: Partial<ImageChange> = {}): ImageChange =>
  ({ ref: `${kind}/api`, kind, name: 'api', uid: 'uid-api', containers: [{ name: 'app', before: oldImage, after: newImage }], ...options });

const byKind: Readonly<Record<string, Resource>> = Object.fromEntries(Object.values(resources).map((resource) => [resource.kind, resource]));

export const set = (object: KubeObject): ObjectChange => ({ resource: resourceOf(object), type: 'set', object });
export const gone = (object: KubeObject): ObjectChange => ({ resource: resourceOf(object), type: 'gone', object });

function resourceOf(object: KubeObject): Resource {
  const resource = byKind[object.kind ?? ''];
  if (!resource) throw new Error(`no resource for ${object.kind}`);
  return resource;
}
