import type { StageName } from './verdict.js';

/** What a run would do, in order. A dry run prints this value, and a real run executes the same one. */
export interface Plan {
  readonly app: string;
  readonly environment?: string;
  readonly namespace?: string;
  /** The reference that the workloads will get; `<digest of the build>` stands where it is not known yet. */
  readonly reference?: string;
  readonly steps: readonly PlanStep[];
  readonly changes: readonly PlannedChange[];
  /** Whether an automatic rollback is possible, and why not when it is not. Absent when nothing is rolled out. */
  readonly rollback?: { readonly possible: boolean; readonly reason: string };
  readonly warnings: readonly string[];
}

export interface PlanStep {
  readonly stage: StageName;
  /** `roll out deployment/api`. */
  readonly title: string;
  /** Commands as they could be typed. */
  readonly commands: readonly string[];
}

export interface PlannedChange {
  readonly workload: string;
  readonly container: string;
  readonly before: string;
  readonly after: string;
}
