import { conditionOf, type Pod } from '../../cluster/objects.js';
import { isReady } from './symptoms.js';

/** What a pod that is not ready is doing, in a word or two; undefined when it is ready. */
export function describePod(pod: Pod): string | undefined {
  if (isReady(pod)) return undefined;
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const { name, state, restartCount } of statuses) {
    const reason = state?.waiting?.reason;
    if (reason === 'ContainerCreating' || reason === 'PodInitializing') continue;
    if (reason) return `${reason} (${name})`;
    if (state?.terminated && state.terminated.exitCode !== 0) return `crashed with exit code ${state.terminated.exitCode} (${name})`;
    if (restartCount && state?.running) return `restarted (${name})`;
  }
  if (conditionOf(pod.status?.conditions, 'PodScheduled')?.status === 'False') return 'waiting for a node';
  const running = pod.status?.containerStatuses?.length && pod.status.containerStatuses.every((status) => status.state?.running);
  if (running) return 'started, not ready';
  return pod.spec?.nodeName ? 'pulling and starting' : 'pending';
}
