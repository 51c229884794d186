import type { Any } from '../e2e/harness/api.js';
import { configmap, daemonset, deployment, service, statefulset } from '../e2e/harness/workloads.js';
import type { Choices } from './random.js';

export type Kind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

export interface WorkloadShape {
  readonly name: 'web' | 'worker';
  readonly kind: Kind;
  readonly replicas: number;
  /** Merged over its spec. */
  readonly spec: Any;
  /** How a person would say what is special about it. */
  readonly said: string;
}

/** How an app is made and asked: the same for all of its releases. */
export interface Shape {
  /** `web` has a Service; `worker` has none, and is released together with it. */
  readonly workloads: readonly WorkloadShape[];
  readonly smoke: 'none' | 'status' | 'version';
  readonly proveFirst: boolean;
  readonly liveness: boolean;
  readonly init: boolean;
  /** The pods want a key of a ConfigMap. */
  readonly keyed: boolean;
  /** No two pods on one node, and there is one node: a second pod can never run beside the first. */
  readonly alone: boolean;
}

export function chooseShape(choices: Choices): Shape {
  const alone = choices.chance(0.04);
  const web = alone ? lonely : chooseWorkload(choices, 'web');
  const pair = !alone && choices.chance(0.3);
  return {
    workloads: pair ? [web, chooseWorkload(choices, 'worker')] : [web],
    smoke: choices.weighted([[2, 'none'], [2, 'status'], [6, 'version']]),
    proveFirst: choices.chance(0.75),
    liveness: choices.chance(0.2), init: choices.chance(0.2), keyed: choices.chance(0.2), alone,
  };
}

const lonely: WorkloadShape = {
  name: 'web', kind: 'Deployment', replicas: 1, spec: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }, said: 'Deployment×1 alone on its node',
};

function chooseWorkload(choices: Choices, name: 'web' | 'worker'): WorkloadShape {
  const kind = choices.weighted<Kind>([[6, 'Deployment'], [2, 'StatefulSet'], [1, 'DaemonSet']]);
  const replicas = kind === 'DaemonSet' ? 1 : choices.whole(1, kind === 'Deployment' ? 4 : 3);
  const [spec, special] = choices.pick<readonly [Any, string]>(specsOf[kind]);
  return { name, kind, replicas, spec, said: `${kind}${kind === 'DaemonSet' ? '' : `×${replicas}`}${special && ` ${special}`}` };
}

const rolling = (maxSurge: number | string, maxUnavailable: number | string): readonly [Any, string] =>
  [{ strategy: { rollingUpdate: { maxSurge, maxUnavailable } } }, `surge ${maxSurge} unavailable ${maxUnavailable}`];

const specsOf: Readonly<Record<Kind, readonly (readonly [Any, string])[]>> = {
  Deployment: [
    [{}, ''], rolling(1, 0), rolling(0, 1), rolling('100%', 0), rolling(0, '100%'), rolling(2, 1), [{ strategy: { type: 'Recreate' } }, 'Recreate'],
    [{ minReadySeconds: 2 }, 'minReadySeconds 2'], [{ revisionHistoryLimit: 0 }, 'no history'],
  ],
  StatefulSet: [[{}, ''], [{ podManagementPolicy: 'Parallel' }, 'Parallel']],
  DaemonSet: [[{}, ''], [{ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }, 'surge 1']],
};

/** `deployment/web`. */
export const refOf = ({ kind, name }: Pick<WorkloadShape, 'kind' | 'name'>): string => `${kind.toLowerCase()}/${name}`;

export function describeShape(shape: Shape): string {
  const flags = [shape.liveness && 'liveness', shape.init && 'init', shape.keyed && 'ConfigMap', shape.smoke !== 'none' && `smoke ${shape.smoke}`,
    shape.smoke !== 'none' && !shape.proveFirst && 'not proved first'].filter(Boolean);
  return [shape.workloads.map(({ said }) => said).join(' + '), ...flags].join(', ');
}

export const settings = { name: 'settings', data: { greeting: 'hi' } };

/** Everything that the app consists of, with this image in every container. */
export function objectsOf(shape: Shape, image: string): Any[] {
  const builders = { Deployment: deployment, StatefulSet: statefulset, DaemonSet: daemonset };
  return [
    configmap(settings.name, settings.data), service('web'),
    ...shape.workloads.map((workload) => builders[workload.kind](workload.name, {
      image, replicas: workload.replicas, spec: workload.spec,
      container: containerOf(shape, workload), pod: podOf(shape, workload, image),
    })),
  ];
}

function containerOf(shape: Shape, { name }: WorkloadShape): Any {
  return {
    env: [
      ...(name === 'worker' ? [{ name: 'ROLE', value: 'WORKER' }] : []),
      ...(shape.keyed ? [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: settings.name, key: 'greeting' } } }] : []),
    ],
    volumeMounts: [{ name: 'state', mountPath: '/state' }],
    resources: { requests: { cpu: '1m', memory: '8Mi' }, limits: { memory: '64Mi' } },
    ...(shape.liveness ? { livenessProbe: { httpGet: { path: '/live', port: 8080 }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5, initialDelaySeconds: 1 } } : {}),
  };
}

function podOf(shape: Shape, { name }: WorkloadShape, image: string): Any {
  const apart = { labelSelector: { matchLabels: { app: name } }, topologyKey: 'kubernetes.io/hostname' };
  return {
    volumes: [{ name: 'state', emptyDir: {} }],
    ...(shape.init ? { initContainers: [{ name: 'init', image, env: [{ name: 'ROLE', value: 'INIT' }] }] } : {}),
    ...(shape.alone ? { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } } } : {}),
  };
}
