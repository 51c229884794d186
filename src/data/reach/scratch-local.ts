import type { Ports } from '../../ports/ports.js';
import type { ScratchPlace } from '../place.js';
import { hold, holdScript } from './hold.js';
import { localPlace } from './local-place.js';
import { scratchPlace } from './scratch.js';

/** A private folder on this machine, which goes with this process. @param programs folder of the programs; undefined: those of PATH */
export async function openLocalScratch(ports: Ports, programs: string | undefined, signal: AbortSignal): Promise<ScratchPlace> {
  const owner = localPlace(ports, programs, []);
  const pipe = owner.start(holdScript, { args: [ports.env.TMPDIR ?? '/tmp', ''], signal });
  const held = await hold(ports.clock, pipe, 'The folder for a scratch server on this machine', 'backup-failed', signal);
  // This process can be root, in a container.
  const before = ['setpriv', `--reuid=${held.user}`, `--regid=${held.group}`, '--clear-groups', '--no-new-privs'];
  const place = { ...localPlace(ports, programs, held.isRoot ? before : []), words: 'the scratch server on this machine' };
  return scratchPlace(place, held.folder, held.release);
}
