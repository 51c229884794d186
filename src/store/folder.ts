import { join, resolve } from 'node:path';
import { DiskError, type DiskTrouble } from '../ports/disk.js';
import type { Ports } from '../ports/ports.js';
import { checkedContent } from './content.js';
import { byName, checkName } from './names.js';
import { StoreError, type ObjectStore, type StoredObject, type StoreTrouble } from './store.js';

/** Nobody but the owner reads a backup. */
const mode = 0o600;

/** A folder of this machine: each object is a file. @param path as the settings name it, relative to the working directory */
export function folderStore({ disk, files }: Pick<Ports, 'disk' | 'files'>, path: string): ObjectStore {
  const root = resolve(files.workingDirectory, path);
  const fileOf = (name: string): string => {
    checkName(name, path);
    return join(root, name);
  };
  const head = async (name: string, signal: AbortSignal): Promise<StoredObject | undefined> => {
    signal.throwIfAborted();
    const facts = await disk.stat(fileOf(name)).catch(refused(`${name} could not be looked up in ${path}`));
    return facts && { name, ...facts };
  };
  return {
    address: path, notes: [], head,
    put: async (name, content, options) => {
      const pieces = checkedContent(content(), options, `${name} in ${path}`);
      options.signal.throwIfAborted();
      await disk.writeNew(fileOf(name), pieces, mode).catch(refused(`${name} was not stored in ${path}`));
      return await head(name, options.signal) ?? { name, bytes: options.bytes, changedAt: 0 };
    },
    get: async function* get(name, signal) {
      try {
        for await (const piece of disk.read(fileOf(name))) {
          signal.throwIfAborted();
          yield piece;
        }
      } catch (error) {
        refused(`${name} could not be read from ${path}`)(error);
      }
    },
    list: async function* list(prefix, signal) {
      const all: StoredObject[] = [];
      try {
        for await (const { path: name, ...facts } of disk.filesBelow(root)) {
          signal.throwIfAborted();
          if (name.startsWith(prefix)) all.push({ name, ...facts });
        }
      } catch (error) {
        refused(`${path} could not be listed`)(error);
      }
      yield* all.sort(byName);
    },
    remove: async (name, signal) => {
      signal.throwIfAborted();
      await disk.removeBelow(root, fileOf(name)).catch(refused(`${name} was not removed from ${path}`));
    },
    freeBytes: async (signal) => {
      signal.throwIfAborted();
      return disk.freeBytes(root).catch(refused(`the free space of ${path} could not be read`));
    },
  };
}

const troubles: Readonly<Record<DiskTrouble, readonly [StoreTrouble, string]>> = {
  full: ['full', 'Free space on its disk, or shorten the retention.'],
  exists: ['exists', 'Objects are never replaced: check what else writes into this folder.'],
  missing: ['missing', 'Check the path of the folder, and whether its disk is mounted.'],
  denied: ['denied', 'Allow the user of this run to read and write the folder.'],
  other: ['unavailable', 'Check the disk of the folder.'],
};

const refused = (what: string) => (error: unknown): never => {
  if (!(error instanceof DiskError)) throw error;
  const [trouble, hint] = troubles[error.trouble];
  throw new StoreError(trouble, `${what}: ${error.message}`, hint, { cause: error });
};
