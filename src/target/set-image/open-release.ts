import type { Ports } from '../../ports/ports.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Config } from '../../config/config.js';
import type { ImageChange, PausedDeployment } from './image-change.js';
import type { Workload, Service } from '../../kubernetes/client/objects.js';
import type { Watched } from '../../kubernetes/observe/watching.js';
import { type WorkloadSnapshot, type ImagesOf, expectationOf } from './snapshot.js';
import type { FailedBefore } from '../../check/smoke/before.js';
import type { Written } from './written.js';
import type { Followed } from '../../kubernetes/judge/follow.js';
import { servicesFor } from '../../kubernetes/judge/health.js';

/** How long everything must be healthy before it counts: longer than kube-proxy and the endpoint controller lag behind. */
export const steadyMs = 2000;

/** What a release works on: one cluster, the workloads of one app as one unit, and the settings that it is judged by. */
export interface ReleaseScope {
  readonly ports: Ports;
  readonly cluster: Cluster;
  readonly config: Pick<Config, 'smoke' | 'timeoutMs' | 'patienceMs'>;
  readonly changes: readonly ImageChange[];
  readonly workloads: readonly Workload[];
  readonly services: readonly Service[];
}

/** A release whose watches are open. Everything after this is seen. */
export interface OpenRelease extends ReleaseScope {
  readonly watched: Watched;
  readonly snapshots: readonly WorkloadSnapshot[];
  /** Texts of the smoke checks that the previous version passed: only these can verify it after a rollback. */
  readonly passedBefore: ReadonlySet<string>;
  /** The results of the others, by text; empty if another process ran them. */
  readonly failedBefore: ReadonlyMap<string, FailedBefore>;
  /** Deployments that are paused at their first pods, by ref; of another process, those that it may have paused. */
  readonly paused: ReadonlyMap<string, PausedDeployment>;
  /** What was changed so far. Filled in by the change itself. */
  readonly written: Written;
}

/** The release with what is known of its change by now. */
export function asWritten(release: OpenRelease): OpenRelease {
  const changes = release.written.known(release.changes);
  const snapshots = release.snapshots.map((each) => ({ ...each, change: changes.find(({ ref }) => ref === each.change.ref) ?? each.change }));
  return { ...release, changes, snapshots };
}

/** What a change of this workload to these images is judged by. */
export const expectation = (release: OpenRelease, change: ImageChange, generation: number, images: keyof ImagesOf): Followed['expected'] => {
  const { world } = release.watched;
  return expectationOf(world, change, generation, images, servicesFor(world.view(change), release.services, release.config.smoke));
};
