import type { Workload } from '../../kubernetes/client/objects.js';
import { workloadResource } from '../../kubernetes/client/resources.js';
import type { Phase, RunRecord } from '../../record/ledger.js';
import type { Lock } from '../../record/store.js';
import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import { changeArrived, requestLastsMs } from './late-change.js';
import type { OpenRelease } from './open-release.js';
import { recorded as shape } from './recorded.js';
import { reopenRelease } from './release.js';
import { marks } from './waves.js';

/** What an interrupted run has left. The caller closes the release. */
export interface Reopened {
  readonly release: OpenRelease;
  /** Monotonic ms until which a pause that the run may have sent after its images can still be applied. */
  readonly pausableUntil: number;
}

/**
 * Opens the release of a record from the current state of its workloads, once no image that the interrupted run had sent
 * is in progress any more.
 * @param lock of the app, which the interrupted run renewed last
 */
export async function reopen({ given, cluster, services }: ClusterFacts & { readonly given: Given }, run: RunRecord, lock: Lock): Promise<Reopened> {
  const recorded = shape.read(run.target);
  const { api, namespace } = cluster;
  const workloads = await Promise.all(recorded.workloads.map(({ kind, name }) => api.find<Workload>(workloadResource[kind], namespace, name)));
  const { ports, config } = given;
  const scope = { ports, cluster, config, services, changes: recorded.workloads, workloads: workloads.flatMap((workload) => workload ?? []) };
  const release = await reopenRelease(scope, recorded, run.passedBefore);
  try {
    await lateChange(release, run.phase, lock.formerHeardAt);
    return { release, pausableUntil: run.marks.at(-1) === marks.firstPods ? lock.formerHeardAt + requestLastsMs : 0 };
  } catch (error) {
    release.watched.close();
    throw error;
  }
}

/**
 * Waits for a change that an interrupted run may have sent, until it is applied or cannot be applied any more.
 * @param heardAt when that run last renewed its lock, monotonic ms: it does so before it sends a change
 */
export async function lateChange(release: Pick<OpenRelease, 'ports' | 'changes' | 'watched'>, phase: Phase, heardAt: number): Promise<void> {
  if (phase === 'restoring') return;
  await changeArrived(release, heardAt, 'The interrupted run may have sent a change of the images that is still in progress.');
}
