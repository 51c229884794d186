import type { Pipe } from '../../ports/pipe.js';
import { within } from '../../ports/within.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place } from '../place.js';
import { endMark } from './shell.js';

/** A place where scripts run, with what their programs need to log in to the database. */
export interface Shell {
  readonly context: DataContext;
  readonly place: Place;
  start(script: string, args: readonly string[], signal: AbortSignal): Pipe;
  /** What a text on stderr means; undefined when it is not known. */
  explain(stderr: string): DataError | undefined;
}

export interface Ran {
  readonly code: number;
  readonly text: string;
  readonly stderr: string;
}

export interface ScriptOptions {
  readonly args?: readonly string[];
  readonly signal: AbortSignal;
  /** In all. */
  readonly timeoutMs: number;
  /** Written to its input, which is closed after it. Without it, the input stays open until the script has ended. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/** Of the line that ends a script. */
const endBytes = 40;
const mostText = 64 * 1024 * 1024;

/**
 * Runs a script of which the text that it prints is needed.
 * @param doing what it does, for messages: `The dump of the roles`
 * @throws DataError if it did not come to its end, whatever the exit code of the program that carries it
 */
export async function runScript(shell: Shell, script: string, doing: string, options: ScriptOptions): Promise<Ran> {
  const { context, place } = shell;
  const late = (): Error => new DataError(context.failure, `${doing} at ${place.words} did not finish within ${options.timeoutMs / 1000} s.`);
  return within(context.ports.clock, { ms: options.timeoutMs, late, signal: options.signal }, async (signal) => {
    const pipe = shell.start(script, options.args ?? [], signal);
    try {
      let isOver = false;
      const feeding = options.input ? feed(pipe, options.input, () => isOver) : Promise.resolve();
      feeding.catch(() => undefined);
      const printed = await textOf(pipe, (end) => { isOver ||= endOf(end) !== undefined; });
      signal.throwIfAborted();
      const ended = endOf(printed);
      pipe.end();
      if (!ended) throw await brokenOff(shell, doing, pipe, signal);
      await feeding;
      const { stderr } = await pipe.exited;
      return { ...ended, stderr };
    } finally {
      await pipe.stop();
    }
  });
}

/** Writes all pieces to the input of a script, as fast as it takes them, and closes it. Stops when nobody reads it, or the script is over. */
async function feed(pipe: Pipe, pieces: AsyncIterable<Uint8Array>, isOver: () => boolean): Promise<void> {
  try {
    for await (const piece of pieces) if (isOver() || !(await pipe.write(piece))) return;
  } finally {
    pipe.end();
  }
}

/** @param seen gets the end of what was printed, as it grows */
async function textOf(pipe: Pipe, seen: (end: string) => void): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pipe.output) {
    bytes += piece.length;
    if (bytes > mostText) throw new RangeError(`A script printed more than ${mostText} bytes.`);
    pieces.push(piece);
    seen(Buffer.concat(pieces.slice(-2)).subarray(-endBytes).toString());
  }
  return Buffer.concat(pieces).toString();
}

/** The text before the line that ends a script, and its exit code; undefined when that line is not the last one. */
export function endOf(printed: string): { readonly code: number; readonly text: string } | undefined {
  const match = new RegExp(`\\n${endMark} (\\d{1,3})\\n$`).exec(printed.slice(-endBytes));
  return match ? { code: Number(match[1]), text: printed.slice(0, -match[0].length) } : undefined;
}

/** A script did not come to its end: why, as far as what carries it says it. */
export async function brokenOff({ context, place, explain }: Shell, doing: string, pipe: Pipe, signal: AbortSignal): Promise<unknown> {
  const how = await pipe.exited.catch((error: unknown) => error);
  if (signal.aborted) return signal.reason;
  if (how instanceof Error) return how;
  const { code, stderr } = how as Awaited<Pipe['exited']>;
  const known = explain(stderr);
  if (known) return known;
  const said = lastWords(stderr);
  return new DataError(context.failure, `${doing} at ${place.words} broke off: its connection ended before it had finished (exit code ${code})${said ? `: ${said}` : ''}.`, {
    hint: 'Check whether the pod or the server was restarted, and whether the connection to it is stable; then try again.',
  });
}

/** The decisive lines of what a program printed on stderr: the last ones, without what only says that it failed. */
export function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^command terminated with exit code \d+$/.test(line));
  const from = lines.findIndex((line) => /error|fatal|not found|denied/i.test(line));
  return (from < 0 ? lines.slice(-2) : lines.slice(from, from + 3)).join(' ').slice(0, 600).replace(/\.$/, '');
}

/** An error of a program at a place: as it is known, or else in its own words. */
export function failed({ context, place, explain }: Shell, doing: string, stderr: string, code: number): DataError {
  const said = lastWords(stderr);
  return explain(stderr)
    ?? new DataError(context.failure, `${doing} at ${place.words} failed with exit code ${code}${said ? `: ${said}` : ''}.`);
}
