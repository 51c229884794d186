import { randomUUID } from 'node:crypto';
import { constants, rmSync } from 'node:fs';
import { access, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Files } from '../ports/files.js';

/** The files of this machine. `temporaryRoot` is where private folders are made: the runner's own temporary folder. */
export function createFiles(temporaryRoot: string = process.env['RUNNER_TEMP'] || tmpdir()): Files {
  return {
    readText,
    isExecutable,
    writeText,
    link: (target, path) => symlink(target, path),
    temporaryFolder: () => mkdtemp(join(temporaryRoot, 'deploy-action-')),
    remove: (path) => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/**
 * Removes the folder when this process ends, also where it is ended in the middle of its work.
 * @param onFailure told when it cannot be removed
 */
export function removeAtExit(folder: string, onFailure: (error: unknown) => void): void {
  process.once('exit', () => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    } catch (error) {
      onFailure(error);
    }
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** A reader sees the old text or the new one, never a half; a secret is never there with a wider mode, not for a moment. */
async function writeText(path: string, text: string, mode = 0o644): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    await writeFile(beside, text, { mode, flag: 'wx' });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** ENOTDIR: a part of the path is a file, so there is nothing below it. */
function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
