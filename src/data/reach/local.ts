import type { Ports } from '../../ports/ports.js';
import type { Reach } from '../place.js';
import { localPlace } from './local-place.js';
import { openLocalScratch } from './scratch-local.js';

/** This machine, for a server that is reached by its address. @param folder its programs; undefined: those of PATH */
export const localReach = (ports: Ports, folder?: string): Reach => ({
  place: localPlace(ports, folder, []),
  scratch: (signal) => openLocalScratch(ports, folder, signal),
});
