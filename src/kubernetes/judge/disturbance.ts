import { conditionOf, uidOf, type Container, type KubeEvent, type Pod, type Probe } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { declared } from './containers.js';
import { occurrenceOf } from './symptom.js';

/** A sign that a new pod is not as healthy as its status still says. */
export interface Disturbance {
  /** uid of the pod. */
  readonly pod: string;
  /** Identifies one occurrence of the sign. */
  readonly key: string;
  /** How long the pod must then stay without another sign until it counts as ready, ms. */
  readonly settlesMs: number;
  /** A container was killed; false: a probe failed. */
  readonly killed: boolean;
}

/** The last sign of one pod. */
export interface Disturbed {
  readonly key: string;
  /** When it was first seen, monotonic ms. */
  readonly since: number;
  /** The pod had been without a sign for long enough before this one. */
  readonly wasCalm: boolean;
}

/** A container that a probe kills is restarted, and its status shows that; a busy kubelet takes seconds for it. */
const killedSettlesMs = 15_000;
const longestSettlingMs = 10_000;
/** The kubelet's own default: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
const usualPeriodSeconds = 10;

/**
 * For each new pod that is ready by its status, the newest event that contradicts it. Kubelets post events at once and
 * statuses late, so a version that its probe kills again and again can look ready for seconds after it was killed.
 */
export function disturbancesOf(view: WorkloadView): readonly Disturbance[] {
  return view.newPods.flatMap((pod) => {
    const signs = view.eventsOf(uidOf(pod)).filter((event) => isNews(event, pod));
    const latest = signs.reduce<KubeEvent | undefined>((best, next) => (best && timeOf(best) > timeOf(next) ? best : next), undefined);
    return latest ? [{ pod: uidOf(pod), key: occurrenceOf(latest), settlesMs: settlesMs(latest, pod), killed: latest.reason === 'Killing' }] : [];
  });
}

/**
 * What to remember of a sign. Each pod must once be without a sign for `settlesMs`, but not all of them at the same time: of
 * hundreds of pods, some probe always fails.
 * @param steadySince since when everything has looked healthy: a pod without a sign has had none since then
 */
export function noteDisturbance({ pod, key, settlesMs, killed }: Disturbance, before: ReadonlyMap<string, Disturbed>, at: number, steadySince = at): Disturbed {
  const known = before.get(pod);
  if (known?.key === key) return known;
  return { key, since: at, wasCalm: !killed && (known?.wasCalm === true || at - (known?.since ?? steadySince) >= settlesMs) };
}

/** Monotonic ms from which on all of these pods count as ready. */
export const settledAt = (disturbances: readonly Disturbance[], disturbed: ReadonlyMap<string, Disturbed>): number =>
  Math.max(-Infinity, ...disturbances.map(({ pod, settlesMs }) => {
    const noted = disturbed.get(pod);
    return noted && !noted.wasCalm ? noted.since + settlesMs : -Infinity;
  }));

const probeKilled = /failed (liveness|startup) probe/;
const probeFailed = /^(Liveness|Startup|Readiness) probe (failed|errored)/;

/** Whether it happened after the pod became ready. */
function isNews(event: KubeEvent, pod: Pod): boolean {
  const speaks = (event.reason === 'Killing' && probeKilled.test(event.message ?? '')) || (event.reason === 'Unhealthy' && probeFailed.test(event.message ?? ''));
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  return speaks && ready?.status === 'True' && timeOf(event) >= Date.parse(ready.lastTransitionTime ?? '');
}

/** ms since 1970; the API stores whole seconds. */
const timeOf = (event: KubeEvent): number => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? '');

/** After a failed probe, the time until the next one has passed. */
function settlesMs(event: KubeEvent, pod: Pod): number {
  if (event.reason === 'Killing') return killedSettlesMs;
  const container = declared(pod, /\{([^{}]+)\}/.exec(event.involvedObject?.fieldPath ?? '')?.[1]);
  const periodSeconds = container && probeOf(container, event.message ?? '')?.periodSeconds;
  return Math.min(longestSettlingMs, 1000 * ((periodSeconds ?? usualPeriodSeconds) + 1));
}

function probeOf(container: Container, message: string): Probe | undefined {
  if (message.startsWith('Readiness')) return container.readinessProbe;
  return message.startsWith('Startup') ? container.startupProbe : container.livenessProbe;
}
