import type { Figures } from './figures.js';

/** What is recorded of an app in one place. */
export interface History {
  readonly app: string;
  readonly environment?: string;
  readonly namespace?: string;
  /** Newest first. */
  readonly runs: readonly HistoryRun[];
  /** Those that a rollback can restore, newest first. */
  readonly releases: readonly HistoryRelease[];
  readonly figures?: Figures;
}

/** A run that has changed something. */
export interface HistoryRun {
  readonly id: string;
  readonly verdict: 'deployed' | 'rolled-back' | 'rollback-failed';
  /** ISO 8601, both: right before the first change, and when the result was known. */
  readonly changedAt: string;
  readonly endedAt: string;
  readonly commit?: string;
  /** ISO 8601. */
  readonly committedAt?: string;
  readonly cause?: string;
  /** It was a rollback to an earlier release. */
  readonly wentBack: boolean;
}

interface HistoryRelease {
  readonly reference: string;
  readonly commit?: string;
  readonly runUrl?: string;
  /** ISO 8601. */
  readonly at: string;
  readonly verified: boolean;
  /** A rollback has replaced it: it is no longer chosen automatically. */
  readonly withdrawn: boolean;
}
