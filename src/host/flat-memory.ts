/**
 * For a run that moves data of any size. V8 sees only a small object of each piece of it, so it would let the space for new objects grow to
 * 48 MB (Node 24) before it looks for pieces that nobody uses any more, and up to 60 MB of them would wait for that. With the space as small
 * as it is at the start, it looks often enough, and the transfer is no slower.
 */
export const keepMemoryFlat = (): void => process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
