import type { Command, Exited } from './process.js';

/**
 * Starts a program whose input and output are bytes that are read and written as they come, with back-pressure. Its input stays open
 * until `end`; when this process is gone, for whatever reason, the program reads the end of its input. `signal` stops it.
 */
export type OpenPipe = (command: PipeCommand) => Pipe;

export type PipeCommand = Omit<Command, 'stdin' | 'onLine' | 'timeoutMs'>;

/** A program with an open input and output. Whoever starts it waits for `exited` or calls `stop`. */
export interface Pipe {
  /** What it prints on stdout. Read once. Its end says nothing: `exited` has the exit code. To stop reading closes it. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the program or a buffer of the system has taken it: true. False: the program has closed its input. */
  write(piece: Uint8Array | string): Promise<boolean>;
  /** Closes its input. */
  end(): void;
  /**
   * Resolves when it has ended and its output was read or closed, whatever its exit code; `stderr` is at most the last 64 KiB.
   * @throws CommandError when it could not be started; the reason of `signal` when that stopped it
   */
  readonly exited: Promise<Omit<Exited, 'stdout'>>;
  stop(): Promise<void>;
}
