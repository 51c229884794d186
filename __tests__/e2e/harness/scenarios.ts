import type { Any } from './api.js';
import { environment, pause } from './environment.js';
import { pushImage, type Variant } from './images.js';
import type { Space } from './namespace.js';
import { configmap, daemonset, deployment, service, statefulset, type WorkloadOptions } from './workloads.js';

/** A change of a healthy app `web`, and how long it is worth to look at. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  /** Of the healthy version. */
  readonly before?: Partial<WorkloadOptions>;
  /** What else is in the namespace. */
  readonly objects?: readonly Any[];
  /** Done after the healthy version runs, and before the change. */
  readonly prepare?: (space: Space) => Promise<void>;
  /** The new image: a variant of the app, or a reference that leads nowhere. */
  readonly after: Variant | string | (() => string);
  /** Seconds to record after the change; `done`: until it is rolled out, and 4 s more. */
  readonly record: number | 'done';
  /** Puts the old image back after so many seconds. */
  readonly restoreAfter?: number;
}

const absent = `sha256:${'0123456789abcdef'.repeat(4)}`;
const wantsKey: Partial<WorkloadOptions> = {
  container: { env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } }] },
};
const stateVolume: Partial<WorkloadOptions> = {
  replicas: 1,
  container: { volumeMounts: [{ name: 'state', mountPath: '/state' }] }, pod: { volumes: [{ name: 'state', emptyDir: {} }] },
};
const calm = 'serve-after-term=2s';

export const scenarios: readonly Scenario[] = [
  { name: 'good', description: 'v2 is fine', after: { version: 'v2', mode: calm }, record: 'done' },
  { name: 'good-slow-ready', description: 'v2 needs 8 s to become ready', after: { version: 'v2', mode: 'slow-ready=8s' }, record: 'done' },
  { name: 'good-recreate', description: 'strategy Recreate, v2 is fine', before: { spec: { strategy: { type: 'Recreate' } } }, after: { version: 'v2' }, record: 'done' },
  { name: 'good-crash-once', description: 'the first start of v2 fails, the second is fine', before: stateVolume, after: { version: 'v2', mode: 'crash-once' }, record: 'done' },
  { name: 'good-statefulset', description: 'StatefulSet, v2 is fine', kind: 'StatefulSet', after: { version: 'v2' }, record: 'done' },
  { name: 'good-daemonset', description: 'DaemonSet, v2 is fine', kind: 'DaemonSet', after: { version: 'v2' }, record: 'done' },
  {
    name: 'good-after-stale-deadline', description: 'an earlier change ran into ProgressDeadlineExceeded; v2 is fine',
    before: { spec: { progressDeadlineSeconds: 5 } }, prepare: exceedDeadline, after: { version: 'v2' }, record: 'done',
  },
  { name: 'image-not-found', description: 'the tag is not in the registry', after: () => `${environment().registry}/e2e/app:no-such-tag`, record: 25 },
  { name: 'image-not-found-digest', description: 'the digest is not in the registry', after: () => `${environment().registry}/e2e/app:v1@${absent}`, record: 25 },
  { name: 'image-pull-denied', description: 'the registry wants a login that the pod has not', after: { version: 'v2', repository: 'private/app', withLogin: true, fresh: true }, record: 40 },
  { name: 'image-name-invalid', description: 'upper case in the image name', after: () => `${environment().registry}/e2e/App:v2`, record: 12 },
  { name: 'crash-loop', description: 'v2 ends with code 1 at once', after: { version: 'v2', mode: 'crash' }, record: 30 },
  { name: 'crash-loop-exit-zero', description: 'v2 ends with code 0 at once', after: { version: 'v2', mode: 'exit-zero' }, record: 25 },
  { name: 'crash-loop-late', description: 'v2 is ready, and ends after 4 s', after: { version: 'v2', mode: 'crash-after=4s' }, record: 30 },
  { name: 'crash-loop-statefulset', description: 'StatefulSet, v2 ends with code 1 at once', kind: 'StatefulSet', after: { version: 'v2', mode: 'crash' }, record: 25 },
  { name: 'crash-loop-daemonset', description: 'DaemonSet, v2 ends with code 1 at once', kind: 'DaemonSet', after: { version: 'v2', mode: 'crash' }, record: 25 },
  {
    name: 'container-config-key', description: 'a key of a ConfigMap has gone since v1 started', before: wantsKey,
    objects: [configmap('settings', { greeting: 'hi' })], prepare: (space) => space.patch('ConfigMap', 'settings', { data: { greeting: null, other: 'x' } }),
    after: { version: 'v2' }, record: 20,
  },
  {
    name: 'container-config-map', description: 'a ConfigMap has gone since v1 started', before: wantsKey,
    objects: [configmap('settings', { greeting: 'hi' })], prepare: (space) => space.remove('ConfigMap', 'settings'),
    after: { version: 'v2' }, record: 20,
  },
  { name: 'not-ready', description: 'v2 starts and is never ready', after: { version: 'v2', mode: 'unready' }, record: 75 },
  {
    name: 'deadline', description: 'v2 is never ready, progressDeadlineSeconds 10', before: { spec: { progressDeadlineSeconds: 10 } },
    after: { version: 'v2', mode: 'unready' }, record: 16,
  },
  { name: 'crash-loop-restored', description: 'v2 ends at once; v1 is put back after 8 s', after: { version: 'v2', mode: 'crash' }, record: 'done', restoreAfter: 8 },
  {
    name: 'not-found-restored', description: 'the tag is not in the registry; v1 is put back after 4 s',
    after: () => `${environment().registry}/e2e/app:no-such-tag`, record: 'done', restoreAfter: 4,
  },
];

async function exceedDeadline(space: Space): Promise<void> {
  await setImage(space, 'Deployment', `${environment().registry}/e2e/app:no-such-tag`);
  await space.until('Deployment', 'web', 'exceeds its deadline', (d) => d.status.conditions?.some((c: Any) => c.reason === 'ProgressDeadlineExceeded'));
}

const builders = { Deployment: deployment, StatefulSet: statefulset, DaemonSet: daemonset };

/** The healthy version, rolled out, with a Service. */
export async function startHealthy(space: Space, scenario: Scenario): Promise<void> {
  const kind = scenario.kind ?? 'Deployment';
  const { reference } = await pushImage({ version: 'v1', mode: calm });
  await space.apply(...(scenario.objects ?? []), service('web'), builders[kind]('web', { image: reference, ...scenario.before }));
  await space.rolledOut(kind, 'web');
  await pause(2000);
  await scenario.prepare?.(space);
}

/** Sets the image of the container `web`, as `kubectl set image` does. */
export async function setImage(space: Space, kind: string, image: string): Promise<string> {
  const object = await space.get(kind, 'web');
  const [container] = object.spec.template.spec.containers;
  await space.patch(kind, 'web', { spec: { template: { spec: { containers: [{ ...container, image }] } } } });
  return container.image;
}

/** Makes the change and waits as long as the scenario says. `mark` is told the moments. */
export async function playChange(space: Space, scenario: Scenario, mark: (what: string) => void): Promise<void> {
  const kind = scenario.kind ?? 'Deployment';
  const after = typeof scenario.after === 'function' ? scenario.after() : scenario.after;
  const image = typeof after === 'string' ? after : (await pushImage({ tag: `${scenario.name}-${after.version}`, ...after })).reference;
  mark('changed');
  const before = await setImage(space, kind, image);
  if (scenario.restoreAfter !== undefined) {
    await pause(scenario.restoreAfter * 1000);
    mark('restored');
    await setImage(space, kind, before);
  }
  if (scenario.record === 'done') {
    await pause(300);
    await space.rolledOut(kind, 'web', 90_000);
    mark('rolled out');
    await pause(4000);
  } else {
    await pause(scenario.record * 1000);
  }
}
