import type { Ports } from '../../ports/ports.js';
import { ApiError } from '../client/api.js';
import type { Cluster } from '../client/cluster.js';
import { uidOf, type Job, type Pod } from '../client/objects.js';
import { persistently } from '../client/persist.js';
import { apiPath, resources } from '../client/resources.js';
import { watchObjects, type Wanted, type Watched } from '../observe/watching.js';
import { jobLabels } from './job-labels.js';
import { isOver } from './job-state.js';

/** Where Jobs run. */
export interface JobScope {
  readonly cluster: Cluster;
  readonly ports: Pick<Ports, 'clock' | 'log'>;
}

/** What is watched of one Job. */
export const watchedOf = (name: string): Wanted => [
  [resources.jobs, { fieldSelector: `metadata.name=${name}` }],
  [resources.pods, { labelSelector: `${jobLabels.job}=${name}` }],
  [resources.events, { fromNow: true }],
];

/** Pods of a Job in which something may still run. */
export const runningPods = ({ world }: Watched, name: string): readonly Pod[] =>
  world.all<Pod>(resources.pods).filter((pod) => pod.metadata?.labels?.[jobLabels.job] === name && !isOver(pod));

/**
 * Deletes a Job, and waits until nothing of it runs: a command that is thought to be over must not go on.
 * @param forMs how long to wait
 * @returns whether it is certain by then that nothing runs any more
 */
export async function endJob({ cluster, ports: { clock } }: JobScope, watched: Watched, name: string, forMs: number): Promise<boolean> {
  const until = clock.monotonic() + forMs;
  const uid = watched.world.byName<Job>(resources.jobs, name) ?? {};
  // In the foreground the Job is there until its pod is gone, so others can see that it still runs.
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', ...(uidOf(uid) !== '' && { preconditions: { uid: uidOf(uid) } }) };
  try {
    await persistently(clock, () => cluster.api.send('DELETE', apiPath(resources.jobs, cluster.namespace, name), body, { timeoutMs: 5000 }), { forMs });
  } catch (error) {
    // 404: it is gone; 409: there is another one of that name, which is not ours to delete.
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) return false;
  }
  for (;;) {
    const job = watched.world.byName<Job>(resources.jobs, name);
    const isGone = watched.sees() && (job === undefined || uidOf(job) !== uidOf(uid)) && runningPods(watched, name).length === 0;
    if (isGone) return true;
    const leftMs = until - clock.monotonic();
    if (leftMs <= 0) return false;
    await watched.news(leftMs);
  }
}

/** The same for a Job that another process has started. */
export async function endJobOf(scope: JobScope, name: string, forMs: number): Promise<boolean> {
  const watched = await watchObjects(scope.cluster, scope.ports.clock, watchedOf(name));
  try {
    if (!watched.world.byName(resources.jobs, name) && runningPods(watched, name).length === 0) return true;
    return await endJob(scope, watched, name, forMs);
  } finally {
    watched.close();
  }
}
