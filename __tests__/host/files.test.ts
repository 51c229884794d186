import { spawnSync } from 'node:child_process';
import { lstat, mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFiles, notWritten } from '../../src/host/files.js';
import { compileSource } from './compile-source.js';

describe('a folder that is removed at the end of the process', () => {
  it.each([['that is ended in the middle', 'process.exit(130); '], ['that throws', "throw new Error('x');"], ['that comes to its end', '']])('%s is gone with all it holds', async (_name, ending) => {
    const compiled = await compileSource();
    const folder = await createFiles(compiled).temporaryFolder();
    await writeFile(join(folder, 'config.json'), 'login');
    const script = `import { removeAtExit } from ${JSON.stringify(join(compiled, 'host/files.js'))}; removeAtExit(${JSON.stringify(folder)}, console.error); ${ending}`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect((await readdir(compiled)).filter((name) => name.startsWith('deploy-action-'))).toEqual([]);
    expect(stderr.includes('Error')).toBe(ending.includes('throw'));
    await rm(compiled, { recursive: true });
  });
  it('is told when it cannot be removed', async () => {
    const compiled = await compileSource();
    // What no user may remove: a part of the path is too long.
    const script = `import { removeAtExit } from ${JSON.stringify(join(compiled, 'host/files.js'))}; removeAtExit('/' + 'x'.repeat(5000), (error) => console.log(/too long/.test(error))); process.exit(130)`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    expect([stdout, status]).toEqual(['true\n', 130]);
    await rm(compiled, { recursive: true });
  });
});

describe('files', () => {
  let root: string;
  const at = (name: string) => join(root, name);
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'files-test-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('names what is in a folder, and nothing of a file or of what does not exist', async () => {
    const files = createFiles(root);
    await files.writeText(at('a'), 'text');
    expect([await files.namesIn(root), await files.namesIn(at('a')), await files.namesIn(at('b'))]).toEqual([['a'], undefined, undefined]);
  });
  it('reads what it wrote, and undefined where there is nothing', async () => {
    const files = createFiles(root);
    await files.writeText(at('a'), 'text ✓');
    expect(await files.readText(at('a'))).toBe('text ✓');
    expect(await files.readText(at('b'))).toBeUndefined();
    expect(await files.readText(at('a/b'))).toBeUndefined();
  });

  it('does not take a folder for an absent file', async () => {
    await expect(createFiles(root).readText(root)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('writes with the mode asked for, over what was there, and leaves nothing beside', async () => {
    const files = createFiles(root);
    await files.writeText(at('open'), 'x');
    await files.writeText(at('secret'), 'old', 0o644);
    await files.writeText(at('secret'), 'new', 0o600);
    expect((await stat(at('open'))).mode & 0o777).toBe(0o644);
    expect((await stat(at('secret'))).mode & 0o777).toBe(0o600);
    expect(await readdir(root)).toEqual(['open', 'secret']);
  });

  it('writes to what is no file, and does not put a file in its place', async () => {
    const files = createFiles(root);
    spawnSync('mkfifo', [at('pipe')]);
    // Opened for both, as a writer waits for a reader.
    const reader = await open(at('pipe'), 'r+');
    await files.writeText(at('pipe'), 'report');
    const { buffer, bytesRead } = await reader.read(Buffer.alloc(100), 0, 100);
    await reader.close();
    expect([buffer.toString('utf8', 0, bytesRead), (await stat(at('pipe'))).isFIFO(), await readdir(root)]).toEqual(['report', true, ['pipe']]);
    await symlink('/dev/null', at('null'));
    await files.writeText(at('null'), 'x');
    expect((await lstat(at('null'))).isSymbolicLink()).toBe(true);
    await expect(files.writeText('/dev/full', 'x')).rejects.toMatchObject({ message: '/dev/full could not be written: its disk is full.' });
  });

  it('leaves nothing beside when it cannot write', async () => {
    const files = createFiles(root);
    await writeFile(at('file'), '');
    await expect(files.writeText(at('file/below'), 'x')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(files.writeText(root, 'x')).rejects.toThrow();
    expect((await readdir(tmpdir())).filter((name) => name.startsWith(`${root.split('/').pop()}.`))).toEqual([]);
  });

  it('says in words why a file cannot be written where the disk is to blame', () => {
    expect(notWritten('/r/x', Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))).toMatchObject({
      code: 'config-invalid', message: '/r/x could not be written: its disk is full.', hint: expect.stringContaining('has free space'),
    });
    const other = new Error('x');
    expect(notWritten('/r/x', other)).toBe(other);
  });

  it('makes private folders and removes them with all they hold', async () => {
    const files = createFiles(root);
    const folder = await files.temporaryFolder();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await writeFile(join(folder, 'x'), '');
    await files.remove(folder);
    await files.remove(folder);
    expect(await readdir(root)).toEqual([]);
  });

  it('says in words why there can be no private folder, whoever asks for it', async () => {
    await writeFile(at('file'), '');
    for (const [path, reason] of [[at('nowhere'), 'it does not exist'], [at('file'), 'it is not a folder']] as const) {
      await expect(createFiles(path).temporaryFolder()).rejects.toMatchObject({
        code: 'config-invalid', message: `The temporary folder ${path} cannot be used: ${reason}.`, hint: expect.stringContaining('RUNNER_TEMP'),
      });
    }
  });

  it('makes a private folder with a short path, wherever its own folder is', async () => {
    const files = createFiles(at('x'.repeat(100)));
    const folder = await files.shortFolder(60);
    expect([(await stat(folder)).mode & 0o777, Buffer.byteLength(folder) <= 60]).toEqual([0o700, true]);
    await files.remove(folder);
    await expect(files.shortFolder(3)).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('at most 3 bytes') });
  });

  it('links, and removes a link without what it points to', async () => {
    const files = createFiles(root);
    await writeFile(at('target'), 'kept');
    await files.link(at('target'), at('link'));
    expect(await files.readText(at('link'))).toBe('kept');
    await files.remove(at('link'));
    expect(await readFile(at('target'), 'utf8')).toBe('kept');
  });

  it('follows links, and reads the first bytes', async () => {
    const files = createFiles(root);
    await writeFile(at('target'), 'text');
    await symlink('target', at('link'));
    await symlink('nowhere', at('dangling'));
    expect(await files.realPath(at('link'))).toBe(await files.realPath(at('target')));
    expect(await Promise.all(['dangling', 'absent', 'target/below'].map((name) => files.realPath(at(name))))).toEqual([undefined, undefined, undefined]);
    const starts = await Promise.all(['link', 'absent'].map((name) => files.readStart(at(name), 2)));
    expect(starts.map((bytes) => bytes && Buffer.from(bytes).toString())).toEqual(['te', undefined]);
    expect(await files.readStart(at('target'), 100)).toHaveLength(4);
    await expect(files.readStart(root, 2)).rejects.toThrow('EISDIR');
  });

  it('knows what can be executed', async () => {
    const files = createFiles(root);
    await writeFile(at('program'), '', { mode: 0o755 });
    await writeFile(at('text'), '', { mode: 0o644 });
    await symlink(at('program'), at('link'));
    expect(await Promise.all(['program', 'text', 'link', 'absent', '.'].map((name) => files.isExecutable(at(name)))))
      .toEqual([true, false, true, false, false]);
  });
});
