import { isAbsolute, relative, resolve } from 'node:path';
import type { Files } from './files.js';

type Reading = Pick<Files, 'readText' | 'readStart' | 'namesIn' | 'linkTarget'>;

/** The same files as far as they are in the working directory: what is outside, also by a link, does not exist. */
export function filesBelow<F extends Files>(files: F): F {
  const isBelow = async (path: string): Promise<boolean> => {
    const root = await files.realPath(files.workingDirectory) ?? files.workingDirectory;
    const real = await files.realPath(path);
    const way = relative(root, resolve(files.workingDirectory, real ?? path));
    return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
  };
  const reading: Reading = {
    readText: async (path) => (await isBelow(path) ? files.readText(path) : undefined),
    readStart: async (path, bytes) => (await isBelow(path) ? files.readStart(path, bytes) : undefined),
    namesIn: async (path) => (await isBelow(path) ? files.namesIn(path) : undefined),
    linkTarget: async (path) => (await isBelow(path) ? files.linkTarget(path) : undefined),
  };
  return { ...files, ...reading };
}
