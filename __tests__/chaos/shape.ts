import type { Any } from '../e2e/harness/api.js';
import { daemonset, deployment, service, statefulset } from '../e2e/harness/workloads.js';
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
  /** What the pods cannot start without: a key of a ConfigMap, one of a Secret, or a whole ConfigMap as a volume. */
  readonly refers: Refers;
  /**
   * `alone`: no two pods on one node, and there is one node: a second pod can never run beside the first.
   * `without pulls`: pods start from images that the node has, and from no others.
   */
  readonly place: 'anywhere' | 'alone' | 'without pulls';
}

export type Refers = 'nothing' | 'key' | 'secret' | 'volume';

export function chooseShape(choices: Choices): Shape {
  const place = choices.weighted<Shape['place']>([[90, 'anywhere'], [5, 'alone'], [5, 'without pulls']]);
  const web = place === 'anywhere' ? chooseWorkload(choices, 'web') : single(place);
  const pair = place === 'anywhere' && choices.chance(0.3);
  return {
    workloads: pair ? [web, chooseWorkload(choices, 'worker')] : [web],
    smoke: choices.weighted([[2, 'none'], [2, 'status'], [6, 'version']]),
    proveFirst: choices.chance(0.75),
    liveness: choices.chance(0.25), init: choices.chance(0.2), place,
    refers: choices.weighted([[3, 'nothing'], [1, 'key'], [1, 'secret'], [1, 'volume']]),
  };
}

const single = (place: 'alone' | 'without pulls'): WorkloadShape => ({
  name: 'web', kind: 'Deployment', replicas: 1, spec: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } },
  said: `Deployment×1 ${place === 'alone' ? 'alone on its node' : place}`,
});

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
  const flags = [shape.liveness && 'liveness', shape.init && 'init', { nothing: false, key: 'ConfigMap', secret: 'Secret', volume: 'ConfigMap as a volume' }[shape.refers], shape.smoke !== 'none' && `smoke ${shape.smoke}`,
    shape.smoke !== 'none' && !shape.proveFirst && 'not proved first'].filter(Boolean);
  return [shape.workloads.map(({ said }) => said).join(' + '), ...flags].join(', ');
}

export const settings = { name: 'settings', data: { greeting: 'hi' } };

/** The workloads of the app and its Service, with this image in every container. */
export function objectsOf(shape: Shape, image: string): Any[] {
  const builders = { Deployment: deployment, StatefulSet: statefulset, DaemonSet: daemonset };
  return [
    service('web'),
    ...shape.workloads.map((workload) => builders[workload.kind](workload.name, {
      // By the second label a Service can lead to the pods of others as well.
      image, labels: workload.name === 'web' ? { tier: 'front' } : {}, replicas: workload.replicas, spec: workload.spec,
      container: containerOf(shape, workload), pod: podOf(shape, workload, image),
    })),
  ];
}

function containerOf(shape: Shape, { name }: WorkloadShape): Any {
  return {
    env: [
      ...(name === 'worker' ? [{ name: 'ROLE', value: 'WORKER' }] : []),
      ...(shape.refers === 'key' ? [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: settings.name, key: 'greeting' } } }] : []),
      ...(shape.refers === 'secret' ? [{ name: 'GREETING', valueFrom: { secretKeyRef: { name: settings.name, key: 'greeting' } } }] : []),
    ],
    ...(shape.place === 'without pulls' ? { imagePullPolicy: 'Never' } : {}),
    volumeMounts: [{ name: 'state', mountPath: '/state' }, ...(shape.refers === 'volume' ? [{ name: 'settings', mountPath: '/settings' }] : [])],
    resources: { requests: { cpu: '1m', memory: '8Mi' }, limits: { memory: '64Mi' } },
    ...(shape.liveness ? { livenessProbe: { httpGet: { path: '/live', port: 8080 }, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5, initialDelaySeconds: 1 } } : {}),
  };
}

function podOf(shape: Shape, { name }: WorkloadShape, image: string): Any {
  const apart = { labelSelector: { matchLabels: { app: name } }, topologyKey: 'kubernetes.io/hostname' };
  return {
    volumes: [{ name: 'state', emptyDir: {} }, ...(shape.refers === 'volume' ? [{ name: 'settings', configMap: { name: settings.name } }] : [])],
    ...(shape.init ? { initContainers: [{ name: 'init', image, ...(shape.place === 'without pulls' ? { imagePullPolicy: 'Never' } : {}), env: [{ name: 'ROLE', value: 'INIT' }] }] } : {}),
    ...(shape.place === 'alone' ? { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } } } : {}),
  };
}

/** Every old pod stays until a new one is ready. */
export const surges = ({ workloads }: Shape): boolean => workloads.every(({ kind, replicas, spec }) =>
  kind === 'Deployment' && spec.strategy?.type !== 'Recreate' && (spec.strategy?.rollingUpdate.maxUnavailable ?? (replicas < 4 ? 0 : 1)) === 0);
