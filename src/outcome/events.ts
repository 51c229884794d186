import type { Cause } from './causes.js';
import type { Outcome, Span } from './outcome.js';
import type { Plan } from './plan.js';
import type { StageName } from './verdict.js';

/**
 * What happens in a run, in this order. `atMs` is ms since its start. Texts are as the run has them, except for `ended`: a
 * listener that sends one away redacts it first (`Log.redact`).
 */
export type RunEvent =
  /** The preflight passed: this is what the run does, or in a dry run what it would do. `commit`: of what is deployed, if known. */
  | { readonly kind: 'planned'; readonly plan: Plan; readonly commit?: string }
  | { readonly kind: 'stage-started'; readonly stage: StageName; readonly label: string; readonly atMs: number }
  | { readonly kind: 'stage-ended'; readonly span: Span }
  /** Another run of the app holds the lock. This one changes nothing until it has it. */
  | { readonly kind: 'lock-awaited' }
  /** Only after a wait. */
  | { readonly kind: 'lock-acquired' }
  /** A stage failed, and what it and the earlier ones have done is undone. */
  | { readonly kind: 'undo-started'; readonly stage: StageName; readonly cause: Cause; readonly message: string; readonly atMs: number }
  /** The last one. Every secret is out of the outcome. */
  | { readonly kind: 'ended'; readonly outcome: Outcome };

/**
 * Follows a run without being a part of it. It gets one event after the other, and the next one when it is done with the last;
 * the run does not wait for it. When it rejects, or takes longer than its time, that is a warning, and the run goes on.
 */
export interface Listener {
  /** For the warning: `GitHub deployment`. */
  readonly name: string;
  /** @param signal aborts when the time is over; what is under way then should end */
  hear(event: RunEvent, signal: AbortSignal): Promise<void> | void;
}

/** A listener that the settings ask for. Its code is loaded at the first event, while the run goes on. */
export interface Follower extends Pick<Listener, 'name'> {
  load(): Promise<Listener>;
}

/** Passes an event on to all listeners. Returns at once and never throws. */
export type Announce = (event: RunEvent) => void;
