import type { StageName } from './verdict.js';

/** In a plan, the placeholder for the digest of the build. */
export const digestOfBuild = '<digest of the build>';

/** What a run would do, in order: the steps of the stages that a real run runs. */
export interface Plan {
  readonly app: string;
  readonly environment?: string;
  readonly namespace?: string;
  /** The reference that will be deployed, with `<digest of the build>` while the digest is not known. */
  readonly reference?: string;
  readonly steps: readonly PlanStep[];
  readonly changes: readonly PlannedChange[];
  /** Whether an automatic rollback is possible, and why not when it is not. Absent when nothing is rolled out. */
  readonly rollback?: { readonly possible: boolean; readonly reason: string };
  readonly warnings: readonly string[];
  /** Who is notified of the end of a real run, and of which ends: `Slack: failure, recovery`. A dry run notifies nobody. */
  readonly notifications: readonly string[];
}

export interface PlanStep {
  readonly stage: StageName;
  /** `roll out deployment/api`. */
  readonly title: string;
  /** Commands as they could be typed. */
  readonly commands: readonly string[];
}

export interface PlannedChange {
  readonly subject: string;
  readonly part: string;
  readonly before: string;
  readonly after: string;
}
