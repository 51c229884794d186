import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Why a program cannot be started, by the code that `spawn` would give for it; undefined when it can. For a program that a
 * shell starts, as that reports it only by its exit code, which the program may have itself.
 * @param path PATH of its environment
 */
export function troubleOf(program: string, cwd: string, path: string): 'ENOENT' | 'EACCES' | undefined {
  const places = program.includes('/') ? [resolve(cwd, program)] : path.split(':').map((folder) => join(resolve(cwd, folder), program));
  const there = places.filter(isFile);
  if (there.some(isExecutable)) return undefined;
  return there.length > 0 ? 'EACCES' : 'ENOENT';
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
