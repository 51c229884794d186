import type { OtherPurposes } from '../kubernetes/job/other-jobs.js';
import type { Sidecar } from '../kubernetes/job/sidecar.js';
import type { Evidence } from '../outcome/errors.js';
import type { Checked } from '../outcome/finding.js';
import type { Holder, Lock } from '../record/store.js';

/** A command that is run once at a target, with a version of the app, as the app itself would run it. */
export interface OneOff {
  /** What it is for: `migrate`. A word of lower-case letters and dashes. */
  readonly purpose: string;
  /** Id of the run that it belongs to: the same run, app and purpose are the same command, which is never started twice. */
  readonly run: string;
  readonly command: readonly string[];
  /** The command as it is written in the settings. */
  readonly text: string;
  /** The version, `name[:tag]@digest`. */
  readonly reference: string;
  /** The subject whose surroundings it gets: `deployment/api`. Undefined: the first. */
  readonly subject?: string;
  /** What runs beside it, and has to be prepared before it starts. */
  readonly sidecar?: Sidecar;
  /** It is ended after that, counted from when its sidecar is prepared. */
  readonly timeoutMs: number;
}

/** A command that has succeeded. */
export interface RanOnce {
  /** `job/api-migrate-1a2b3c4d5e` */
  readonly name: string;
  readonly tookMs: number;
  /** The end of its log. */
  readonly log: readonly Evidence[];
}

/** What runs commands once at a target. */
export interface OneOffs {
  /** How it is run, after a command: `as a Job with the new image and the environment of deployment/api`. */
  words(subject: string | undefined): string;
  /** What would keep a command from running, or one with a sidecar. Reads only. */
  check(subject: string | undefined, as: { readonly withSidecar: boolean }): Checked;
  /** What the network may refuse to a command for this purpose, and not to the subject, in sentences. Reads only; does not reject. */
  unreached(purpose: string, subject: string | undefined, signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Runs a command to its end. Its lines are in the log of the run. When `signal` aborts, the command is ended, and waited for.
   * @throws OneOffError; ClusterError; what `signal` aborts with
   */
  run(command: OneOff, signal: AbortSignal): Promise<RanOnce>;
  /** Ends a command that another process of this run has started. @returns whether it is certain that it does not run any more */
  stop(command: Pick<OneOff, 'purpose' | 'run'>): Promise<boolean>;
  /**
   * Waits until no command of an earlier run works for this app any more.
   * @param run whose own commands do not count
   * @throws ClusterError locked
   */
  othersEnded(purposes: OtherPurposes, run: string, signal: AbortSignal): Promise<void>;
  /** Takes the lock of a database, waiting for it at most `waitMs`. @throws ClusterError locked */
  lock(database: string, holder: Holder, waitMs: number): Promise<Lock>;
}
