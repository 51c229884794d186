import { within } from '../../ports/within.js';
import type { Clock } from '../../ports/clock.js';
import type { Pipe } from '../../ports/pipe.js';
import { DataError, type DataFailure } from '../error.js';

/**
 * The script that owns a scratch place: it makes its folder, prints what is needed to use it, and removes it when its input ends, which
 * also happens when this process is killed. Prints the folder, and a user and group that may own the data: programs of databases refuse
 * to run as root.
 * @param $1 the parent of the folder, $2 what the main process of a container waits for: a named pipe, which it makes when it starts; or empty
 */
export const holdScript = `
umask 077
folder=$(mktemp -d "$1/acci-scratch-XXXXXX") || exit 91
if [ -n "$2" ]; then
  tries=0
  until [ -p "$2" ] || [ "$tries" = 100 ]; do tries=$((tries + 1)); sleep 0.1; done
  [ -p "$2" ] && exec 4>"$2" || exit 92
fi
user=$(id -u); group=$(id -g)
if [ "$user" = 0 ]; then
  name=postgres; id -u "$name" >/dev/null 2>&1 || name=nobody
  user=$(id -u "$name"); group=$(id -g "$name")
  chown "$user:$group" "$folder"
fi
trap 'rm -rf "$folder"; exit 143' HUP INT TERM
printf '%s %s %s %s\\n' "$(id -u)" "$user" "$group" "$folder"
while IFS= read -r line; do :; done
tries=0
until rm -rf "$folder" 2>/dev/null || [ "$tries" = 50 ]; do tries=$((tries + 1)); sleep 0.1; done
`;

export interface Held {
  /** Whether the script runs as root, and the owner is somebody else. */
  readonly isRoot: boolean;
  readonly user: number;
  readonly group: number;
  readonly folder: string;
  /** Ends the script, which removes the folder. */
  release(): Promise<void>;
}

/** Waits until the script has printed what the place is. @param words the place */
export async function hold(clock: Clock, pipe: Pipe, words: string, failure: DataFailure, signal: AbortSignal): Promise<Held> {
  const late = (): Error => new DataError(failure, `${words} was not ready within 60 s.`);
  try {
    return await within(clock, { ms: 60_000, late, signal }, async (over) => {
      over.addEventListener('abort', () => void pipe.stop(), { once: true });
      // Read with the iterator, which stays open: the end of a loop would close the output, and with it the program.
      const pieces = pipe.output[Symbol.asyncIterator]();
      const line = await firstLine(pieces);
      over.throwIfAborted();
      const match = /^(\d+) (\d+) (\d+) (\/.*)$/.exec(line);
      if (match) {
        const [, self, user, group, folder = ''] = match;
        return { isRoot: Number(self) === 0, user: Number(user), group: Number(group), folder, release: () => release(clock, pipe, pieces) };
      }
      await pipe.stop();
      const { code, stderr } = await pipe.exited;
      throw new DataError(failure, `${words} could not be used (exit code ${code})${stderr.trim() ? `: ${stderr.trim().slice(-300)}` : ''}.`);
    });
  } catch (error) {
    await pipe.stop();
    throw error;
  }
}

async function firstLine(pieces: AsyncIterator<Uint8Array>): Promise<string> {
  let text = '';
  while (!text.includes('\n')) {
    const { value, done } = await pieces.next();
    if (done) return text;
    text += Buffer.from(value).toString();
  }
  return text.slice(0, text.indexOf('\n'));
}

/** Some files take long to remove; a connection that hangs is not waited for. */
async function release(clock: Clock, pipe: Pipe, pieces: AsyncIterator<Uint8Array>): Promise<void> {
  pipe.end();
  const ended = (async () => {
    while (!(await pieces.next()).done);
    await pipe.exited;
  })().catch(() => undefined);
  const over = new AbortController();
  await Promise.race([ended, clock.sleep(30_000, over.signal).catch(() => undefined)]);
  over.abort();
  await pipe.stop();
}
