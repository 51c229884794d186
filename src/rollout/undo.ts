import { ApiError } from '../cluster/api.js';
import { nameOf, uidOf, type Pod } from '../cluster/objects.js';
import { persistently } from '../cluster/persist.js';
import { apiPath, resources } from '../cluster/resources.js';
import { CancelledError, type DeployError, type Evidence } from '../outcome/errors.js';
import { evidenceOf } from './evidence.js';
import { follow } from './follow.js';
import type { HeldTarget } from './hold.js';
import { hasObserved, type Target } from './workload.js';
import { isReady } from './judge/symptoms.js';
import { proveRelease } from './prove.js';
import { expectation, steadyMs, type OpenRelease } from './release.js';
import { restore, type Restored } from './restore.js';
import { runningDigests } from './snapshot.js';

/** How an undo went. */
export interface Undone {
  /** `untouched`: no workload held anything of this run, so there was nothing to undo. */
  readonly result: 'restored' | 'untouched' | 'failed';
  readonly notes: readonly string[];
  readonly evidence: readonly Evidence[];
  /** Workloads that were seen to hold nothing of this run, by ref. */
  readonly untouched: readonly string[];
  readonly restoredAfterMs?: number;
  readonly verifiedAfterMs?: number;
}

/** What is told to whoever keeps the ledger, before each step that changes something. */
export interface UndoJournal {
  restoring(): Promise<void>;
  /** True when another process may have put the old images back already: then only the proof is missing. */
  readonly resumed: boolean;
  /** Deployments that the run may have held. */
  readonly held: readonly HeldTarget[];
}

const verifyForMs = 120_000;
/** GitHub kills 10 s after it asked to stop; the post step goes on from there. */
const verifyForWhenCancelledMs = 5000;

/**
 * Puts back what was there before, once, and proves it: evidence first, then the patches, then the same judge, the
 * digests that really run, and the smoke checks that held before.
 */
export async function undoRelease(release: OpenRelease, failure: DeployError, journal: UndoJournal): Promise<Undone> {
  const { ports, cluster } = release;
  const startedAt = ports.clock.monotonic();
  const cancelled = failure instanceof CancelledError;
  const evidence = cancelled ? [] : await evidenceOf(release, failure);
  // The journal is for the next run: when it cannot be written, putting the old images back still comes first.
  const unwritten = await journal.restoring().then(() => [], (error: unknown) => [`The ledger could not be written: ${messageOf(error)}.`]);
  const heldOf = (target: Target): HeldTarget | undefined => journal.held.find(({ ref }) => ref === target.ref);
  const restored = await Promise.all(release.targets.map((target) => restore(cluster, ports.clock, target, heldOf(target))));
  const restoredAfterMs = ports.clock.monotonic() - startedAt;
  const lost = restored.flatMap((each) => ('message' in each ? [`${sentence(each.message)} Nothing of it was overwritten.`] : []));
  const back = restored.filter((each) => each.result === 'restored');
  for (const { target } of back) ports.log.progress('rollback', target.ref, 'old images set again');
  if (back.length === 0 && lost.length === 0 && !journal.resumed) return { result: 'untouched', notes: unwritten, evidence, untouched: restored.map(({ target }) => target.ref) };
  const proof = await whileUnsticking(release, restored, () => verify(release, restored, cancelled));
  const notes = [...unwritten, ...lost, ...proof.notes];
  return {
    result: proof.holds && lost.length === 0 ? 'restored' : 'failed', notes, evidence,
    restoredAfterMs: back.length > 0 ? restoredAfterMs : undefined,
    untouched: restored.flatMap(({ result, target }) => (result === 'untouched' ? [target.ref] : [])),
    verifiedAfterMs: proof.holds && lost.length === 0 ? ports.clock.monotonic() - startedAt - restoredAfterMs : undefined,
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

interface Proof {
  readonly holds: boolean;
  readonly notes: readonly string[];
}

async function verify(release: OpenRelease, restored: readonly Restored[], cancelled: boolean): Promise<Proof> {
  const { ports, watched } = release;
  const judged = restored.flatMap((each) => ('generation' in each ? [{ target: each.target, expected: expectation(release, each.target, each.generation, each.images) }] : []));
  const deadlineAt = ports.clock.monotonic() + (cancelled ? verifyForWhenCancelledMs : Math.max(verifyForMs, release.config.timeoutMs));
  try {
    await follow(ports, watched, judged, { deadlineAt, steadyMs, of: release.config.patienceMs }, 'rollback', undefined);
    const other = differingDigests(release);
    if (other) return { holds: false, notes: [other] };
    const proving = release.config.smoke.filter((check) => release.heldBefore.has(check.text));
    await proveRelease(release, judged, proving, deadlineAt, undefined);
    const silent = release.config.smoke.filter((check) => !release.heldBefore.has(check.text)).map((check) =>
      `Smoke check \`${check.text}\` did not hold before the run either, and so proves nothing of the old version.`);
    return { holds: true, notes: silent };
  } catch (error) {
    return { holds: false, notes: [messageOf(error)] };
  }
}

/** The digests that run now must be those that ran before: a tag may have moved meanwhile. */
function differingDigests(release: OpenRelease): string | undefined {
  for (const { target, running } of release.snapshots) {
    // An older release than the one that ran is gone back to: its digests are in its references.
    if (target.containers.some((container) => container.back !== undefined)) continue;
    const now = runningDigests(release.watched.world.view(target).newPods);
    for (const [container, before] of running) {
      const other = [...(now.get(container) ?? [])].find((digest) => !before.has(digest));
      if (other) return `Container ${container} of ${target.ref} runs ${other} now, and ran ${[...before].join(' and ')} before: its tag was moved meanwhile.`;
    }
  }
  return undefined;
}

/** Frees StatefulSets that are stuck for as long as the work takes: a broken pod may show only in the middle of it. */
async function whileUnsticking<T>(release: OpenRelease, restored: readonly Restored[], work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const unsticking = unstick(release, restored, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
    await unsticking;
  }
}

/**
 * A StatefulSet that replaces its pods in order never replaces one that is not ready, not even by an older template:
 * the broken pod has to go. https://github.com/kubernetes/kubernetes/issues/67250
 * Not before the controller has seen the old template: it would make the pod anew from the bad one.
 */
async function unstick(release: OpenRelease, restored: readonly Restored[], signal: AbortSignal): Promise<void> {
  const held = restored.flatMap((each) => ('generation' in each && each.target.kind === 'statefulset' ? [each] : []));
  const sent = new Set<string>();
  while (held.length > 0 && !signal.aborted) {
    const broken = held.flatMap(({ target, generation }) => brokenPods(release, target, generation).map((pod) => ({ pod, target })));
    const next = broken.filter(({ pod }) => !sent.has(uidOf(pod)));
    for (const { pod } of next) sent.add(uidOf(pod));
    await Promise.all(next.map(({ pod, target }) => deletePod(release, pod, target.ref, signal)));
    if (next.length > 0) continue;
    try {
      await release.watched.news(60_000, signal);
    } catch {
      // It is over, or there is no news any more, which whoever verifies is told as well.
      return;
    }
  }
}

/** Pods of the images that were taken back which are not ready, once the controller works from the template of before. */
function brokenPods(release: OpenRelease, target: Target, generation: number): Pod[] {
  const { workload, newPods, oldPods } = release.watched.world.view(target);
  if (!workload || !hasObserved(workload, generation) || workload.spec?.podManagementPolicy === 'Parallel') return [];
  const images = new Set(target.containers.map((container) => container.after));
  return [...newPods, ...oldPods].filter((pod) => !isReady(pod) && pod.spec?.containers?.some((container) => images.has(container.image ?? '')));
}

/** Deletes this very pod, and none that has taken its name since: so it may be tried again until it is answered. */
async function deletePod({ ports, cluster }: OpenRelease, pod: Pod, ref: string, signal: AbortSignal): Promise<void> {
  ports.log.command(cluster.typed(['delete', 'pod', nameOf(pod)]));
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: uidOf(pod) } };
  try {
    await persistently(ports.clock, () => cluster.api.send('DELETE', apiPath(resources.pods, cluster.namespace, nameOf(pod)), body, { signal }), { signal });
  } catch (error) {
    // It is gone, or another one has its name: an earlier try that nobody answered, or the controller itself.
    if (signal.aborted || (error instanceof ApiError && (error.status === 404 || error.status === 409))) return;
    ports.log.warning(`Pod ${nameOf(pod)} of ${ref} is broken and holds up the rollback, and could not be deleted: ${messageOf(error)}`);
  }
}
