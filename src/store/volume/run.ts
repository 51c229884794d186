import type { Clock } from '../../ports/clock.js';
import type { Pipe } from '../../ports/pipe.js';
import { within } from '../../ports/within.js';
import { StoreError, type StoreTrouble } from '../store.js';
import type { MountedVolume } from './mounted.js';
import { codes, endMark } from './scripts.js';

/** Another attempt may succeed: the connection broke off, or changed what it carried. The script may have done what it should. */
export class PassingError extends StoreError {}

export interface Script {
  readonly text: string;
  readonly args: readonly string[];
  /** For errors: `main/x/dump was not stored in pvc/backups/api`. */
  readonly doing: string;
  /** In all, ms. */
  readonly timeoutMs: number;
}

export interface Ran {
  readonly code: number;
  /** What it printed on stdout, without its last line. */
  readonly text: string;
  readonly stderr: string;
}

export type Feed = (pipe: Pick<Pipe, 'write'>) => Promise<void>;

const mostText = 256 * 1024 * 1024;

/**
 * Runs a script and reads what it prints.
 * @param feed writes its input, which is closed after it
 * @throws PassingError if it did not come to its end; what `signal` aborts with, after the script was ended
 */
export async function runScript(clock: Clock, volume: MountedVolume, script: Script, signal: AbortSignal, feed: Feed = async () => undefined): Promise<Ran> {
  const { text, args, doing, timeoutMs } = script;
  const late = (): Error => brokenOff(doing, `${volume.words} did not finish it within ${Math.round(timeoutMs / 1000)} s`);
  return within(clock, { ms: timeoutMs, late, signal }, async (over) => {
    const pipe = volume.start(text, args, over);
    try {
      const feeding = feed(pipe).finally(() => pipe.end());
      feeding.catch(() => undefined);
      const printed = await textOf(pipe);
      over.throwIfAborted();
      await feeding;
      const ended = endOf(printed);
      const { code, stderr } = await pipe.exited;
      if (!ended) throw brokenOff(doing, `the connection to ${volume.words} ended before it was done (exit code ${code})${lastWords(stderr)}`);
      return { ...ended, stderr };
    } finally {
      await pipe.stop();
    }
  });
}

async function textOf({ output }: Pipe): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of output) {
    bytes += piece.length;
    if (bytes > mostText) throw new RangeError(`A script printed more than ${mostText} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

const end = new RegExp(`\\n${endMark} (\\d{1,3})\\n$`);

/** The text before the last line of a script, and its exit code; undefined when that line is not there. */
export function endOf(printed: string): { readonly code: number; readonly text: string } | undefined {
  const found = end.exec(printed.slice(-40));
  return found ? { code: Number(found[1]), text: printed.slice(0, -found[0].length) } : undefined;
}

export const brokenOff = (doing: string, why: string, cause?: unknown): PassingError =>
  new PassingError('unavailable', `${doing}: ${why}`, 'Check whether the pod was restarted or evicted, and whether the connection to the cluster is stable; then try again.', { cause });

export const lastWords = (stderr: string): string => {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^command terminated with exit code \d+$/.test(line));
  const words = lines.slice(-2).join(' ').slice(0, 300).replace(/\.$/, '');
  return words === '' ? '' : `: ${words}`;
};

const byCode: Readonly<Record<number, readonly [trouble: StoreTrouble, hint: string, why: string]>> = {
  [codes.missing]: ['missing', 'Check what else removes files from the volume.', 'it does not exist'],
  [codes.exists]: ['exists', 'Objects are never replaced: check what else writes into this volume.', 'there is one already'],
  [codes.changed]: ['corrupt', 'Data changed on its way or on the disk of the volume: check both.', 'what was written is not what was sent'],
};

/** The messages of the system, as programs print them. */
const byWords: readonly (readonly [RegExp, trouble: StoreTrouble, hint: string])[] = [
  [/No space left on device|Disk quota exceeded/i, 'full', 'Enlarge the volume, or shorten the retention.'],
  [/Permission denied|Operation not permitted/i, 'denied', 'Let the user and group 65532 write into the volume: change the owner of its folder, or use a kind of volume that knows `fsGroup`.'],
  [/Read-only file system/i, 'denied', 'Check whether the volume is attached for reading only.'],
  [/not found|No such file or directory/i, 'invalid', 'The `backup.image` must have sh, cat, stat, tail, find, sha256sum, ln, mv, rm and df: that of busybox has.'],
];

/** What a script failed with that came to its end. */
export function failure(doing: string, volume: MountedVolume, { code, stderr }: Omit<Ran, 'text'>): StoreError {
  const known = byCode[code];
  if (known) return new (code === codes.changed ? PassingError : StoreError)(known[0], `${doing}: ${known[2]}`, known[1]);
  const [, trouble, hint] = byWords.find(([pattern]) => pattern.test(stderr)) ?? [undefined, 'unavailable' as const, 'Check the volume and its pod.'];
  return new StoreError(trouble, `${doing}: it failed in ${volume.words} with exit code ${code}${lastWords(stderr)}`, hint);
}
