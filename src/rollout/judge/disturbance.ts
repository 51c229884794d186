import { conditionOf, uidOf, type Container, type KubeEvent, type Pod, type Probe } from '../../cluster/objects.js';
import type { WorkloadView } from '../world.js';
import { declared, occurrenceOf } from './symptoms.js';

/** A sign that a new pod is not as well as its status still says. */
export interface Disturbance {
  /** The same for the same sign, another one when it is seen again. */
  readonly key: string;
  /** For that long nothing more must happen until the pod counts again, ms. */
  readonly settlesMs: number;
}

/** A container that a probe kills starts anew, and its status shows that in the end: a busy kubelet takes seconds for it. */
const killedSettlesMs = 15_000;
const longestSettlingMs = 10_000;
/** The kubelet's own default: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ */
const usualPeriodSeconds = 10;

/**
 * The newest event that speaks against a new pod which is ready by its status. Kubelets post events at once and statuses
 * late, so that a version which its probe kills again and again can look ready for seconds after it was killed.
 */
export function disturbanceOf(view: WorkloadView): Disturbance | undefined {
  const signs = view.newPods.flatMap((pod) => view.eventsOf(uidOf(pod)).filter((event) => isNews(event, pod)).map((event) => ({ event, pod })));
  const latest = signs.reduce<(typeof signs)[number] | undefined>((best, next) => (best && timeOf(best.event) > timeOf(next.event) ? best : next), undefined);
  return latest && { key: occurrenceOf(latest.event), settlesMs: settlesMs(latest.event, latest.pod) };
}

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
  const container = declared(pod, /\{(.+)\}/.exec(event.involvedObject?.fieldPath ?? '')?.[1]);
  const periodSeconds = container && probeOf(container, event.message ?? '')?.periodSeconds;
  return Math.min(longestSettlingMs, 1000 * ((periodSeconds ?? usualPeriodSeconds) + 1));
}

function probeOf(container: Container, message: string): Probe | undefined {
  if (message.startsWith('Readiness')) return container.readinessProbe;
  return message.startsWith('Startup') ? container.startupProbe : container.livenessProbe;
}
