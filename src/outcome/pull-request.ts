import type { Problem } from './errors.js';
import type { Finding } from './finding.js';
import type { Plan } from './plan.js';
import type { PolicyReport } from './policy.js';

/**
 * Whose code is checked out. The settings in the code of a fork are a stranger's: nothing that they name is started, contacted
 * or opened.
 */
export type Origin = 'own' | 'fork';

/** What the check of a pull request has found: comment, check run, summary and report are made from it alone. */
export interface PullRequestCheck {
  readonly origin: Origin;
  /** The newest commit of the pull request; undefined outside of one. */
  readonly head?: string;
  /** Of the settings of all environments: every problem and warning once, with its place in the file. */
  readonly settings: { readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };
  /** In the order of the settings file. */
  readonly environments: readonly EnvironmentCheck[];
  /** One for each Dockerfile that an environment builds. */
  readonly baseImages: readonly BaseImages[];
  /** What was not checked for any environment. */
  readonly leftOut: readonly LeftOut[];
}

/** What a deployment to one environment would do. */
export interface EnvironmentCheck {
  readonly app: string;
  /** Undefined where the settings have no environments. */
  readonly environment?: string;
  readonly namespace?: string;
  /** As the settings name it: repository without tag. */
  readonly image?: string;
  /** What the settings deploy to: `deployment/api`. */
  readonly subjects: readonly string[];
  /** The same value as that of a dry run; undefined if it could not be made. */
  readonly plan?: Plan;
  /** What would make a deployment fail before it changes anything. */
  readonly problems: readonly Finding[];
  /** Everything else that is odd, in sentences; what policy rules found is not repeated. */
  readonly warnings: readonly string[];
  /** What the policy rules found: where the target was not read, in the files and settings alone. Undefined if nothing is rolled out. */
  readonly policy?: PolicyReport;
  /** What the target would store. Empty where it is not known, or nothing changes. */
  readonly differences: readonly Difference[];
  /** Periods in which no rollout is allowed: the current or the next one, in sentences. */
  readonly calendar: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** One object of the target, before and after a change, as text without secrets. */
export interface Difference {
  /** `deployment/api`. */
  readonly subject: string;
  readonly old: string;
  readonly new: string;
  /** Why it may differ from what the target would store, as a sentence. */
  readonly note?: string;
}

/** The base images of a Dockerfile. */
export interface BaseImages {
  /** Relative to the workspace. */
  readonly dockerfile: string;
  /** The stages whose base image is another one than on the base branch. */
  readonly changes: readonly BaseImageChange[];
  /** Why the two could not be compared, as a sentence. */
  readonly unknown?: string;
}

export interface BaseImageChange {
  /** Its name, or `#2` for the second one. */
  readonly stage: string;
  /** Undefined for a stage that is new. */
  readonly old?: string;
  /** Undefined for a stage that is removed. */
  readonly new?: string;
}

/** Something that was not checked. */
export interface LeftOut {
  /** `the cluster`. */
  readonly what: string;
  /** A sentence. */
  readonly why: string;
}
