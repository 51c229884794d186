/**
 * The log of a run. Every text is redacted, and none can become a command of the GitHub runner, wherever it came from.
 */
export interface Log {
  /**
   * Hides this text in everything printed or written from now on. Call it before the value is used.
   * A `value` (the default) is also hidden line by line; a `document`, a text with names and structure, only as a whole: mask
   * the secrets in it separately.
   */
  mask(secret: string, kind?: 'value' | 'document'): void;
  /** Words and names that are not secret: they are never masked, even if a masked value is a part of them. */
  keep(words: readonly string[]): void;
  /** Whether a masked text is hidden everywhere: not if it is very short, or a part of a kept word. */
  hides(secret: string): boolean;
  /** The text with every masked value replaced by `***`. Never throws: a text that cannot be searched is not shown. */
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

/** Shows at its place, such as a line of a file, what a page shows as well; where the page is read beside it, nothing. */
export type Annotate = (level: 'warning' | 'error', text: string, place: Place) => void;

/** Annotations as lines of a log. On GitHub they are shown beside the lines of the files. */
export const annotateIn = (log: Pick<Log, 'warning' | 'error'>): Annotate => (level, text, place) => { log[level](text, place); };
