import type { DeployError } from '../outcome/errors.js';
import { PreflightError, type Checked } from '../outcome/finding.js';
import { messageOf } from '../outcome/wording.js';
import { closedNow } from '../policy/freeze.js';
import { ended, inPhase, type Ledger, type Phase } from '../record/ledger.js';
import { foundRelease, withVerified } from '../record/release.js';
import type { Lock } from '../record/store.js';
import { recordOf } from '../target/rows.js';
import type { Change, OpenTarget, Proposal, ProposalBack, Undone } from '../target/target.js';
import type { Migration } from './migration.js';
import { kept, type Run } from './run.js';
import type { Slot } from './stage.js';

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

/** What is written of a release: its record at the target, and the marker for the post step. */
export class Journal {
  /** As it was written last; undefined while nothing is changed. */
  ledger?: Ledger;
  /** Its rows are recorded from when it is known. */
  change?: Change;
  /** Freezes that were overridden. */
  overridden: readonly string[] = [];

  constructor(private readonly releasing: Releasing) {}

  /** Writes the record before the first change, and the marker for the post step. */
  async begin(known: Ledger | undefined, change: Change): Promise<void> {
    const { run, proposal } = this.releasing;
    // Tests, a build and the wait for the lock may have lasted into a freeze.
    const closed = closedNow(run.config, run.ports.clock);
    refuseClosed(closed);
    this.overridden = closed.warnings;
    for (const warning of closed.warnings) run.ports.log.info(warning);
    this.ledger = ledgerBefore(run, known, change, proposal, closed.warnings.length > 0);
    await run.keep(kept.release, run.id);
  }

  async write(ledger: Ledger, patienceMs = 0): Promise<void> {
    const { change, releasing: { run, target } } = this;
    this.ledger = { ...ledger, run: { ...ledger.run, ...change && recordOf(change, run) } };
    await target.store.write(this.ledger, patienceMs);
  }

  async phase(phase: Phase): Promise<void> {
    if (this.ledger) await this.write(inPhase(this.ledger, phase));
  }

  /** A run that has changed nothing is no deployment, and is not remembered as one. */
  async end({ result }: Undone, { code }: DeployError): Promise<void> {
    if (result === 'untouched') return this.phase('restored');
    if (this.ledger) await this.write(ended(this.ledger, result === 'failed' ? 'unverified' : 'restored', this.releasing.run.ports.clock.now(), code));
  }

  /** The new version is verified as far as the settings require: from here on it is a release to roll back to. */
  async confirm(change: Change, lock: Lock): Promise<void> {
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
    await this.forget();
  }

  /** Tells the post step that nothing is left to do. A state file that cannot be written is no reason to roll back. */
  forget(): Promise<void> {
    const { run } = this.releasing;
    return run.keep(kept.release, '').catch((error: unknown) => run.ports.log.warning(`Could not clear the marker for the post step, which will check the record again: ${String(error)}`));
  }
}

/** @throws PreflightError */
export function refuseClosed({ problems }: Checked): void {
  if (problems.length > 0) throw new PreflightError(problems);
}

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
