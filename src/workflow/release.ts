import { CancelledError, type DeployError } from '../outcome/errors.js';
import { PreflightError, type Checked } from '../outcome/finding.js';
import type { Figures } from '../outcome/figures.js';
import type { Recovery } from '../outcome/outcome.js';
import { messageOf } from '../outcome/wording.js';
import { closedNow } from '../policy/freeze.js';
import { ended, inPhase, isUnfinished, withMark, type Ledger, type Phase } from '../record/ledger.js';
import { figuresOf, pastOf } from '../record/figures.js';
import { foundRelease, withVerified } from '../record/release.js';
import type { Lock } from '../record/store.js';
import { ChangeUnderWay, type Change, type OpenTarget, type Proposal, type ProposalBack, type Undone } from '../target/target.js';
import { recordOf } from '../target/rows.js';
import type { Ending } from './outcome.js';
import { recover, refuseOthersRun } from './recover.js';
import { kept, type Run } from './run.js';
import type { Migration } from './migration.js';
import { appliedOf, migrationLeft, mustUndo } from './migration-marks.js';
import type { Slot, Stage } from './stage.js';
import type { MigrationUndone } from './undo-migration.js';
import { stillUnderWay, undoOrLeave } from './undo-or-leave.js';

/** What is released, and where. */
export interface Releasing {
  readonly run: Run;
  readonly target: OpenTarget;
  readonly proposal: Proposal | ProposalBack;
  /** `name[:tag]@digest`, filled by the build. */
  readonly reference: Slot<string>;
  /** Of the database, before the version is rolled out. */
  readonly migration?: Migration;
}

export interface ReleaseStages {
  readonly stages: readonly Stage[];
  /** The result. Call it when the stages have ended. */
  ending(): Promise<Partial<Ending>>;
  /** Releases the lock and ends the watches. Call it however the stages ended. */
  close(): Promise<void>;
}

/** The stages that change a target: roll out, and check the new version. They share one lock and one change. With a migration, that comes first. */
export function releaseStages(releasing: Releasing): ReleaseStages {
  const session = new Session(releasing);
  const { run: { config }, proposal, migration } = releasing;
  const migrate: Stage[] = migration ? [{ name: 'migrate', label: 'migration', steps: proposal.isThere ? [] : migration.steps, run: () => session.migrate(migration) }] : [];
  const count = config.smoke.length;
  const rollout: Stage = {
    name: 'rollout', label: 'rollout', steps: [proposal.step],
    run: () => session.rollOut(),
    undo: (failure) => session.undo(failure),
  };
  const smoke: Stage = {
    name: 'smoke', label: 'smoke checks',
    steps: [{ stage: 'smoke', title: `run ${count === 1 ? 'the smoke check' : `${count} smoke checks`}: ${config.smoke.map((check) => `\`${check.text}\``).join(', ')}`, commands: [] }],
    run: () => session.verify(),
  };
  return { stages: [...migrate, rollout, ...count === 0 ? [] : [smoke]], ending: () => session.ending(), close: () => session.close() };
}

/** One release from its lock to its end, with the state that its stages share. */
class Session {
  private lock?: Lock;
  /** As it was found under the lock, once an interrupted run was finished. */
  private found?: Found;
  private change?: Change;
  /** As it was written last; undefined while nothing is changed. */
  private ledger?: Ledger;
  /** How an interrupted earlier run was finished. */
  private recovery?: Recovery;
  /** Freezes that were overridden. */
  private overridden: readonly string[] = [];
  private undone?: Undone;
  /** Another process continues: the post step, or the run that has taken over the lock. */
  private isLeft = false;

  constructor(private readonly releasing: Releasing) {}

  /** A version that is there already and healthy is verified as it is: its migration was a part of its deployment. */
  async migrate(migration: Migration): Promise<void> {
    const { run, reference } = this.releasing;
    const found = await this.enter();
    const look = await this.begin(found);
    if (look.isThere) {
      this.change = look;
      run.ports.log.info('this version is there already: nothing is migrated');
      return;
    }
    try {
      refuseClosed(closedNow(run.config, run.ports.clock));
      await migration.perform({
        lock: found.lock, reference: reference.value ?? '',
        write: async (change) => {
          if (!this.ledger) await this.record(found.ledger, look);
          if (this.ledger) await this.write(change(this.ledger), run.config.timeoutMs);
        },
      });
    } catch (error) {
      await this.afterMigration(error);
      throw error;
    } finally {
      look.close?.();
    }
  }

  async rollOut(): Promise<void> {
    const { run } = this.releasing;
    const found = await this.enter();
    const { lock, ledger } = found;
    const change = this.change ?? await this.begin(found);
    this.change = change;
    if (!change.isThere && !this.ledger) await this.record(ledger, change);
    for (const [index, wave] of change.waves.entries()) {
      // Before the first wave nothing is lost by giving up soon.
      if (this.ledger) await this.write(withMark(this.ledger, wave.mark), index === 0 ? 0 : run.config.timeoutMs);
      await wave.change(() => lock.confirm());
      await wave.prove();
    }
    if (!change.isThere) for (const line of change.describe()) run.ports.log.info(line);
    if (run.config.smoke.length === 0) await this.confirm(change, lock);
  }

  /** Takes the lock, and finishes a run that was interrupted; once for all stages. */
  private async enter(): Promise<Found> {
    if (this.found) return this.found;
    const lock = await this.locked();
    this.lock = lock;
    return this.found = { lock, ledger: await this.finished(lock) };
  }

  private begin({ lock, ledger }: Found): Promise<Change> {
    const { proposal, reference } = this.releasing;
    return proposal.begin({ lock, ledger, reference: reference.value ?? '' });
  }

  private async locked(): Promise<Lock> {
    const { run, target } = this.releasing;
    let hasWaited = false;
    const lock = await target.store.lock({ id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs, () => {
      hasWaited = true;
      run.announce({ kind: 'lock-awaited' });
    });
    if (hasWaited) run.announce({ kind: 'lock-acquired' });
    return lock;
  }

  async verify(): Promise<void> {
    const { change, lock } = this;
    if (!change || !lock) return;
    await change.verify();
    await this.confirm(change, lock);
  }

  /** Does not throw: a failed undo is a result that must be reported. */
  async undo(failure: DeployError): Promise<void> {
    try {
      this.undone = await this.takeBack(failure);
    } catch (error) {
      this.undone = { result: 'failed', notes: [`The rollback itself failed: ${messageOf(error)}.`], evidence: [], untouched: [] };
    }
  }

  async ending(): Promise<Partial<Ending>> {
    const { change, recovery, undone } = this;
    const { verified, unverified, rolledOutMs, warnings = [] } = change?.progress() ?? {};
    return {
      recovery, undone, rolledOutMs, verified, unverified, unchanged: change?.isThere === true,
      warnings: [...this.overridden, ...warnings, ...migrationLeft(this.ledger)], figures: this.figures(),
      ...(change && !change.isThere ? await change.report() : {}), ...rehearsedBy(this.releasing.migration),
    };
  }

  private figures(): Figures | undefined {
    return this.ledger && figuresOf(pastOf(this.ledger.past ?? [], this.ledger.run.repository), this.releasing.run.ports.clock.now());
  }

  async close(): Promise<void> {
    this.change?.close?.();
    if (this.isLeft) this.lock?.leave();
    else await this.lock?.release();
  }

  /** The record, once an interrupted run is finished. */
  private async finished(lock: Lock): Promise<Ledger | undefined> {
    const { run, target } = this.releasing;
    const known = await target.store.read();
    if (!isUnfinished(known)) return known;
    // The wait for the lock may have lasted into a freeze, and to finish another run is to change something too.
    refuseClosed(closedNow(run.config, run.ports.clock));
    refuseOthersRun(run, known);
    this.recovery = await recover(run, target, known, lock);
    return target.store.read();
  }

  /** Writes the record before the first change, and the marker for the post step. */
  private async record(known: Ledger | undefined, change: Change): Promise<void> {
    const { run, proposal } = this.releasing;
    // Tests, a build and the wait for the lock may have lasted into a freeze.
    const closed = closedNow(run.config, run.ports.clock);
    refuseClosed(closed);
    this.overridden = closed.warnings;
    for (const warning of closed.warnings) run.ports.log.info(warning);
    this.ledger = ledgerBefore(run, known, change, proposal, closed.warnings.length > 0);
    await run.keep(kept.release, run.id);
  }

  private async write(ledger: Ledger, patienceMs = 0): Promise<void> {
    const { change, releasing: { run, target } } = this;
    this.ledger = { ...ledger, run: { ...ledger.run, ...change && recordOf(change, run) } };
    await target.store.write(this.ledger, patienceMs);
  }

  private async phase(phase: Phase): Promise<void> {
    if (this.ledger) await this.write(inPhase(this.ledger, phase));
  }

  /** A run that has changed nothing is no deployment, and is not remembered as one. */
  private async end({ result }: Undone, { code }: DeployError): Promise<void> {
    if (result === 'untouched') return this.phase('restored');
    if (this.ledger) await this.write(ended(this.ledger, result === 'failed' ? 'unverified' : 'restored', this.releasing.run.ports.clock.now(), code));
  }

  /** The new version is verified as far as the settings require: from here on it is a release to roll back to. */
  private async confirm(change: Change, lock: Lock): Promise<void> {
    const { run, target } = this.releasing;
    if (!this.ledger) return;
    const unverified = change.progress().unverified.map(({ subject }) => subject);
    this.ledger = withVerified({ ...this.ledger, run: { ...this.ledger.run, ...recordOf(change, run) } }, run.ports.clock.now(), unverified);
    try {
      await target.store.write(this.ledger);
    } catch (error) {
      // Another run may have taken over the lock and rolled the release back.
      await lock.confirm().catch(() => undefined);
      if (lock.lost.aborted) throw lock.lost.reason;
      // The release has succeeded even if this cannot be written: the next run finds it in progress, and confirms it.
      run.ports.log.warning(`The release succeeded, but its record could not be updated: ${messageOf(error)}`);
    }
    await change.settle?.().catch((error: unknown) => { run.ports.log.warning(`The release succeeded, but its notes at the target could not be written: ${messageOf(error)}`); });
    await forget(run);
  }

  /** Nothing was deployed. A command that may still run is left to the post step, which waits for its end. */
  private async afterMigration(error: unknown): Promise<void> {
    const { lock, releasing: { run } } = this;
    if (!this.ledger || !lock) return;
    const isCancelled = error instanceof CancelledError || run.ports.cancelled.aborted;
    this.isLeft = lock.lost.aborted || (isCancelled && run.hasPost);
    if (this.isLeft) return;
    const isWritten = await this.phase('restored').then(() => true, () => false);
    if (isWritten) await forget(run);
  }

  /** What becomes of the migration before the version is rolled back. */
  private async migrationUndone(): Promise<MigrationUndone> {
    const { ledger, releasing: { run, target } } = this;
    if (!ledger || !appliedOf(ledger)) return { result: 'free', notes: [], evidence: [] };
    // From now on the version must not be confirmed by whoever finds this run interrupted.
    if (mustUndo(ledger)) await this.phase('restoring');
    const { undoMigration } = await import('./undo-migration.js');
    return undoMigration(run, target, this.ledger ?? ledger, (next) => this.write(next, run.config.timeoutMs));
  }

  /** The migration is applied, and the version could not even be begun. */
  private async takeBackMigration(failure: DeployError): Promise<Undone | undefined> {
    const { ledger, lock, releasing: { run } } = this;
    if (!appliedOf(ledger) || !lock || lock.lost.aborted) return undefined;
    const { result, notes, evidence } = run.config.rollback === 'off' ? { result: 'kept', notes: [], evidence: [] } as const : await this.migrationUndone();
    const undone: Undone = { result: result === 'failed' ? 'failed' : 'untouched', notes, evidence, untouched: [] };
    if (await this.end(undone, failure).then(() => true, () => false)) await forget(run);
    return undone;
  }

  private async takeBack(failure: DeployError): Promise<Undone | undefined> {
    const { change, ledger, lock, releasing: { run } } = this;
    if (mustUndo(ledger) && this.isLeftToPost(failure)) {
      this.isLeft = true;
      return { result: 'failed', notes: ['The migration has to be undone first, which the post step does.'], evidence: [], untouched: [], continued: true };
    }
    if (!change) return this.takeBackMigration(failure);
    if (!ledger || !lock) return undefined;
    const isInterrupted = failure instanceof ChangeUnderWay;
    const restoring = (): Promise<void> => this.phase(isInterrupted ? 'interrupted' : 'restoring');
    const done = await undoOrLeave(run, { change, lock }, failure, restoring, () => this.migrationUndone());
    const isUnderWay = isInterrupted && done.untouched.length > 0;
    const undone = isUnderWay ? stillUnderWay(run, done) : done;
    // A cancelled step has seconds left. If they are too short for the verification, the post step finds `restoring` and continues.
    const postGoesOn = this.isLeftToPost(failure);
    this.isLeft = isUnderWay || (undone.result === 'failed' && (lock.lost.aborted || postGoesOn));
    const goesOn = isUnderWay ? 'interrupted' : this.isLeft ? 'restoring' : undefined;
    const isWritten = lock.lost.aborted || (await (goesOn ? this.phase(goesOn) : this.end(undone, failure)).then(() => true, () => false));
    // If the ledger still says unfinished, the post step checks it once more: the API server may respond again by then.
    if (!this.isLeft && isWritten) await forget(run);
    return this.isLeft && postGoesOn ? { ...undone, continued: true } : undone;
  }

  /** Whether the post step goes on with what a cancelled step has no time for. */
  private isLeftToPost(failure: DeployError): boolean {
    const { run } = this.releasing;
    const isCancelled = failure instanceof CancelledError || run.ports.cancelled.aborted;
    return isCancelled && run.hasPost && run.config.rollback === 'auto';
  }
}

interface Found {
  readonly lock: Lock;
  readonly ledger: Ledger | undefined;
}

/** What is reported of the database. */
const rehearsedBy = (migration: Migration | undefined): Pick<Ending, 'data'> =>
  (migration?.rehearsed ? { data: { of: 'migration', backups: [], restores: [], kept: [], rehearsal: migration.rehearsed } } : {});

function refuseClosed({ problems }: Checked): void {
  if (problems.length > 0) throw new PreflightError(problems);
}

/** Tells the post step that nothing is left to do. A state file that cannot be written is no reason to roll back. */
const forget = (run: Run): Promise<void> =>
  run.keep(kept.release, '').catch((error: unknown) => run.ports.log.warning(`Could not clear the marker for the post step, which will check the record again: ${String(error)}`));

/** @param isFrozen whether the run overrides a freeze */
function ledgerBefore(run: Run, known: Ledger | undefined, change: Change, proposal: Proposal | ProposalBack, isFrozen: boolean): Ledger {
  const { config, facts } = run;
  const goesBackTo = 'release' in proposal ? proposal.release : undefined;
  const repository = config.image ?? goesBackTo?.repository;
  const at = new Date(run.ports.clock.now()).toISOString();
  const recorded = recordOf(change, run);
  return {
    // Also what a later version has added.
    ...known,
    schema: 2, app: config.app, releases: [...foundRelease(change.standing, known, at, repository), ...(known?.releases ?? [])], past: known?.past,
    run: {
      id: run.id, url: facts.runUrl, commit: facts.commit, actor: facts.actor, startedAt: new Date(run.startedAtWall).toISOString(), changedAt: at,
      committedAt: facts.committedAt === undefined ? undefined : new Date(facts.committedAt * 1000).toISOString(),
      phase: 'in-progress', marks: [], ...recorded, repository, goesBackTo, rollback: config.rollback,
      override: isFrozen ? config.freezeOverride : undefined, reason: config.reason && run.ports.log.redact(config.reason),
      unrecordedChecks: config.smoke.length - recorded.checks.length || undefined,
    },
  };
}
