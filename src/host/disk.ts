import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rm, rmdir, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DiskError, type Disk, type DiskTrouble, type FileFacts, type Spool } from '../ports/disk.js';
import { randomUUID } from './random-id.js';

/** Bytes of one read. */
const pieceBytes = 256 * 1024;

/** The disks of this machine. */
export const disk: Disk = {
  spool, read, writeNew, freeBytes, filesBelow, removeBelow,
  stat: async (path) => {
    const facts = await unlessMissing(path, () => stat(path));
    return facts && { bytes: facts.size, changedAt: facts.mtimeMs };
  },
};

/** Undefined when there is no such file or folder. @throws DiskError */
async function unlessMissing<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const wrong = diskError(path, error);
    if (wrong.trouble === 'missing') return undefined;
    throw wrong;
  }
}

async function* filesBelow(folder: string, above = ''): AsyncGenerator<FileFacts & { readonly path: string }> {
  const entries = await unlessMissing(folder, () => readdir(folder, { withFileTypes: true }));
  for (const entry of entries ?? []) {
    const [whole, path] = [join(folder, entry.name), join(above, entry.name)];
    if (entry.isDirectory()) yield* filesBelow(whole, path);
    if (!entry.isFile()) continue;
    const facts = await unlessMissing(whole, () => lstat(whole));
    if (facts) yield { path, bytes: facts.size, changedAt: facts.mtimeMs };
  }
}

async function removeBelow(root: string, path: string): Promise<void> {
  await unlessMissing(path, () => unlink(path));
  // The first folder that is not empty, or not ours to remove, ends it.
  for (let folder = dirname(path); folder.startsWith(`${root}/`); folder = dirname(folder)) {
    if (!await rmdir(folder).then(() => true, () => false)) return;
  }
}

/** It is opened and removed at once: what is left of it is the open file, which the system frees with this process. */
async function spool(folder: string): Promise<Spool> {
  const path = join(folder, `spool-${randomUUID()}`);
  const failed = (error: unknown): never => { throw diskError(folder, error); };
  const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600).catch(failed);
  await unlink(path).catch(failed);
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    append: async (pieces) => {
      for await (const piece of pieces) {
        await writeAll(file, piece, bytes).catch(failed);
        bytes += piece.length;
      }
    },
    read: () => piecesOf(file, folder, 0),
    close: () => file.close(),
  };
}

async function writeAll(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < piece.length;) {
    const { bytesWritten } = await file.write(piece, written, piece.length - written, position + written);
    written += bytesWritten;
  }
}

async function* piecesOf(file: FileHandle, name: string, start: number): AsyncGenerator<Uint8Array> {
  for (let position = start; ;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, position)
      .catch((error: unknown) => { throw diskError(name, error); });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function* read(path: string, start = 0): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((error: unknown) => { throw diskError(path, error); });
  try {
    yield* piecesOf(file, path, start);
  } finally {
    await file.close();
  }
}

async function writeNew(path: string, pieces: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
  const beside = `${path}.${randomUUID()}.part`;
  const failed = (error: unknown): never => { throw diskError(path, error); };
  // EEXIST: there is a file where a folder must be.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => failed(error.code === 'EEXIST' ? Object.assign(error, { code: 'ENOTDIR' }) : error));
  const file = await open(beside, 'wx', mode).catch(failed);
  try {
    let position = 0;
    for await (const piece of pieces) {
      await writeAll(file, piece, position).catch(failed);
      position += piece.length;
    }
    await file.sync().catch(failed);
    // A link, because a rename would replace a file of that name without a word.
    await link(beside, path).catch(failed);
    await syncFolder(dirname(path)).catch(failed);
  } finally {
    await file.close();
    await rm(beside, { force: true });
  }
}

/** A name that is not on the disk yet is lost with the power. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const wrong = diskError(folder, error);
    if (wrong.trouble !== 'missing' || dirname(folder) === folder) throw wrong;
    return freeBytes(dirname(folder));
  }
}

const troubles: Readonly<Record<string, readonly [DiskTrouble, string]>> = {
  ENOSPC: ['full', 'its disk is full'], EDQUOT: ['full', 'the disk quota of this user is used up'], EFBIG: ['full', 'it is larger than its file system allows'],
  EEXIST: ['exists', 'it exists already'], ENOENT: ['missing', 'it does not exist'], ENOTDIR: ['missing', 'a part of its path is no folder'],
  EACCES: ['denied', 'this user is not allowed to'], EPERM: ['denied', 'this user is not allowed to'], EROFS: ['denied', 'its file system is read-only'],
};

function diskError(path: string, error: unknown): DiskError {
  if (error instanceof DiskError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const [trouble, why] = troubles[code] ?? ['other', message];
  return new DiskError(trouble, `${path} cannot be used: ${why}`, { cause: error });
}
