import type { Machine } from '../ports/machine.js';

export const thisMachine: Machine = { system: process.platform, architecture: process.arch };
