/** What a guard has shown while a new version was watched. */
export interface GuardReport {
  /** `health`, `errors`, `latency`, `memory`. */
  readonly name: string;
  readonly result: 'held' | 'breached' | 'unproven';
  /** What was counted or measured last; '' for nothing. */
  readonly words: string;
  /** Why it is unproven, as a clause. */
  readonly why?: string;
  /** It exceeded its lower limit at least once. */
  readonly warned: boolean;
  readonly looks: number;
}

/** A version that was watched. */
export interface WatchReport {
  /** How long, ms. */
  readonly ms: number;
  /** What else stayed healthy all the time: `3 pods stayed healthy`. Undefined where nothing else could be watched. */
  readonly healthy?: string;
  readonly guards: readonly GuardReport[];
}
