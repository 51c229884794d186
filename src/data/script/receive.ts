import { DataError } from '../error.js';
import type { Dump, DumpFacts } from '../engine.js';
import { brokenOff, type Shell } from './run.js';
import { limited, programs } from './shell.js';
import { endedWhenSilent } from './silence.js';
import { trailerFormat, withoutTrailer, type Received } from './trailer.js';

/**
 * A script that dumps with this program: $1 is its time limit in seconds, the others are its arguments. It writes to the output, to the
 * program that computes the hash and to the one that counts, and what they say is the trailer.
 */
export const dumpScript = (program: string): string => `
limit=$1; shift
${programs}
mkfifo "$folder/dump" "$folder/hash" "$folder/count" || finish 91
set -- ${program} "$@"
${limited}
run hash "$folder/hash" "$folder/sum" sha256sum
run count "$folder/count" "$folder/bytes" wc -c
run tee "$folder/dump" - tee "$folder/hash" "$folder/count"
run dump /dev/null "$folder/dump" "$@"
watch /dev/null
wait_for_all
read -r code <"$folder/dump.code"; read -r copied <"$folder/tee.code"
[ "$copied" = 0 ] || code=92
read -r sum rest <"$folder/sum"; read -r bytes rest <"$folder/bytes"
rm -rf "$folder"
printf '${trailerFormat}' "$code" "$sum" "$bytes"
exit "$code"
`;

const doing = 'The dump';

/** A dump that sends nothing for so long has stalled: servers wait for locks for at most a minute, or write a snapshot to their disk first. */
const silenceMs = 15 * 60_000;

export interface Sending {
  readonly script: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** Called with each piece before it is passed on; throws when it cannot be part of a dump. */
  readonly seen: (piece: Uint8Array) => void;
}

export interface Arrived {
  /** As it was sent. */
  readonly received: Received;
  /** Of the program that dumps. */
  readonly code: number;
  /** Empty unless the code is not 0. */
  readonly stderr: string;
}

/** Passes on what a script of `dumpScript` sends. @throws DataError when it is not what was sent, whole */
export async function* receive(shell: Shell, { script, args, timeoutMs, seen }: Sending, signal: AbortSignal): AsyncGenerator<Uint8Array, Arrived> {
  const { context, place } = shell;
  const late = (): Error => new DataError(context.failure, `${doing} at ${place.words} has stalled: nothing arrived for ${silenceMs / 60_000} minutes.`);
  const silence = endedWhenSilent(context.ports.clock, silenceMs, signal, late);
  const pipe = shell.start(script, [`${Math.ceil(timeoutMs / 1000)}`, ...args], silence.signal);
  try {
    const pieces = withoutTrailer(pipe.output);
    let bytes = 0;
    let next = await pieces.next();
    for (; !next.done; next = await pieces.next()) {
      silence.heard();
      bytes += next.value.length;
      context.progress('dump', bytes);
      seen(next.value);
      yield next.value;
    }
    silence.signal.throwIfAborted();
    const received = next.value;
    pipe.end();
    const { trailer } = received;
    if (!trailer) throw await brokenOff(shell, `${doing}, after ${received.bytes.toLocaleString('en-US')} bytes and without its trailer,`, pipe, silence.signal);
    if (trailer.code !== 0) return { received, code: trailer.code, stderr: (await pipe.exited).stderr };
    if (trailer.sha256 !== received.sha256 || trailer.bytes !== received.bytes) throw changed(shell, received);
    return { received, code: 0, stderr: '' };
  } finally {
    silence.over();
    await pipe.stop();
  }
}

const changed = ({ context, place }: Shell, { trailer, bytes, sha256 }: Received): DataError => new DataError(
  context.failure, `${doing} was changed on its way from ${place.words}: ${trailer?.bytes} bytes with SHA-256 ${trailer?.sha256} were sent, ${bytes} bytes with ${sha256} arrived.`,
  { hint: 'Run the backup again. If it happens again, something between here and the server changes data: a proxy, or a defective machine.' },
);

/** The program was ended by its time limit; undefined when it was something else. */
export function endedByLimit({ context, place }: Shell, { code, stderr }: Arrived, timeoutMs: number): DataError | undefined {
  if (code !== 124 && (code !== 143 || /error/i.test(stderr))) return undefined;
  return new DataError(context.failure, `${doing} at ${place.words} was ended after ${timeoutMs / 1000} s.`, { hint: 'Allow more time, or find out what slows it down: locks, the disk, or the connection.' });
}

/**
 * A dump of which the facts are known after its last piece.
 * @param work gets a signal, and what aborts it with a reason, which is then what both reject with
 */
export function dumpFrom(signal: AbortSignal, work: (signal: AbortSignal, abort: (reason: unknown) => void) => AsyncGenerator<Uint8Array, DumpFacts>): Dump {
  let resolve: (facts: DumpFacts) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const facts = new Promise<DumpFacts>((done, wrong) => {
    resolve = done;
    reject = wrong;
  });
  // Whoever reads the pieces gets the same error.
  facts.catch(() => undefined);
  const pieces = async function* (): AsyncGenerator<Uint8Array, void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      resolve(yield* work(either, (reason) => over.abort(reason)));
    } catch (error) {
      const reason = either.aborted ? either.reason as unknown : error;
      reject(reason);
      throw reason;
    } finally {
      // Somebody who stops to read is not told more.
      reject(new Error('The dump was not read to its end.'));
      over.abort(new Error('The dump has ended.'));
    }
  };
  return { pieces: pieces(), facts: () => facts };
}
