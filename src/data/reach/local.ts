import type { DataContext } from '../engine.js';
import type { Reach } from '../place.js';
import { localPlace } from './local-place.js';
import { openLocalScratch } from './scratch-local.js';

/** This machine, for a server that is reached by its address. @param folder its programs; undefined: those of PATH */
export const localReach = (context: DataContext, folder?: string): Reach => ({
  place: localPlace(context.ports, folder, []),
  scratch: (signal, bytes) => openLocalScratch(context, folder, signal, bytes),
});
