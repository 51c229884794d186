import { CancelledError, RolloutError, type DeployError } from '../outcome/errors.js';
import type { Recovery, Unverified } from '../outcome/outcome.js';
import { messageOf } from '../outcome/wording.js';
import { PreflightError, type Checked } from '../outcome/finding.js';
import { selects } from '../kubernetes/observe/selector.js';
import { ChangeUnderWay } from '../target/set-image/change.js';
import { evidenceOf } from '../target/set-image/evidence.js';
import type { Followed } from '../kubernetes/observe/follow.js';
import { inPhase, type Ledger, type Release, type RunRecord } from '../record/ledger.js';
import { acquireLock } from '../kubernetes/store/lease.js';
import type { Lock } from '../record/store.js';
import { proveRelease } from '../target/set-image/prove.js';
import { asWritten, openRelease, rollOut, type OpenRelease, type ReleaseScope } from '../target/set-image/release.js';
import { annotateProven } from '../target/set-image/revisions.js';
import { settled } from '../target/set-image/settle.js';
import { standing } from '../target/set-image/standing.js';
import type { Undone } from '../target/set-image/undo.js';
import { unverifiedOf } from '../target/set-image/unverified.js';
import type { ImageChange } from '../target/set-image/image-change.js';
import type { ClusterFacts } from '../target/set-image/cluster-facts.js';
import { closedNow } from '../policy/freeze.js';
import { ledgerBefore, releaseOf, withProven } from '../target/set-image/record.js';
import { isUnfinished, recover, refuseOthersRun } from './recover.js';
import { kept, type Run } from './run.js';
import type { Stage } from './stage.js';
import { asPlanned, heldTargets, readServices, refuseUnresolvable, retarget, runsAlready, withWayBack } from '../target/set-image/before-change.js';
import { stillUnderWay, undoOrLeave } from './undo-or-leave.js';

/** What the stages of a release hand on. */
export interface ReleaseState {
  readonly targets: readonly ImageChange[];
  /** `name[:tag]@digest` that is released. */
  readonly reference?: string;
  /** Every workload had it already, healthy: nothing was touched. */
  readonly unchanged?: boolean;
  readonly rolledOutMs?: number;
  /** Workloads of which nothing runs with the image that is set. */
  readonly unverified?: readonly Unverified[];
  readonly recovery?: Recovery;
  readonly undone?: Undone;
  /** What the change was made in spite of, as warnings. */
  readonly overridden?: readonly string[];
  /** Pods that had to be deleted for it, as warnings. */
  readonly freed?: readonly string[];
}

export interface ReleaseStages<S> {
  readonly stages: readonly Stage<S>[];
  /** Gives the lock up and ends the watches. To be called however the stages ended. */
  close(): Promise<void>;
}

/** What the stages of one release share: each of them finds here how far the ones before it came. */
interface Session {
  readonly run: Run;
  readonly facts: ClusterFacts;
  /** Where a person goes back to: what was there before is not to be gone back to by itself any more. */
  readonly goesBackTo?: Release;
  lock?: Lock;
  release?: OpenRelease;
  followed: readonly Followed[];
  /** As it was written last. */
  ledger?: Ledger;
  /** How an earlier run that had died was finished: told however this run ends. */
  recovery?: Recovery;
  /** What the change was made in spite of: told however this run ends. */
  overridden?: readonly string[];
  /** Somebody else goes on: the post step, or the run that has taken the lock over. */
  unfinished: boolean;
}

/**
 * The stages that change workloads: roll out, and ask whether the new version answers. They share one lock and one open
 * release, which the first of them opens.
 */
export function releaseStages<S extends ReleaseState>(
  run: Run, facts: ClusterFacts, options: { readonly goesBackTo?: Release } = {},
): ReleaseStages<S> {
  const session: Session = { run, facts, ...options, followed: [], unfinished: false };
  const rollout: Stage<S> = {
    name: 'rollout', label: 'rollout',
    run: async (state) => ({ ...state, ...(await rollOutTargets(session, state.targets)) }),
    undo: async (state, failure) => ({ ...state, ...(await undoTargets(session, failure)) }),
  };
  const smoke: Stage<S> = {
    name: 'smoke', label: 'smoke checks',
    run: async (state) => {
      await smokeTargets(session);
      return state;
    },
  };
  return { stages: [rollout, smoke], close: () => close(session) };
}

async function rollOutTargets(session: Session, planned: readonly ImageChange[]): Promise<Partial<ReleaseState>> {
  const { run, facts } = session;
  await begin(session);
  const { recovery } = session;
  const [{ targets, workloads }, services] = await Promise.all([retarget(facts, run.ports, planned), readServices(facts)]);
  if (session.goesBackTo) asPlanned(planned, targets);
  refuseUnresolvable(run, { ...facts, services });
  const latest = await facts.store.read();
  const opened = await openRelease({ ...scopeOf(session), services, targets, workloads });
  session.release = opened;
  const unheld = withWayBack(await settled(opened, latest), latest);
  session.release = unheld;
  if (runsAlready(unheld)) {
    // The version before is this one: there is no other to compare it with.
    session.release = { ...unheld, failedBefore: new Map() };
    session.followed = await stillStanding(unheld);
    return { targets: unheld.targets, recovery, unchanged: true, unverified: unverifiedOf(unheld) };
  }
  const held = heldTargets(run, unheld);
  const release = { ...unheld, held: new Map(held.map((each) => [each.ref, each])) };
  session.release = release;
  // Tests, a build and the wait for the lock may have lasted into a freeze.
  const closed = closedNow(run);
  refuseClosed(closed);
  session.overridden = closed.warnings;
  for (const warning of closed.warnings) run.ports.log.info(warning);
  session.ledger = ledgerBefore(run, latest, release, held, closed.warnings.length > 0, run.config.image ?? session.goesBackTo?.repository, session.goesBackTo);
  await run.keep(kept.release, run.id);
  await record(session, 'changing');
  const done = await rollOut(release, () => session.lock?.confirm() ?? Promise.resolve());
  session.followed = done.followed;
  session.release = asWritten(release);
  const rolledOutMs = Math.round(done.rolledOutAt - done.changedAt);
  tellRolledOut(release, rolledOutMs);
  if (run.config.smoke.length === 0) await confirm(session);
  return { targets: session.release.targets, recovery, rolledOutMs, unverified: unverifiedOf(release), ...noticesOf(session) };
}

/** What was there before this run may have been left by one that failed: that nothing has to be changed proves nothing of it. */
function stillStanding(release: OpenRelease): Promise<Followed[]> {
  const { ports, config, targets } = release;
  ports.log.info(`${targets.map(({ ref }) => ref).join(', ')} already ${targets.length === 1 ? 'has' : 'have'} this digest: nothing is changed, and the version is judged and asked as it is`);
  return unchanged(release, standing(release, { images: 'before', forMs: config.timeoutMs, steadyMs: 0, stage: 'rollout' }));
}

/** What fails though nothing was changed is told as that, with what the cluster says of it: no undo follows that would gather it. */
async function unchanged<T>(release: OpenRelease, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RolloutError)) throw error;
    const refs = release.targets.map(({ ref }) => ref);
    const message = `${error.message} ${refs.join(', ')} had this version before the run, and still ${refs.length === 1 ? 'has' : 'have'} it.`;
    const hint = `${error.hint} The rollback action goes back to the release before it.`;
    throw new RolloutError(error.code, message, { hint, stage: error.stage, evidence: await evidenceOf(release, error), cause: error });
  }
}

function refuseClosed({ problems }: Checked): void {
  if (problems.length > 0) throw new PreflightError(problems);
}

/** Takes the lock, and finishes what a dead run has left before anything else. */
async function begin(session: Session): Promise<void> {
  const { run, facts } = session;
  session.lock = await acquireLock(run.ports, facts.cluster, run.config.app, { id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs);
  const known = await facts.store.read();
  if (!isUnfinished(known)) return;
  // The wait for the lock may have lasted into a freeze, and to finish another run is to change workloads too.
  refuseClosed(closedNow(run));
  refuseOthersRun(run, known);
  session.recovery = await recover(scopeOf(session), facts.store, known, session.lock);
}

/** Without its lock a run stops as if it were cancelled. */
function scopeOf({ run, facts, lock }: Session): Omit<ReleaseScope, 'targets' | 'workloads'> {
  const cancelled = lock ? AbortSignal.any([run.ports.cancelled, lock.lost]) : run.ports.cancelled;
  return { ports: { ...run.ports, cancelled }, cluster: facts.cluster, config: run.config, services: facts.services };
}

/** What was out of the ordinary, to be told however the run ends. */
const noticesOf = ({ overridden, release }: Session): Pick<ReleaseState, 'overridden' | 'freed'> =>
  ({ overridden, freed: release?.written.freed.map(({ what }) => what) });

export const releaseWarnings = ({ overridden = [], freed = [] }: ReleaseState): string[] => [...overridden, ...freed];

/** The ledger with what is known of the change by now. */
function asKnown({ ledger, release }: Session): Ledger | undefined {
  return ledger && { ...ledger, run: { ...ledger.run, targets: release?.written.known(ledger.run.targets) ?? ledger.run.targets } };
}

async function record(session: Session, phase: RunRecord['phase']): Promise<void> {
  const ledger = asKnown(session);
  if (!ledger) return;
  session.ledger = inPhase(ledger, phase);
  await session.facts.store.write(session.ledger);
}

/** The new version is proven as far as the settings ask for it: from here on it is a release to go back to. */
async function confirm(session: Session): Promise<void> {
  const { run, facts } = session;
  const ledger = asKnown(session);
  if (!ledger) return;
  const unverified = session.release ? unverifiedOf(session.release).map(({ workload }) => workload) : [];
  session.ledger = withProven(ledger, releaseOf(ledger.run, run.ports.clock.now(), unverified));
  // The release is good whether or not this can be written: the next run finds it `changing`, and confirms it.
  await record(session, 'proven').catch((error: unknown) => run.ports.log.warning(`The release is good, and the ledger could not be told: ${String(error)}`));
  await annotateProven(facts.cluster, ledger.run.targets.filter(({ ref }) => !unverified.includes(ref)));
  await forget(run);
}

async function smokeTargets(session: Session): Promise<void> {
  const { release, followed, run } = session;
  if (!release) return;
  const proven = proveRelease(release, followed, run.config.smoke, run.ports.clock.monotonic() + run.config.timeoutMs, release.ports.cancelled);
  await (session.ledger ? proven : unchanged(release, proven));
  await confirm(session);
}

/** It does not throw: an undo that fails is a result, which has to be told. */
async function undoTargets(session: Session, failure: DeployError): Promise<Partial<ReleaseState>> {
  const { recovery } = session;
  try {
    const done = await putBack(session, failure);
    return { recovery, ...noticesOf(session), ...done };
  } catch (error) {
    const notes = [`The undo itself failed: ${messageOf(error)}.`];
    return { recovery, ...noticesOf(session), ...(session.release && { targets: session.release.targets }), undone: { result: 'failed', notes, evidence: [], untouched: [] } };
  }
}

async function putBack(session: Session, failure: DeployError): Promise<Partial<ReleaseState>> {
  const { run, release, ledger, lock } = session;
  if (!release || !ledger || !lock) return {};
  const isStopped = failure instanceof ChangeUnderWay;
  const done = await undoOrLeave(run, { release, lock, held: ledger.run.held }, failure, () => record(session, isStopped ? 'stopped' : 'restoring'));
  const underWay = isStopped && done.untouched.length > 0;
  const undone = underWay ? stillUnderWay(run, done) : done;
  // A cancelled step has seconds left: when the proof did not fit into them, the post step finds `restoring` and goes on.
  const isCancelled = failure instanceof CancelledError || run.ports.cancelled.aborted;
  const postGoesOn = isCancelled && run.hasPost && run.config.rollback === 'auto';
  session.unfinished = underWay || (undone.result === 'failed' && (lock.lost.aborted || postGoesOn));
  const phase = underWay ? 'stopped' : session.unfinished ? 'restoring' : undone.result === 'failed' ? 'left' : 'restored';
  const written = lock.lost.aborted || (await record(session, phase).then(() => true, () => false));
  // What the ledger still calls unfinished the post step looks at once more: the API server may be back by then.
  if (!session.unfinished && written) await forget(run);
  return { targets: asWritten(release).targets, undone };
}

/** The post step has nothing to do any more. A state file that cannot be written is no reason to take anything back. */
const forget = (run: Run): Promise<void> =>
  run.keep(kept.release, '').catch((error: unknown) => run.ports.log.warning(`The post step could not be told that all is done, and will look for itself: ${String(error)}`));

/** What a rollout came to, in sentences that claim no more than was seen. */
function tellRolledOut(release: OpenRelease, rolledOutMs: number): void {
  const { ports, targets, services, watched } = release;
  const unverified = unverifiedOf(release);
  for (const { workload, reason } of unverified) ports.log.info(`${workload} has the image, and nothing runs with it now: ${reason}`);
  const running = targets.filter(({ ref }) => !unverified.some(({ workload }) => workload === ref));
  if (running.length === 0) return;
  const served = running.some((target) => services.some((service) => selects(service, watched.world.view(target).workload?.spec?.template?.metadata?.labels)));
  ports.log.info(`rolled out in ${(rolledOutMs / 1000).toFixed(1)} s${served ? ', and every endpoint is a new pod' : ''}`);
}

async function close({ release, lock, unfinished }: Session): Promise<void> {
  release?.watched.close();
  if (unfinished) lock?.leave();
  else await lock?.release();
}
