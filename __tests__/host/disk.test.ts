import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { disk } from '../../src/host/disk.js';

let folder = '';
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'disk-test-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

async function* pieces(...all: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) {
    if (piece instanceof Error) throw piece;
    yield Buffer.from(piece);
  }
}

async function textOf(all: AsyncIterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  for await (const piece of all) read.push(piece);
  return Buffer.concat(read).toString();
}

describe('a spool', () => {
  it('has no name, and is read as often as wanted', async () => {
    const spool = await disk.spool(folder);
    await spool.append(pieces('one', 'two'));
    await spool.append(pieces('three'));
    expect(await readdir(folder)).toEqual([]);
    expect(spool.bytes).toBe(11);
    expect([await textOf(spool.read()), await textOf(spool.read())]).toEqual(['onetwothree', 'onetwothree']);
    await spool.close();
  });

  it('passes on what its pieces reject with', async () => {
    const spool = await disk.spool(folder);
    await expect(spool.append(pieces('one', new Error('the source broke')))).rejects.toThrow('the source broke');
    await spool.close();
  });

  it('says what is wrong with its folder', async () => {
    await expect(disk.spool(join(folder, 'absent'))).rejects.toMatchObject({ name: 'DiskError', trouble: 'missing', message: `${join(folder, 'absent')} cannot be used: it does not exist` });
  });
});

describe('a new file', () => {
  it('appears complete, in folders of its own, private', async () => {
    const path = join(folder, 'a', 'b', 'file');
    await disk.writeNew(path, pieces('one', 'two'), 0o600);
    expect(await readFile(path, 'utf8')).toBe('onetwo');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['file']);
    expect(await disk.stat(path)).toMatchObject({ bytes: 6 });
  });

  it('does not replace another one', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'old');
    await expect(disk.writeNew(path, pieces('new'), 0o600)).rejects.toMatchObject({ trouble: 'exists' });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('leaves nothing of pieces that break off', async () => {
    await expect(disk.writeNew(join(folder, 'file'), pieces('one', new Error('cut')), 0o600)).rejects.toThrow('cut');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('reading', () => {
  it('begins where it is told to', async () => {
    await writeFile(join(folder, 'file'), '0123456789');
    expect(await textOf(disk.read(join(folder, 'file'), 4))).toBe('456789');
  });

  it('says that there is no such file', async () => {
    await expect(textOf(disk.read(join(folder, 'file')))).rejects.toMatchObject({ trouble: 'missing' });
    expect(await disk.stat(join(folder, 'file'))).toBeUndefined();
  });

  it('tells what is free, also for a folder that does not exist yet', async () => {
    expect(await disk.freeBytes(join(folder, 'a', 'b'))).toBeGreaterThan(0);
  });
});

describe('the files below a folder', () => {
  const namesBelow = async (path: string): Promise<string[]> => {
    const names: string[] = [];
    for await (const each of disk.filesBelow(path)) names.push(`${each.path} ${each.bytes}`);
    return names.sort();
  };

  it('are those of all folders in it, without links', async () => {
    await mkdir(join(folder, 'a/b'), { recursive: true });
    await writeFile(join(folder, 'a/b/file'), '12345');
    await writeFile(join(folder, 'file'), '');
    await symlink(folder, join(folder, 'a/again'));
    await symlink(join(folder, 'file'), join(folder, 'link'));
    expect(await namesBelow(folder)).toEqual(['a/b/file 5', 'file 0']);
  });

  it('are none where it does not exist', async () => expect(await namesBelow(join(folder, 'absent'))).toEqual([]));
});

describe('a file that is removed', () => {
  it('takes with it the folders that are empty then, but not the root', async () => {
    for (const path of ['a/b/one', 'a/b/two', 'a/c/d/three']) await disk.writeNew(join(folder, path), pieces('x'), 0o600);
    await disk.removeBelow(folder, join(folder, 'a/c/d/three'));
    await disk.removeBelow(folder, join(folder, 'a/b/one'));
    expect(await readdir(folder, { recursive: true })).toEqual(['a', 'a/b', 'a/b/two']);
    await disk.removeBelow(folder, join(folder, 'a/b/two'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('need not exist', async () => {
    await disk.removeBelow(folder, join(folder, 'absent/file'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('is no folder', async () => {
    await mkdir(join(folder, 'a'));
    await expect(disk.removeBelow(folder, join(folder, 'a'))).rejects.toMatchObject({ name: 'DiskError' });
  });
});

it('a file is not written where its folder would be a file', async () => {
  await writeFile(join(folder, 'file'), 'x');
  for (const path of ['file/new', 'file/deeper/new']) {
    await expect(disk.writeNew(join(folder, path), pieces('x'), 0o600)).rejects.toMatchObject({ trouble: 'missing', message: `${join(folder, path)} cannot be used: a part of its path is no folder` });
  }
});
