/** What is known of the commit and the run before any setting is read, on the runner and in a terminal. */
export interface RunFacts {
  /** The full sha of the commit that the event names; at a terminal, of HEAD. What is built may be another one. */
  readonly commit?: string;
  /** Seconds since 1970: when the commit that is deployed was made, if the checkout knows it. */
  readonly committedAt?: number;
  /** Undefined for a tag, a pull request or a detached HEAD. */
  readonly branch?: string;
  readonly defaultBranch?: string;
  /** `owner/name`. */
  readonly repository?: string;
  readonly actor?: string;
  readonly runUrl?: string;
}
