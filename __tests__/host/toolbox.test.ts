import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runnerToolbox } from '../../src/host/toolbox.js';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'toolbox-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('an archive is unpacked with the modes of its files', async () => {
  mkdirSync(join(folder, 'from'));
  writeFileSync(join(folder, 'from', 'tool'), '#!/bin/sh\necho works\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', join(folder, 'a.tar.gz'), '-C', join(folder, 'from'), 'tool']);
  await runnerToolbox.unpack(join(folder, 'a.tar.gz'), join(folder, 'to'));
  expect(String(execFileSync(join(folder, 'to', 'tool')))).toBe('works\n');
});

it('what is no archive is refused', async () => {
  writeFileSync(join(folder, 'a.tar.gz'), 'text');
  await expect(runnerToolbox.unpack(join(folder, 'a.tar.gz'), join(folder, 'to'))).rejects.toThrow(/tar/);
});

it('a folder is first on PATH, here and in later steps', () => {
  const [path, file] = [process.env['PATH'], join(folder, 'path')];
  writeFileSync(file, '');
  process.env['GITHUB_PATH'] = file;
  runnerToolbox.addPath('/tools/bin');
  expect([process.env['PATH'], readFileSync(file, 'utf8')]).toEqual([`/tools/bin:${path}`, '/tools/bin\n']);
  process.env['PATH'] = path;
  delete process.env['GITHUB_PATH'];
});

it('a variable is set here and in later steps', () => {
  const file = join(folder, 'env');
  writeFileSync(file, '');
  process.env['GITHUB_ENV'] = file;
  runnerToolbox.setVariable('TOOLBOX_TEST', '/a folder');
  expect([process.env['TOOLBOX_TEST'], readFileSync(file, 'utf8')]).toEqual(['/a folder', expect.stringMatching(/^TOOLBOX_TEST<<(\S+)\n\/a folder\n\1\n$/)]);
  delete process.env['TOOLBOX_TEST'];
  delete process.env['GITHUB_ENV'];
});
