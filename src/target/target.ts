import type { Config } from '../config/config.js';
import { CancelledError, type DeployError, type Evidence } from '../outcome/errors.js';
import type { Checked } from '../outcome/finding.js';
import type { Change as ChangeRow, Unverified } from '../outcome/outcome.js';
import type { Plan, PlannedChange, PlanStep } from '../outcome/plan.js';
import type { Context } from '../ports/context.js';
import type { Ledger, Release, RunRecord } from '../record/ledger.js';
import type { Standing } from '../record/release.js';
import type { Lock, RecordStore } from '../record/store.js';

/*
 * What is deployed to, as the engine sees it. It never asks which kind of target it has: whatever differs is behind these
 * interfaces, and every kind passes the same contract test.
 */

/** A kind of target. Which one a run has is decided by which settings are there. */
export interface TargetKind {
  /** `set-image`, `command`: it is written into the record. */
  readonly kind: string;
  /**
   * Reaches the target and reads its record. Nothing is changed.
   * @throws PreflightError, ClusterError, CommandError when it cannot be reached, or the account is not allowed to
   */
  open(context: Context, config: Config, purpose: Purpose): Promise<OpenTarget>;
}

/** Why a target is opened: for what the settings name, for what the record names, or only for its record. */
export type Purpose = 'deploy' | 'rollback' | 'finish';

/** A target that can be reached. Whoever opened it closes it. */
export interface OpenTarget {
  readonly kind: string;
  /** Of Kubernetes. */
  readonly namespace?: string;
  readonly store: RecordStore;
  /** As it was when the target was opened, or read again. */
  readonly ledger: Ledger | undefined;
  /** The same target, read again: after another run was finished. Closing either closes both. */
  reread(): Promise<OpenTarget>;
  /** What deploying this version comes to. Reads only; everything that would fail is among its problems. */
  propose(wanted: Wanted): Promise<Proposal>;
  /**
   * What going back comes to: to the release that the setting `to` names, or to the one before the present one.
   * @throws ClusterError release-not-found; ConfigError; PreflightError
   */
  proposeBack(): Promise<ProposalBack>;
  /**
   * The change that the record says was started and not finished, once nothing that its run had sent is under way any more.
   * @param lock in which that run was heard of last
   */
  reopen(ledger: Ledger, lock: Lock): Promise<Change>;
  close(): Promise<void>;
}

/** The version to deploy, as far as it is known before the build. */
export interface Wanted {
  /** `name:tag@digest`, with `digestOfBuild` in place of a digest that is not known yet; empty where no image is concerned. */
  readonly reference: string;
  /** Its commit, when that is known: it need not be the one that the event names. */
  readonly commit?: string;
  /** What the image is for; empty when that is not known. */
  readonly platforms: readonly string[];
  /** Whether the registry holds the image already, as far as the runner is allowed to know. */
  readonly isPushed: boolean;
}

/** What would be changed. It is decided before anything is built; `begin` reads again. */
export interface Proposal {
  readonly checked: Checked;
  /** Everything that is to hold the version, whether it holds it already or not. */
  readonly rows: readonly PlannedChange[];
  /** All of it holds the version already and is healthy, as far as that was looked at: it is only verified. */
  readonly isThere: boolean;
  /** The step of the plan that changes it. */
  readonly step: PlanStep;
  /** Whether there is something to go back to. */
  readonly rollback: NonNullable<Plan['rollback']>;
  /**
   * Reads again, under the lock, and starts to observe: everything after this is seen. Nothing is changed.
   * @throws DeployError when what is there is not what the proposal was made for
   */
  begin(start: Start): Promise<Change>;
}

export interface ProposalBack extends Proposal {
  /** Where it goes. */
  readonly release: Release;
  /** Its image, `name[:tag][@digest]`; empty where no image is concerned. */
  readonly reference: string;
}

export interface Start {
  readonly lock: Lock;
  /** As it is under the lock. */
  readonly ledger: Ledger | undefined;
  /** The version, now that it is built; empty where no image is concerned. */
  readonly reference: string;
}

/** One release in progress, or one that another process has left in progress. Whoever began it closes it. */
export interface Change {
  /** Everything holds the version already and is healthy: the waves verify it and change nothing. */
  readonly isThere: boolean;
  /** What was there before, and whether it served. */
  readonly standing: readonly Standing[];
  /** What changes step by step; one wave unless the strategy has more. */
  readonly waves: readonly Wave[];
  /** What the record has to hold for another process to finish this, as far as it is known by now. */
  recorded(): Recorded;
  /**
   * Runs the smoke checks against the new version and what leads to it, while it is observed further.
   * @throws RolloutError; what the run was cancelled with
   */
  verify(): Promise<void>;
  /**
   * Whether the version is complete and passes its checks, though this process has not seen how it came there. For a
   * change that was reopened.
   */
  stands(): Promise<boolean>;
  /** After a good verdict: notes and clean-up at the target. What fails here costs nothing but the note. */
  settle(): Promise<void>;
  /** Whether anything was sent to the target, whatever became of it. */
  mayHaveChanged(): boolean;
  /** What is known of the change by now. */
  progress(): Progress;
  /** What a rollout came to, in sentences for the log that claim no more than was seen. */
  describe(): readonly string[];
  /** Texts that show why it failed; bounded in time and size. */
  evidence(failure: DeployError): Promise<readonly Evidence[]>;
  /** Of the subjects, those that hold something of this change now; also those that cannot be read, as that is no proof. */
  changedNow(): Promise<ReadonlySet<string>>;
  /** Takes back what may have been done, never what somebody else has set, and verifies it. May be called twice. Does not reject. */
  undo(failure: DeployError, journal: UndoJournal): Promise<Undone>;
  /** What is there at the end. Does not reject. */
  report(): Promise<Report>;
  close(): void;
}

/** One step of a strategy. */
export interface Wave {
  /** Written into the record before `change` is called. */
  readonly mark: string;
  /**
   * Sets something. What was sent and not answered before the run was cancelled ends in ChangeUnderWay.
   * @param confirm throws when the lock is lost; to be called right before each write
   */
  change(confirm: () => Promise<void>): Promise<void>;
  /** Waits until it is complete, and checks as much of it as it exposes. @throws RolloutError */
  prove(): Promise<void>;
}

/** The part of the record that the target knows. */
export type Recorded = Pick<RunRecord, 'target' | 'before' | 'after' | 'checks' | 'passedBefore'>;

/** What is known of a change by now. */
export interface Progress {
  /** ms from the change until it was complete and traffic went to the new version only. */
  readonly rolledOutMs?: number;
  /** Subjects with which nothing runs that could be verified. */
  readonly unverified: readonly Unverified[];
  readonly warnings: readonly string[];
}

/** What is at the target at the end of a run. */
export interface Report {
  readonly rows: readonly ChangeRow[];
  /** Commands that go back by hand. */
  readonly undoCommands: readonly string[];
}

/** What is told to whoever keeps the record, before the undo changes something. */
export interface UndoJournal {
  restoring(): Promise<void>;
  /** True when another process may have undone it already: then only the verification is missing. */
  readonly resumed: boolean;
  /**
   * True when another process goes on where this one stops, as the post step does after a step that was cancelled: what does not
   * fit into the seconds that are left then is left to it, by the result `failed`.
   */
  readonly continued: boolean;
}

/** How an undo went. */
export interface Undone {
  /** `untouched`: the target held nothing of this run, so there was nothing to undo. */
  readonly result: 'restored' | 'untouched' | 'failed';
  readonly notes: readonly string[];
  readonly evidence: readonly Evidence[];
  /** Subjects that were seen to hold nothing of this run. */
  readonly untouched: readonly string[];
  /** Subjects that the undo itself has changed, or may have. */
  readonly changed?: readonly string[];
  /** What was there before was not healthy, or is what has just failed: there was nothing better to go back to. */
  readonly nothingGood?: boolean;
  /** Another process goes on with it. */
  readonly continued?: boolean;
  /** Subjects of which nothing was seen to run with the version that was restored. */
  readonly unverified?: readonly Unverified[];
  readonly restoredAfterMs?: number;
  readonly verifiedAfterMs?: number;
  /** ms of the whole undo, however far it came. */
  readonly tookMs?: number;
}

/** The run was cancelled, and what it had sent was not answered by then: it may still be done. */
export class ChangeUnderWay extends CancelledError {
  constructor(reason: unknown) {
    super(reason instanceof CancelledError ? reason.signal : 'a signal');
  }
}
