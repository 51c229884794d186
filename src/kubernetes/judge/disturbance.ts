import { conditionOf, uidOf, type Container, type KubeEvent, type Pod, type Probe } from '../client/objects.js';
import type { WorkloadView } from '../observe/world.js';
import { declared } from './containers.js';
import { occurrenceOf } from './symptom.js';

/** A sign that a new pod is not as well as its status still says. */
export interface Disturbance {
  /** uid of the pod. */
  readonly pod: string;
  /** The same for the same sign, another one when it is seen again. */
  readonly key: string;
  /** For that long nothing more must happen to the pod until it counts again, ms. */
  readonly settlesMs: number;
  /** The pod itself was touched, and not only asked in vain. */
  readonly killed: boolean;
}

/** What is remembered of the last sign of one pod. */
export interface Disturbed {
  readonly key: string;
  /** When it was first seen, monotonic ms. */
  readonly since: number;
  /** The pod had been calm for long enough before it. */
  readonly wasCalm: boolean;
}

/** A container that a probe kills starts anew, and its status shows that in the end: a busy kubelet takes seconds for it. */
const killedSettlesMs = 15_000;
const longestSettlingMs = 10_000;
/** The kubelet's own default: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
const usualPeriodSeconds = 10;

/**
 * Of each new pod that is ready by its status, the newest event that speaks against it. Kubelets post events at once and
 * statuses late, so that a version which its probe kills again and again can look ready for seconds after it was killed.
 */
export function disturbancesOf(view: WorkloadView): readonly Disturbance[] {
  return view.newPods.flatMap((pod) => {
    const signs = view.eventsOf(uidOf(pod)).filter((event) => isNews(event, pod));
    const latest = signs.reduce<KubeEvent | undefined>((best, next) => (best && timeOf(best) > timeOf(next) ? best : next), undefined);
    return latest ? [{ pod: uidOf(pod), key: occurrenceOf(latest), settlesMs: settlesMs(latest, pod), killed: latest.reason === 'Killing' }] : [];
  });
}

/**
 * What is to be remembered of a sign. Each pod has to be calm once for as long as its sign takes to settle, and not all of
 * them at the same time: of hundreds of pods one is always being asked in vain.
 * @param steadySince since when all has looked right: a pod without a sign has been calm since then
 */
export function noteDisturbance({ pod, key, settlesMs, killed }: Disturbance, before: ReadonlyMap<string, Disturbed>, at: number, steadySince = at): Disturbed {
  const known = before.get(pod);
  if (known?.key === key) return known;
  return { key, since: at, wasCalm: !killed && (known?.wasCalm === true || at - (known?.since ?? steadySince) >= settlesMs) };
}

/** Monotonic ms from which on all of these pods count again. */
export const settledAt = (disturbances: readonly Disturbance[], disturbed: ReadonlyMap<string, Disturbed>): number =>
  Math.max(-Infinity, ...disturbances.map(({ pod, settlesMs }) => {
    const noted = disturbed.get(pod);
    return noted && !noted.wasCalm ? noted.since + settlesMs : -Infinity;
  }));

const probeKilled = /failed (liveness|startup) probe/;
const probeFailed = /^(Liveness|Startup|Readiness) probe (failed|errored)/;

/** Whether it happened after the status had been noted in which the pod is ready. */
function isNews(event: KubeEvent, pod: Pod): boolean {
  const speaks = (event.reason === 'Killing' && probeKilled.test(event.message ?? '')) || (event.reason === 'Unhealthy' && probeFailed.test(event.message ?? ''));
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  return speaks && ready?.status === 'True' && timeOf(event) >= Date.parse(ready.lastTransitionTime ?? '');
}

/** ms since 1970; the API notes whole seconds. */
const timeOf = (event: KubeEvent): number => Date.parse(event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? '');

/** After one failed probe the next one has to come and go. */
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
