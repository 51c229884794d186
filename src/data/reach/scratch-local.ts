import type { DataContext } from '../engine.js';
import { DataError } from '../error.js';
import type { ScratchPlace } from '../place.js';
import { hold, holdScript } from './hold.js';
import { localPlace } from './local-place.js';
import { scratchPlace } from './scratch.js';

/** The data, the dump beside it, the sorting of indexes and the log of the server. */
const spaceFactor = 2.2;
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toLocaleString('en-US', { maximumFractionDigits: 1 })} GB`;

/** A private folder on this machine, which goes with this process. @param programs folder of the programs; undefined: those of PATH */
export async function openLocalScratch(context: DataContext, programs: string | undefined, signal: AbortSignal, bytes: number): Promise<ScratchPlace> {
  const { ports } = context;
  const parent = ports.env.TMPDIR ?? '/tmp';
  const [needed, free] = [bytes * spaceFactor, await ports.disk.freeBytes(parent)];
  if (free < needed) {
    throw new DataError(context.failure, `${parent} has ${gigabytes(free)} free, and a scratch server needs ${gigabytes(needed)} there.`, { hint: 'Free space, set TMPDIR to a larger disk, or set `verify: archive`.' });
  }
  const pipe = localPlace(ports, programs, []).start(holdScript, { args: [parent, ''], signal });
  const held = await hold(ports.clock, pipe, 'The folder for a scratch server on this machine', context.failure, signal);
  // This process can be root, in a container.
  const before = ['setpriv', `--reuid=${held.user}`, `--regid=${held.group}`, '--clear-groups', '--no-new-privs'];
  const place = { ...localPlace(ports, programs, held.isRoot ? before : []), words: 'the scratch server on this machine' };
  return scratchPlace(place, held.folder, held.release);
}
