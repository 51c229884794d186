/** What is known of the commit and the run before any setting is read, on the runner and at a terminal alike. */
export interface RunFacts {
  /** The full sha. */
  readonly commit?: string;
  /** Undefined for a tag, a pull request or a detached HEAD. */
  readonly branch?: string;
  readonly defaultBranch?: string;
  /** `owner/name`. */
  readonly repository?: string;
  readonly actor?: string;
  readonly runUrl?: string;
}
