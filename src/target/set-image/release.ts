import type { ReleaseScope, OpenRelease } from './open-release.js';
import { watchWorkloads } from '../../kubernetes/observe/watching.js';
import { checksBefore } from '../../check/smoke/before.js';
import { takeSnapshot } from './snapshot.js';
import { Written } from './written.js';
import type { RecordedImages } from './recorded.js';
import type { WorkloadKind } from '../../config/config.js';

/** Starts the watches and takes snapshots before anything changes. */
export async function openRelease(scope: ReleaseScope): Promise<OpenRelease> {
  const watching = watchWorkloads(scope.cluster, scope.ports.clock, kindsOf(scope), scope.workloads);
  try {
    const [watched, before] = await Promise.all([watching, checksBefore(scope.ports, scope.cluster, scope.services, scope.config.smoke)]);
    const snapshots = scope.changes.map((change) => takeSnapshot(watched.world, change));
    return { ...scope, watched, passedBefore: before.passed, failedBefore: before.failed, paused: new Map(), written: new Written(), snapshots };
  } catch (error) {
    // Watches that are not closed are reopened indefinitely, and the process would never exit.
    await watching.then((watched) => watched.close(), () => undefined);
    throw error;
  }
}

/** Opens a release that another process started and did not finish: the previous version comes from its record. */
export async function reopenRelease(scope: ReleaseScope, recorded: RecordedImages, passedBefore: readonly string[]): Promise<OpenRelease> {
  const watched = await watchWorkloads(scope.cluster, scope.ports.clock, kindsOf(scope), scope.workloads);
  const ran = (ref: string, name: string): ReadonlySet<string> => new Set(recorded.running[`${ref}:${name}`]);
  const snapshots = scope.changes.map((change) => ({
    ...takeSnapshot(watched.world, change),
    running: new Map(change.containers.map(({ name }) => [name, ran(change.ref, name)] as const).filter(([, digests]) => digests.size > 0)),
  }));
  return {
    ...scope, watched, snapshots, passedBefore: new Set(passedBefore), failedBefore: new Map(),
    paused: new Map(recorded.paused.map((each) => [each.ref, each])), written: Written.byAnother(scope.changes),
  };
}

const kindsOf = ({ changes }: ReleaseScope): ReadonlySet<WorkloadKind> => new Set(changes.map(({ kind }) => kind));

/** What has to be recorded from before the change, so another process could finish it. */
export const runningOf = ({ snapshots }: Pick<OpenRelease, 'snapshots'>): RecordedImages['running'] =>
  Object.fromEntries(snapshots.flatMap(({ change, running }) => [...running].map(([name, digests]) => [`${change.ref}:${name}`, [...digests]])));
