import { CancelledError, RolloutError, type DeployError, type Evidence } from '../../outcome/errors.js';
import { messageOf, sentence } from '../../outcome/wording.js';
import { evidenceOf } from './evidence.js';
import { FailedRollout, follow, type Followed } from '../../kubernetes/judge/follow.js';
import type { ImageChange } from './image-change.js';
import { proveRelease } from './prove.js';
import { asWritten, expectation, steadyMs, type OpenRelease } from './open-release.js';
import { leaveAlone, restore, type Restored } from './restore.js';
import { unverifiedOf } from './unverified.js';
import { runningDigests } from '../../kubernetes/judge/health.js';
import { whileUnsticking } from './unstick.js';
import type { UndoJournal, Undone } from '../target.js';
import { undoing } from '../undoing.js';

/** The patches are sent at once, so they are never left to the post step. */
type Journal = Omit<UndoJournal, 'continued'>;

const verifyForMs = 120_000;
/** GitHub kills a step 10 s after it asked it to stop; the post step continues. */
const verifyForWhenCancelledMs = 5000;

/**
 * Restores the previous version, once, and verifies it: first the evidence, then the patches, then the same judge, the
 * digests that run, and the smoke checks that passed before.
 */
export function undoRelease(before: OpenRelease, failure: DeployError, journal: Journal): Promise<Undone> {
  const release = asWritten(before);
  const { ports, changes } = release;
  const cancelled = failure instanceof CancelledError;
  return undoing(ports.clock, journal, changes.map(({ ref }) => ref), async (undo) => {
    const seen = cancelled ? [] : await evidenceOf(release, failure);
    undo.begin();
    const until = ports.clock.monotonic() + (cancelled ? 0 : Math.max(verifyForMs, release.config.timeoutMs));
    const restored = await Promise.all(changes.map((change) => putBack(release, change, journal, until)));
    const lost = restored.flatMap(lostWords);
    const kept = restored.flatMap((each) => (each.result === 'kept' ? [each] : []));
    const back = restored.filter(({ result }) => result === 'restored');
    if (back.length > 0) undo.restored();
    for (const { change } of back) ports.log.progress('rollback', change.ref, 'old images restored');
    const untouched = restored.filter(({ result }) => result === 'untouched').map(({ change }) => change.ref);
    const changed = restored.filter(({ result }) => result === 'restored' || result === 'error').map(({ change }) => change.ref);
    const evidence = (): Evidence[] => [...seen, ...freedEvidence(release)];
    if (back.length + lost.length + kept.length === 0 && !journal.resumed) return { result: 'untouched', evidence: evidence(), untouched };
    // If the failed version is the only one to restore, there is nothing else to verify.
    const proof = back.length > 0 || journal.resumed ? await prove(release, restored, { cancelled, resumed: journal.resumed }) : { holds: false, notes: [] };
    const holds = proof.holds && lost.length + kept.length === 0;
    return {
      result: holds ? 'restored' : 'failed', notes: [...lost, ...kept.map((each) => keptWords(each, failure)), ...proof.notes],
      evidence: evidence(), untouched, changed, unverified: unverifiedOf(release),
      nothingGood: !holds && lost.length === 0 && (kept.length > 0 || back.some(({ change }) => change.nothingGood)),
    };
  });
}

/** A workload that this run has never changed is left unchanged, whatever it contains now. */
function putBack({ cluster, ports, written, paused }: OpenRelease, change: ImageChange, { resumed }: Journal, until: number): Promise<Restored> {
  if (!resumed && !written.mayHaveChanged(change.ref)) return leaveAlone(cluster, change);
  return restore(cluster, ports.clock, change, paused.get(change.ref), until);
}

function lostWords(each: Restored): string[] {
  if (each.result === 'superseded') return [`${sentence(each.message)} It was not overwritten.`];
  if (each.result !== 'error') return [];
  return [`${sentence(each.message)}${each.unanswered ? ' A patch was sent but not answered: it may have been applied.' : ''}`];
}

/** If the failure names workloads, the others have not failed. */
function keptWords({ change: { ref }, images }: Extract<Restored, { result: 'kept' }>, failure: DeployError): string {
  const isOther = failure instanceof FailedRollout && failure.failed.every(({ workload: change }) => change.ref !== ref);
  const runs = `${ref} is set to ${[...images.values()].join(', ')}, which is the last verified release`;
  return isOther ? `${runs}. It is left unchanged: another workload failed.` : `${runs} and has failed now: there is no other version to restore.`;
}

/** The evidence of pods that were deleted, gathered before. */
const freedEvidence = ({ written }: OpenRelease): Evidence[] =>
  written.freed.flatMap(({ what, evidence }) => [{ title: 'deleted pod', text: what }, ...evidence]);

interface Proof {
  readonly holds: boolean;
  readonly notes: readonly string[];
}

/** How a verification is done: within the time of a cancelled step, and of what another process may have restored. */
interface Way {
  readonly cancelled: boolean;
  readonly resumed: boolean;
}

function prove(release: OpenRelease, restored: readonly Restored[], way: Way): Promise<Proof> {
  const judged = restored.flatMap((each): Followed[] => (isToBeProven(release, each, way)
    ? [{ workload: each.change, expected: { ...expectation(release, each.change, each.generation, 'back'), images: each.images } }] : []));
  return whileUnsticking(release, judged, 'rollback', () => verify(release, judged, way));
}

/** Only what the run has changed has to be healthy. Other workloads count if they were healthy before and still have the same images. */
function isToBeProven({ snapshots }: OpenRelease, each: Restored, { resumed }: Way): each is Extract<Restored, { result: 'restored' | 'untouched' }> {
  if (each.result === 'restored') return true;
  if (each.result !== 'untouched') return false;
  if (resumed) return true;
  const { change, images } = each;
  const wasHealthy = snapshots.find((snapshot) => snapshot.change.ref === change.ref)?.unhealthy === undefined;
  return wasHealthy && change.containers.every(({ name, before }) => images.get(name) === before);
}

async function verify(release: OpenRelease, judged: readonly Followed[], { cancelled }: Way): Promise<Proof> {
  const { ports, watched } = release;
  const deadlineAt = ports.clock.monotonic() + (cancelled ? verifyForWhenCancelledMs : Math.max(verifyForMs, release.config.timeoutMs));
  const over = new AbortController();
  const signal = cancelled ? undefined : soonAfterCancellation(release, over.signal);
  try {
    await follow(ports, watched, judged, { deadlineAt, steadyMs, of: release.config.patienceMs }, 'rollback', signal);
    const { wrong, beside } = differingDigests(release);
    if (wrong) return { holds: false, notes: [wrong, ...beside] };
    const proving = release.config.smoke.filter((check) => release.passedBefore.has(check.text));
    await proveRelease(release, judged, proving, deadlineAt, signal);
    const silent = release.config.smoke.filter((check) => !release.passedBefore.has(check.text)).map((check) =>
      `Smoke check \`${check.text}\` failed before the run too, so it cannot verify the old version.`);
    return { holds: true, notes: [...beside, ...silent] };
  } catch (error) {
    return { holds: false, notes: [messageOf(error)] };
  } finally {
    over.abort();
  }
}

/** Aborts a while after the run is cancelled in the middle of a verification. */
function soonAfterCancellation({ ports: { cancelled, clock } }: OpenRelease, over: AbortSignal): AbortSignal {
  const late = new AbortController();
  const end = (): void => late.abort(new RolloutError('cancelled', 'The step was cancelled before the previous version was verified.'));
  const wait = (): void => void clock.sleep(verifyForWhenCancelledMs, over).then(end, () => undefined);
  if (cancelled.aborted) wait();
  else cancelled.addEventListener('abort', wait, { once: true, signal: over });
  return late.signal;
}

/**
 * Where the run has set the image, the digests that run now must be those that ran before: a tag may have moved meanwhile.
 * A changed digest of a container that the run has not set is only reported.
 */
function differingDigests({ snapshots, watched, written }: OpenRelease): { readonly wrong: string | undefined; readonly beside: readonly string[] } {
  let wrong: string | undefined;
  const beside: string[] = [];
  for (const { change, running } of snapshots) {
    const now = runningDigests(watched.world.view(change).newPods);
    for (const [name, before] of running) {
      const other = [...(now.get(name) ?? [])].find((digest) => !before.has(digest));
      const own = change.containers.find((container) => container.name === name);
      if (other === undefined) continue;
      if (!own) beside.push(`Container ${name} of ${change.ref} runs another digest (${other}) than before the run. The run did not set its image, so it does not restore it.`);
      // If another release than the previous one is restored, its digest differs.
      else if (own.back === undefined && !written.hasOverwritten(change)) {
        wrong ??= `Container ${name} of ${change.ref} runs ${other} now, but ran ${[...before].join(' and ')} before: its tag was moved meanwhile.`;
      }
    }
  }
  return { wrong, beside };
}
