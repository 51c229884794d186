import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, createWriteStream, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandError } from '../outcome/errors.js';
import type { Files } from '../ports/files.js';
import { randomUUID } from './random-id.js';

/*
 * What every run does with small files before its first stage and at its end is done at once: `node:fs/promises` and the
 * threads behind it take 4 ms of processor time.
 */

/** The files of this machine. `temporaryRoot` is where private folders are made: the runner's own temporary folder. */
export function createFiles(temporaryRoot: string = process.env['RUNNER_TEMP'] || tmpdir()): Files {
  return {
    get workingDirectory() {
      return process.cwd();
    },
    readText,
    readStart,
    realPath,
    linkTarget: (path) => readlink(path).catch(() => undefined),
    namesIn: (folder) => readdir(folder).catch(() => undefined),
    isExecutable,
    writeText,
    sha256,
    writeVerified,
    link: (target, path) => symlink(target, path),
    temporaryFolder: () => temporaryFolder(temporaryRoot),
    shortFolder,
    remove,
  };
}

async function temporaryFolder(root: string): Promise<string> {
  try {
    return mkdtempSync(join(root, 'deploy-action-'));
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new CommandError('config-invalid', `The temporary folder ${root} cannot be used: ${folderTrouble[code] ?? message}.`, {
      hint: 'Check that the folder (RUNNER_TEMP on a runner of GitHub, otherwise TMPDIR) exists, and that this user is allowed to write to it.', cause: error,
    });
  }
}

const diskTrouble: Readonly<Record<string, string>> = { EROFS: 'its file system is read-only', ENOSPC: 'its disk is full', EDQUOT: 'the disk quota of this user is used up' };
const folderTrouble: Readonly<Record<string, string>> = {
  ...diskTrouble, ENOENT: 'it does not exist', ENOTDIR: 'it is not a folder', EACCES: 'this user is not allowed to write to it', EPERM: 'this user is not allowed to write to it',
};

/** What mkdtemp makes of a name that ends in XXXXXX. */
const shortName = 'deploy-XXXXXX';

async function shortFolder(maxBytes: number): Promise<string> {
  const roots = [tmpdir(), '/tmp', process.env['XDG_RUNTIME_DIR'] ?? '', '/var/tmp', '/dev/shm', homedir()];
  const fitting = [...new Set(roots)].filter((root) => isAbsolute(root) && Buffer.byteLength(join(root, shortName)) <= maxBytes);
  for (const root of fitting) {
    const folder = await mkdtemp(join(root, shortName.replace('XXXXXX', ''))).catch(() => undefined);
    if (folder === undefined) continue;
    removeAtExit(folder, () => undefined);
    return folder;
  }
  throw new CommandError('config-invalid', `No folder for a socket could be created: a path of at most ${maxBytes} bytes is needed, and none of ${roots.filter(Boolean).join(', ')} is short enough and writable.`, {
    hint: 'Allow this user to write to /tmp, or set TMPDIR to a folder with a short path.',
  });
}

/**
 * Removes the folder when this process ends, also if it is stopped early.
 * @param onFailure called when it cannot be removed
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
    // What is no file, such as a pipe, may be long in coming.
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function readStart(path: string, bytes: number): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  } finally {
    await file?.close();
  }
}

async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A reader sees the old text or the new one, never a part, and a secret never exists with a wider mode. */
async function writeText(path: string, text: string, mode = 0o644): Promise<void> {
  const beside = `${path}.${randomUUID()}`;
  try {
    const flag = flagOfStream(path);
    if (flag !== undefined) return writeFileSync(path, text, { flag });
    writeFileSync(beside, text, { mode, flag: 'wx' });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw notWritten(path, error);
  }
}

/**
 * How to open what takes text but is no file: a pipe, a device, an open output of this process. A file in its place would take it away
 * from every other program. Undefined for a file, also for one that does not exist.
 */
function flagOfStream(path: string): 'a' | 'w' | undefined {
  // The output may go to a file, which has the lines of the run already.
  if (/^\/(?:dev\/(?:stdout|stderr|fd\/\d+)|proc\/.*)$/.test(path)) return 'a';
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined || found.isFile() || found.isDirectory() ? undefined : 'w';
}

/** What to say when a file could not be written; what this machine is not to blame for stays what it is. */
export function notWritten(path: string, error: unknown): unknown {
  const trouble = diskTrouble[(error as NodeJS.ErrnoException).code ?? ''];
  if (trouble === undefined) return error;
  return new CommandError('config-invalid', `${path} could not be written: ${trouble}.`, { hint: 'Check that the disk has free space and is writable.', cause: error });
}

async function remove(path: string): Promise<void> {
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

async function sha256(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

async function writeVerified(path: string, pieces: AsyncIterable<Uint8Array>, expected: string, mode: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}`;
  const hash = createHash('sha256');
  try {
    await pipeline(pieces, async function* through(all) {
      for await (const piece of all) {
        hash.update(piece);
        yield piece;
      }
    }, createWriteStream(beside, { flags: 'wx', mode }));
    const actual = hash.digest('hex');
    if (actual === expected) await rename(beside, path);
    return actual;
  } finally {
    await rm(beside, { force: true });
  }
}

/** ENOTDIR: a part of the path is a file, so there is nothing below it. */
function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
