import type { Any } from './api.js';

export interface WorkloadOptions {
  readonly image: string;
  readonly replicas?: number;
  /** Merged over the container. */
  readonly container?: Any;
  /** Merged over the pod's spec. */
  readonly pod?: Any;
  /** Merged over the workload's spec. */
  readonly spec?: Any;
  /** More containers of the pod. */
  readonly sidecars?: readonly Any[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A container of the fault app with a readiness probe of one second. */
function container(name: string, options: WorkloadOptions): Any {
  return {
    name, image: options.image, ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 },
    resources: { requests: { cpu: '1m', memory: '8Mi' } },
    ...options.container,
  };
}

function template(name: string, options: WorkloadOptions): Any {
  return {
    metadata: { labels: { app: name, ...options.labels } },
    spec: {
      automountServiceAccountToken: false, terminationGracePeriodSeconds: 5, enableServiceLinks: false,
      containers: [container(name, options), ...(options.sidecars ?? [])],
      ...options.pod,
    },
  };
}

const metadata = (name: string, options: WorkloadOptions): Any => ({ name, labels: { app: name }, annotations: options.annotations });
const selector = (name: string): Any => ({ matchLabels: { app: name } });

/** Two replicas unless told otherwise, no unavailable pod while it rolls. */
export function deployment(name: string, options: WorkloadOptions): Any {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata(name, options),
    spec: { replicas: options.replicas ?? 2, selector: selector(name), template: template(name, options), ...options.spec },
  };
}

export function statefulset(name: string, options: WorkloadOptions): Any {
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: metadata(name, options),
    spec: { replicas: options.replicas ?? 2, serviceName: name, selector: selector(name), template: template(name, options), ...options.spec },
  };
}

export function daemonset(name: string, options: WorkloadOptions): Any {
  return {
    apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: metadata(name, options),
    spec: { selector: selector(name), template: template(name, options), ...options.spec },
  };
}

export function cronjob(name: string, options: WorkloadOptions): Any {
  const pod = template(name, options);
  pod.spec.restartPolicy = 'Never';
  return {
    apiVersion: 'batch/v1', kind: 'CronJob', metadata: metadata(name, options),
    spec: { schedule: '0 3 1 1 *', jobTemplate: { spec: { template: pod } }, ...options.spec },
  };
}

/** Port 80, to port 8080 of the pods labelled `app: NAME`, or of another selector. */
export function service(name: string, podLabels: Readonly<Record<string, string>> = { app: name }): Any {
  return {
    apiVersion: 'v1', kind: 'Service', metadata: { name },
    spec: { selector: podLabels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

export function configmap(name: string, data: Readonly<Record<string, string>>): Any {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

/** A pull secret for one registry. */
export function pullSecret(name: string, registry: string, username: string, password: string): Any {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return {
    apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [registry]: { username, password, auth } } }) },
  };
}
