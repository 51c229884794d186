import { conditionOf, nameOf, statusesOf, type ContainerStatus, type Pod } from '../../cluster/objects.js';
import type { WorkloadView } from '../world.js';
import type { Completion } from './completion.js';
import { isReady } from './symptoms.js';

/** What the first new pod that is not ready does: `hello-7c9f started, not ready`; undefined when all are ready. */
export function doingOf(view: WorkloadView): string | undefined {
  const busy = view.newPods.find((pod) => !isReady(pod));
  return busy && `${nameOf(busy)} ${describePod(busy)}`;
}

/** Seconds after which a line says how long the same thing has been going on: seldom enough to be read. */
const steps = [4, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

/** The state of a rollout in one line, and when the line changes though nothing else does (monotonic ms). */
export function describeProgress(
  view: WorkloadView, completion: Completion, trouble: string | undefined, { at, since }: { readonly at: number; readonly since: number },
): { readonly progress: string; readonly nextAt: number } {
  const head = `${completion.ready}/${completion.desired} ready`;
  if (completion.waitingFor === undefined) return { progress: trouble ? `${head} · ${trouble}` : head, nextAt: Infinity };
  const doing = doingOf(view);
  if (doing === undefined) return { progress: `${head} · ${completion.waitingFor}`, nextAt: Infinity };
  const lasting = steps.filter((seconds) => at - since >= seconds * 1000).at(-1);
  const next = steps.find((seconds) => at - since < seconds * 1000);
  return { progress: `${head} · ${doing}${lasting === undefined ? '' : ` ${lasting} s`}`, nextAt: next === undefined ? Infinity : since + next * 1000 };
}

/** What a pod that is not ready is doing, in a word or two. */
export function describePod(pod: Pod): string {
  const trouble = statusesOf(pod).map(troubleOf).find((each) => each !== undefined);
  if (trouble) return trouble;
  if (conditionOf(pod.status?.conditions, 'PodScheduled')?.status === 'False') return 'waiting for a node';
  const started = pod.status?.containerStatuses ?? [];
  if (started.length > 0 && started.every(({ state }) => state?.running)) return 'started, not ready';
  return pod.spec?.nodeName ? 'pulling and starting' : 'pending';
}

function troubleOf({ name, state, restartCount }: ContainerStatus): string | undefined {
  const reason = state?.waiting?.reason;
  if (reason && reason !== 'ContainerCreating' && reason !== 'PodInitializing') return `${reason} (${name})`;
  if (state?.terminated && state.terminated.exitCode !== 0) return `crashed with exit code ${state.terminated.exitCode} (${name})`;
  return restartCount && state?.running ? `restarted (${name})` : undefined;
}
