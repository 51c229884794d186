import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { disk } from '../../src/host/disk.js';
import { createFiles } from '../../src/host/files.js';
import { DiskError, type Disk, type DiskTrouble } from '../../src/ports/disk.js';
import { folderStore } from '../../src/store/folder.js';
import { fakePorts } from '../kubernetes/client/fake-ports.js';
import { bytesIn, contentOf, describeStore, going, listed, optionsFor } from './contract.js';

const portsIn = (folder: string) => ({ disk, files: { ...createFiles(folder), workingDirectory: folder } });

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

describeStore('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  return {
    open: () => folderStore(portsIn(folder), './backups'),
    contents: () => filesIn(join(folder, 'backups')).catch(() => []),
    write: async (name, bytes) => {
      await mkdir(join(folder, 'backups'), { recursive: true });
      await writeFile(join(folder, 'backups', name), bytes);
    },
    close: () => rm(folder, { recursive: true }),
  };
}, { manyBytes: 1_000_000 });

describe('a folder', () => {
  const hello = Buffer.from('hello');
  let folder = '';
  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'store-')); });
  afterEach(() => rm(folder, { recursive: true }));
  const open = (path = './backups') => folderStore(portsIn(folder), path);

  it('can be read by its owner alone', async () => {
    await open().put('main/x/dump', contentOf(hello), optionsFor(hello));
    expect((await stat(join(folder, 'backups'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'backups/main/x/dump'))).mode & 0o777).toBe(0o600);
  });

  it('may be named by its whole path', async () => {
    const store = open(join(folder, 'far'));
    await store.put('a', contentOf(hello), optionsFor(hello));
    expect([store.address, await bytesIn(store, 'a')]).toEqual([join(folder, 'far'), hello]);
  });

  it('keeps no folder in which there is nothing', async () => {
    const store = open();
    for (const name of ['main/x/dump', 'main/y/dump']) await store.put(name, contentOf(hello), optionsFor(hello));
    await store.remove('main/x/dump', going());
    expect(await readdir(join(folder, 'backups/main'))).toEqual(['y']);
    await store.remove('main/y/dump', going());
    expect(await readdir(join(folder, 'backups'))).toEqual([]);
  });

  it('is not left through a link', async () => {
    await mkdir(join(folder, 'backups'));
    await writeFile(join(folder, 'secret'), 'x');
    await symlink(folder, join(folder, 'backups/link'));
    await symlink(join(folder, 'secret'), join(folder, 'backups/file'));
    expect(await listed(open())).toEqual([]);
  });

  it('says that a file is in its place', async () => {
    await writeFile(join(folder, 'backups'), '');
    await expect(open().put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject({
      trouble: 'missing', message: `a was not stored in ./backups: ${join(folder, 'backups/a')} cannot be used: a part of its path is no folder`,
    });
  });
});

describe('a disk that does not do it', () => {
  const hello = Buffer.from('hello');
  const broken = (trouble: DiskTrouble): Disk => {
    const fail = (): never => { throw new DiskError(trouble, '/work/b/a cannot be used: so it is'); };
    const rejects = async (): Promise<never> => fail();
    async function* breaks(): AsyncGenerator<never> {
      yield fail();
    }
    return { spool: rejects, read: breaks, writeNew: rejects, freeBytes: rejects, stat: rejects, filesBelow: breaks, removeBelow: rejects };
  };

  it.each([
    ['full', 'full', 'Free space on its disk, or shorten the retention.'],
    ['exists', 'exists', 'Objects are never replaced: check what else writes into this folder.'],
    ['missing', 'missing', 'Check the path of the folder, and whether its disk is mounted.'],
    ['denied', 'denied', 'Allow the user of this run to read and write the folder.'],
    ['other', 'unavailable', 'Check the disk of the folder.'],
  ] as const)('because of "%s" is reported as %s, with what to do', async (trouble, expected, hint) => {
    const store = folderStore(fakePorts({ disk: broken(trouble) }), './b');
    const error = (what: string) => ({ name: 'StoreError', trouble: expected, hint, message: `${what}: /work/b/a cannot be used: so it is` });
    await expect(store.put('a', contentOf(hello), optionsFor(hello))).rejects.toMatchObject(error('a was not stored in ./b'));
    await expect(bytesIn(store, 'a')).rejects.toMatchObject(error('a could not be read from ./b'));
    await expect(store.head('a', going())).rejects.toMatchObject(error('a could not be looked up in ./b'));
    await expect(listed(store)).rejects.toMatchObject(error('./b could not be listed'));
    await expect(store.remove('a', going())).rejects.toMatchObject(error('a was not removed from ./b'));
    await expect(store.freeBytes?.(going())).rejects.toMatchObject(error('the free space of ./b could not be read'));
  });
});
