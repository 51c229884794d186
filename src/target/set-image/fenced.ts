import { findFenced, lowerFence, type Fenced } from '../../kubernetes/fence/fence.js';
import { isStopped, markOf, refOf } from '../../kubernetes/fence/mark.js';
import { untilReady } from '../../kubernetes/fence/ready.js';
import type { WorkloadRef } from '../../config/config.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Ports } from '../../ports/ports.js';
import type { FoundWorkload } from './resolve.js';

/*
 * Workloads that a restore of a database has stopped, and not started again because its process died. A restore that is in progress has
 * the lock of the app. Whenever it died, its database has all data of one moment: the app can be started.
 */

/** How long what is started again may take to become ready, ms: what is not ready then is judged as it is. */
const readyForMs = 60_000;

/** For the plan. Pure. */
export const warnOfFenced = (found: readonly FoundWorkload[]): string[] => found.flatMap(({ ref, workload }) => {
  const mark = workload && markOf(workload);
  if (!mark || !isStopped(ref.kind, workload)) return [];
  const again = ref.kind === 'cronjob' ? 'resumed' : `scaled to ${mark.replicas ?? 1} again`;
  return [`${refOf(ref)} was stopped by a restore of its database at ${mark.at.slice(0, 19)}Z, and is still stopped. Once that restore has ended, it is ${again} before its image is set.`];
});

/** Starts them again. Only under the lock of the app. @throws what the run was cancelled with */
export async function startFenced(cluster: Cluster, ports: Ports, refs: readonly Pick<WorkloadRef, 'kind' | 'name'>[]): Promise<void> {
  const scope = { cluster, ports };
  const fenced = await findFenced(scope, refs, ports.cancelled);
  if (fenced.length === 0) return;
  const lowered = await lowerFence(scope, fenced.map(({ ref }) => ref));
  for (const [index, { message, commands = [] }] of lowered.entries()) ports.log.warning(message === undefined ? started(fenced[index]) : [message, ...commands].join('\n'));
  const refused = lowered.some(({ result }) => result === 'error');
  if (refused) return;
  await untilReady(scope, fenced.map(({ ref }) => ref), readyForMs, ports.cancelled).catch((error: unknown) => {
    ports.cancelled.throwIfAborted();
    ports.log.info((error as Error).message);
  });
}

const started = (fenced: Fenced | undefined): string => (fenced ? `${refOf(fenced.ref)}, which a restore had stopped at ${fenced.mark.at.slice(0, 19)}Z, is started again.` : '');
