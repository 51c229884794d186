/**
 * What a person follows while it runs. Every text that goes through here is redacted, and none of it can become a
 * command of the GitHub runner, wherever it came from.
 */
export interface Log {
  /**
   * Hides this text in everything printed or written from now on. Call it before the value is used for anything.
   * A `value` (the default) is hidden line by line as well; a `document`, a text with names and structure in it, only as a
   * whole: mask the secrets in it by themselves.
   */
  mask(secret: string, kind?: 'value' | 'document'): void;
  /** Words and names that are no secret: they stay whole, also where a masked value is a part of them. */
  keep(words: readonly string[]): void;
  /** Whether a masked text is hidden wherever it stands: not when it is very short, or a part of a kept word. */
  hides(secret: string): boolean;
  /** The text with every masked value replaced by `***`. Never throws: what cannot be searched is not shown. */
  redact(text: string): string;
  info(text: string): void;
  warning(text: string, place?: Place): void;
  error(text: string, place?: Place): void;
  /** A line of another program's output. */
  output(line: string): void;
  /** A command as it could be typed. */
  command(line: string): void;
  /** `rollout  deployment/hello  2/3 ready`: printed only when it differs from the last one of the same subject. */
  progress(stage: string, subject: string, state: string): void;
  /** A fold of long output. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
}

export interface Place {
  readonly title?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}
