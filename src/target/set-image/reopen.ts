import type { Workload } from '../../kubernetes/client/objects.js';
import { workloadResource } from '../../kubernetes/client/resources.js';
import { imageIn } from '../../kubernetes/observe/workload.js';
import type { Phase, RunRecord } from '../../record/ledger.js';
import type { Lock } from '../../record/store.js';
import type { ClusterFacts, Given } from './facts.js';
import { isSet, type ImageChange } from './image-change.js';
import type { OpenRelease } from './open-release.js';
import { readRecorded } from './recorded.js';
import { reopenRelease } from './release.js';
import { marks } from './waves.js';

/** What a dead run has left. Whoever reopened it closes the release. */
export interface Reopened {
  readonly release: OpenRelease;
  /** Monotonic ms until which a pause that the run may have sent after its images can still come. */
  readonly pausableUntil: number;
}

/**
 * Opens the release that a record names, from what the cluster holds of its workloads once no image that the dead run had
 * sent is under way any more.
 * @param lock of the app, in which the dead run was heard of last
 */
export async function reopen({ given, cluster, services }: ClusterFacts & { readonly given: Given }, run: RunRecord, lock: Lock): Promise<Reopened> {
  const recorded = readRecorded(run.target);
  const { api, namespace } = cluster;
  const ports = { ...given.ports, cancelled: AbortSignal.any([given.ports.cancelled, lock.lost]) };
  const workloads = await Promise.all(recorded.workloads.map(({ kind, name }) => api.find<Workload>(workloadResource[kind], namespace, name)));
  const scope = { ports, cluster, config: given.config, services, changes: recorded.workloads, workloads: workloads.flatMap((workload) => workload ?? []) };
  const release = await reopenRelease(scope, recorded, run.passedBefore);
  try {
    await lateChange(release, run.phase, lock.formerHeardAt);
    return { release, pausableUntil: run.marks.at(-1) === marks.firstPods ? lock.formerHeardAt + requestLastsMs : 0 };
  } catch (error) {
    release.watched.close();
    throw error;
  }
}

/** The API server gives a request up after a minute. */
const requestLastsMs = 60_000;

/**
 * Waits for a change that a dead run may have sent, until it is there or cannot come any more: the API server goes on with
 * the request of a client that is gone, and so does a kubectl whose parent was killed.
 * @param heardAt when that run was heard of last, monotonic ms: it confirms its lock before it sends a change
 */
export async function lateChange({ ports, changes, watched }: Pick<OpenRelease, 'ports' | 'changes' | 'watched'>, phase: Phase, heardAt: number): Promise<void> {
  if (phase === 'restoring') return;
  const leftMs = (): number => heardAt + requestLastsMs - ports.clock.monotonic();
  const isDue = (change: ImageChange): boolean => {
    const { workload } = watched.world.view(change);
    // To one that was deleted nothing comes any more.
    return workload !== undefined && !change.containers.every((each) => isSet(each, imageIn(change.kind, workload, each.name)));
  };
  if (leftMs() > 0 && changes.some(isDue)) {
    ports.log.info(`The run that was stopped may have sent a change of the images that is still under way: waiting for it, at most ${Math.ceil(leftMs() / 1000)} s`);
  }
  while (leftMs() > 0 && changes.some(isDue)) await watched.news(leftMs(), ports.cancelled);
}
