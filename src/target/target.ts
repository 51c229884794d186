import type { Config, WatchConfig } from '../config/config.js';
import { CancelledError, type DeployError, type Evidence } from '../outcome/errors.js';
import type { Checked, Finding } from '../outcome/finding.js';
import type { Change as ChangeRow, TargetWords, Unverified, Verified } from '../outcome/outcome.js';
import type { Plan, PlannedChange, PlanStep } from '../outcome/plan.js';
import type { Inspected, PolicyReads } from '../policy/input.js';
import type { WatchReport } from '../outcome/watch.js';
import type { Difference } from '../outcome/pull-request.js';
import type { Context } from '../ports/context.js';
import type { Ledger, Release, TargetRecord } from '../record/ledger.js';
import type { Standing } from '../record/release.js';
import type { Lock, RecordStore } from '../record/store.js';
import type { OneOffs } from './one-off.js';

/*
 * A target as the engine sees it. The engine does not distinguish kinds of targets: whatever differs is behind these
 * interfaces, and every kind passes the same contract test.
 */

/** A kind of target. The settings of a run determine its kind. */
export interface TargetKind {
  /** `set-image` or `command`, as written into the record. */
  readonly kind: string;
  readonly words: TargetWords;
  /**
   * Reaches the target and reads its record. Nothing is changed.
   * @throws PreflightError, ClusterError, CommandError when it cannot be reached, or the account is not allowed to
   */
  open(context: Context, config: Config, purpose: Purpose): Promise<OpenTarget>;
}

/**
 * Why a target is opened: for what the settings name, for what the record names, only for its record, or to see what a
 * deployment would change, by an account that may only be allowed to read.
 */
export type Purpose = 'deploy' | 'rollback' | 'finish' | 'check';

/** A target that can be reached. The caller of `open` closes it. */
export interface OpenTarget {
  readonly kind: string;
  /** Of Kubernetes. */
  readonly namespace?: string;
  readonly store: RecordStore;
  /** As it was when the target was opened or last read. */
  readonly ledger: Ledger | undefined;
  /** The same target, read again after another run was finished. Closing either closes both. */
  reread(): Promise<OpenTarget>;
  /** What deploying this version would change. Reads only; everything that would fail is among its problems. */
  propose(wanted: Wanted): Promise<Proposal>;
  /**
   * What a rollback would change: to the release that the setting `to` names, or to the one before the current one.
   * @throws ClusterError release-not-found; ConfigError; PreflightError
   */
  proposeBack(): Promise<ProposalBack>;
  /**
   * The change that was started and not finished according to the record, once no request of its run is in progress any more.
   * @param lock which that run renewed last
   */
  reopen(ledger: Ledger, lock: Lock): Promise<Change>;
  /** Runs commands once with a version. Absent where a target cannot. */
  oneOffs?(): Promise<OneOffs>;
  close?(): Promise<void>;
}

/** The version to deploy, as far as it is known before the build. */
export interface Wanted {
  /** `name:tag@digest`, with `digestOfBuild` in place of a digest that is not known yet; empty when there is no image. */
  readonly reference: string;
  /** Its commit, if known: it may differ from that of the event. */
  readonly commit?: string;
  /** The platforms of the image; empty if not known. */
  readonly platforms: readonly string[];
  /** Whether the registry has the image already, as far as the runner is allowed to know. */
  readonly isPushed: boolean;
}

/** What would be changed. It is determined before anything is built; `begin` reads again. */
export interface Proposal {
  readonly checked: Checked;
  /** Everything that gets the version, also what has it already. */
  readonly rows: readonly PlannedChange[];
  /** All of it has the version already and is healthy, as far as that was checked: it is only verified. */
  readonly isThere: boolean;
  /** The step of the plan that changes it. */
  readonly step: PlanStep;
  /** Whether there is a version to roll back to. */
  readonly rollback: NonNullable<Plan['rollback']>;
  /** What policy rules look at, as it would be after the change. Reads only. Absent for a kind without objects. */
  inspect?(reads: PolicyReads): Promise<Inspected>;
  /** What the target would store if the change was made now. Changes nothing. Absent where a target cannot show it. */
  preview?(): Promise<Preview>;
  /**
   * Reads again, under the lock, and starts to watch: everything after this is seen. Nothing is changed.
   * @throws DeployError when the target is not in the state that the proposal was made for
   */
  begin(start: Start): Promise<Change>;
}

/** What a change would make of the objects of the target. */
export interface Preview {
  readonly differences: readonly Difference[];
  /** Changes that the target would reject. */
  readonly problems: readonly Finding[];
}

export interface ProposalBack extends Proposal {
  /** The release that is restored. */
  readonly release: Release;
  /** Its image, `name[:tag][@digest]`; empty when there is no image. */
  readonly reference: string;
}

export interface Start {
  readonly lock: Lock;
  /** As it is under the lock. */
  readonly ledger: Ledger | undefined;
  /** The version, now that it is built; empty when there is no image. */
  readonly reference: string;
}

/** One release in progress, or one that another process left in progress. The caller of `begin` or `reopen` closes it. */
export interface Change {
  /** Everything has the version already and is healthy: the waves verify it and change nothing. */
  readonly isThere: boolean;
  readonly words: Words;
  /** The previous versions, and whether they were healthy. */
  readonly standing: readonly Standing[];
  /** The steps of the change; one unless the strategy has more. */
  readonly waves: readonly Wave[];
  /** What another process needs to finish this, as far as it is known by now. */
  recorded(): Recorded;
  /**
   * Runs the smoke checks against the new version, directly and through its Services, while it is still watched.
   * @throws RolloutError; what the run was cancelled with
   */
  verify(): Promise<void>;
  /**
   * Watches the version, once it is complete and passes its checks, for as long as the settings say.
   * @throws RolloutError guard-breached, or what befell it meanwhile; what the run was cancelled with
   */
  watch(watch: WatchConfig): Promise<WatchReport>;
  /**
   * Whether the version is complete and passes its checks, although this process has not seen its rollout. For a change that
   * was reopened.
   */
  stands(): Promise<boolean>;
  /** After a good verdict: annotations and clean-up at the target. An error here does not fail the run. */
  settle?(): Promise<void>;
  /** Whether anything was sent to the target, or to this subject of it, whether it was applied or not. */
  mayHaveChanged(subject?: string): boolean;
  /** What is known of the change by now. */
  progress(): Progress;
  /** The result of the rollout in sentences for the log, which claim no more than was seen. */
  describe(): readonly string[];
  /** Texts that show why it failed, besides those of the failure itself, limited in time and size. */
  evidence?(failure: DeployError): Promise<readonly Evidence[]>;
  /** Undoes what may have been changed, but nothing that someone else has set, and verifies it. Can be called twice. Does not reject. */
  undo(failure: DeployError, journal: UndoJournal): Promise<Undone>;
  /** The state of the target at the end. Does not reject. */
  report(): Promise<Report>;
  close?(): void;
}

/** What differs between kinds in the sentences of the engine, which has no nouns of its own for what is deployed. */
export interface Words {
  /** What was set stays, as a clause: `the new images stay where they were set`. */
  readonly stays: string;
  /** The version is complete, as a sentence. */
  readonly isThere: string;
}

/** One step of a strategy. */
export interface Wave {
  /** Written into the record before `change` is called. */
  readonly mark: string;
  /**
   * Changes the target. Throws ChangeUnderWay if a request was not answered before the run was cancelled.
   * @param confirm throws when the lock is lost; to be called right before each write
   */
  change(confirm: () => Promise<void>): Promise<void>;
  /** Waits until the step is complete, and checks the pods that it has created. @throws RolloutError */
  prove(): Promise<void>;
}

/** The part of the record that the target knows. */
export interface Recorded {
  readonly target: TargetRecord;
  /** Everything that it sets. */
  readonly rows: readonly PlannedChange[];
  /** Texts of the smoke checks that the version before passed. */
  readonly passedBefore: ReadonlySet<string>;
}

/** What is known of a change by now. */
export interface Progress {
  /** ms from the change until it was complete and traffic went to the new version only. */
  readonly rolledOutMs?: number;
  /** What was verified so far, with counts. */
  readonly verified: readonly Verified[];
  /** Subjects that run nothing that could be verified. */
  readonly unverified: readonly Unverified[];
  readonly warnings: readonly string[];
}

/** The state of the target at the end of a run. */
export interface Report {
  readonly rows: readonly ChangeRow[];
  /** Commands that restore the previous version by hand. */
  readonly undoCommands: readonly string[];
}

/** How an undo updates the record before it changes something. */
export interface UndoJournal {
  restoring(): Promise<void>;
  /** True when another process may have undone the change already: then only the verification is missing. */
  readonly resumed: boolean;
  /**
   * True when another process continues after this one, as the post step does after a cancelled step: what does not fit into
   * the remaining seconds is left to it, with the result `failed`.
   */
  readonly continued: boolean;
}

/** The result of an undo. */
export interface Undone {
  /** `untouched`: the target contained nothing of this run, so there was nothing to undo. */
  readonly result: 'restored' | 'untouched' | 'failed';
  readonly notes: readonly string[];
  readonly evidence: readonly Evidence[];
  /** Subjects that contained nothing of this run. */
  readonly untouched: readonly string[];
  /** Subjects that the undo itself has changed or may have changed. */
  readonly changed?: readonly string[];
  /** The previous version was not healthy, or is the one that just failed: there was no better version to restore. */
  readonly nothingGood?: boolean;
  /** Another process continues it. */
  readonly continued?: boolean;
  /** Subjects that were restored but run nothing that could be verified. */
  readonly unverified?: readonly Unverified[];
  readonly restoredAfterMs?: number;
  readonly verifiedAfterMs?: number;
  /** ms of the whole undo, complete or not. */
  readonly tookMs?: number;
}

/** The run was cancelled before a change that it had sent was answered: the change may still be applied. */
export class ChangeUnderWay extends CancelledError {
  constructor(reason: unknown) {
    super(reason instanceof CancelledError ? reason.signal : 'a signal');
  }
}
