import type { Cause } from './causes.js';
import type { Evidence, FilePlace } from './errors.js';
import type { DataReport } from './data.js';
import type { Figures } from './figures.js';
import type { Plan } from './plan.js';
import type { PolicyReport } from './policy.js';
import type { PullRequestCheck } from './pull-request.js';
import type { StageName, Verdict } from './verdict.js';

/** Everything that is known when a run has ended: summary, outputs and report.json are made from it alone. */
export interface Outcome {
  readonly verdict: Verdict;
  /** Present when the verdict is not a success. */
  readonly failure?: Failure;
  readonly app: string;
  readonly environment?: string;
  /** Where users reach the app. */
  readonly environmentUrl?: string;
  /** The kind of target that it deploys to; undefined while that is not known. */
  readonly target?: string;
  readonly namespace?: string;
  readonly commit?: string;
  /** Address of the workflow run. */
  readonly runUrl?: string;
  /** Who started the workflow run. */
  readonly actor?: string;
  /** The run before this one; absent where the record knows of none. */
  readonly lastRun?: LastRun;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** `name@sha256:…` of what was to be deployed, when it is known. */
  readonly reference?: string;
  readonly digest?: string;
  readonly image?: string;
  readonly tags: readonly string[];
  readonly changes: readonly Change[];
  /** The versions before the run, each once; empty where nothing is deployed to, or the run failed before a change. */
  readonly previous: readonly string[];
  /** Absent where nothing is deployed to. */
  readonly targetWords?: TargetWords;
  readonly timeline: readonly Span[];
  /** The image of the commit was taken from the registry: nothing was built. */
  readonly imageExisted?: boolean;
  /** True for the `rollback` action: what was released is an earlier version. */
  readonly wentBack?: boolean;
  /** ms from the change until the controllers had finished and traffic went to new pods only; absent when the rollout did not complete. */
  readonly rolledOutMs?: number;
  /** What was verified of the new version; nothing after a failure. */
  readonly verified?: readonly Verified[];
  /** What was not verified with its current version, and why. */
  readonly unverified?: readonly Unverified[];
  /** True: nothing was verified, because nothing runs. */
  readonly nothingRuns?: boolean;
  /** How the rollback went; absent when there was none. */
  readonly rollback?: RollbackReport;
  /** An earlier run that was interrupted, and was finished first. */
  readonly recovery?: Recovery;
  /** Commands that roll back by hand. */
  readonly undoCommands: readonly string[];
  readonly warnings: readonly string[];
  /** Of the app in this place, this run included; absent where nothing was changed, or no record is kept. */
  readonly figures?: Figures;
  /** What the policy rules found, also if they deny the run; absent where they were not applied. */
  readonly policy?: PolicyReport;
  /** Only in a dry run. */
  readonly plan?: Plan;
  /** Only of backups, restores and migrations. */
  readonly data?: DataReport;
  /** Only of the check of a pull request. */
  readonly check?: PullRequestCheck;
  /** Address of the comment with the result of that check. */
  readonly commentUrl?: string;
}

/** The last recorded run of the app before this one. A run that failed before it changed anything leaves no record. */
export interface LastRun {
  /** Its version was not verified: the one before it was restored, or neither could be verified. */
  readonly failed: boolean;
  readonly runUrl?: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** What differs between kinds of targets in the sentences about a run. */
export interface TargetWords {
  /** A sentence: `No workload was changed.` */
  readonly untouched: string;
  /** The same, after "This run": `changed no workload itself`. */
  readonly leftAlone: string;
  /** After "The new version": `is deployed to every workload`. */
  readonly deployed: string;
}

export interface Failure {
  readonly cause: Cause;
  readonly stage: StageName;
  /** What happened and where, in one or two sentences. */
  readonly message: string;
  readonly hint: string;
  readonly evidence: readonly Evidence[];
  readonly place?: FilePlace;
}

/** One version in one place, before and after. References of images are complete: `name[:tag][@sha256:…]`. */
export interface Change {
  /** `deployment/api`. */
  readonly subject: string;
  /** `app`: a container of it; empty where it has no parts. */
  readonly part: string;
  readonly before: string;
  readonly after: string;
  /** The version at the end of the run; undefined when it could not be read. */
  readonly now?: string;
}

/** One stage on the timeline. Times are ms since the start of the run. */
export interface Span {
  readonly stage: StageName;
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly result: 'ok' | 'failed';
}

/** Something that was verified: a smoke check, or that a workload runs the version. */
export interface Verified {
  /** `service/api/healthz -> 200`, `deployment/api`. */
  readonly what: string;
  /** What was seen, with counts: `3 pods and service/api returned 200`. */
  readonly seen: string;
}

/** Something whose version was not verified. */
export interface Unverified {
  /** `deployment/api`. */
  readonly subject: string;
  /** `it is scaled to 0 replicas`. It does not hold text from outside. */
  readonly reason: string;
}

/** An earlier run that was interrupted, and how it was finished. */
export interface Recovery {
  readonly runId: string;
  readonly runUrl?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** confirmed: it had succeeded. restored: the version before it is restored and verified. failed: neither could be verified. */
  readonly result: 'confirmed' | 'restored' | 'failed';
  readonly notes: readonly string[];
  /** Workloads that were changed for it, or may have been. */
  readonly changed?: readonly string[];
}

export interface RollbackReport {
  /** ms from the failure until the previous version was set again, including the time to collect evidence. */
  readonly restoredAfterMs?: number;
  /** ms from then until it was verified. */
  readonly verifiedAfterMs?: number;
  /** There was no healthy version to roll back to: the previous one was not healthy, or is the one that has just failed. */
  readonly nothingGood?: boolean;
  /** The step was cancelled, and its post step goes on where it had to stop. */
  readonly continued?: boolean;
  /** What was done and seen, in sentences. */
  readonly notes: readonly string[];
}
