import type { Place } from './log.js';

/**
 * What the lines of a log become on a terminal. Every text that arrives here is ready to be printed: secrets are masked, and
 * control characters removed.
 */
export interface Screen {
  note(lines: readonly string[]): void;
  problem(kind: 'warning' | 'error', lines: readonly string[], place: Place): void;
  command(lines: readonly string[]): void;
  /** Output of another program. */
  output(lines: readonly string[]): void;
  progress(stage: string, subject: string, state: string): void;
  open(title: string): void;
  close(): void;
}
