/**
 * What a person follows while it runs. Every text that goes through here is redacted, and none of it can become a
 * command of the GitHub runner, wherever it came from.
 */
export interface Log {
  /** Hides this text in everything printed or written from now on. Call it before the value is used for anything. */
  mask(secret: string): void;
  /** The text with every masked value replaced by `***`. */
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
