import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { statusOf, upstreamVersion } from '../../sandbox/debian.mjs';
import { stampOf, unpackRoot } from '../../sandbox/unpacked.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-debian-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

// Elsewhere the sandbox has no packages.
const onDebian = existsSync('/usr/bin/dpkg-deb') ? describe : describe.skip;

/** A package with these files. */
function packageOf(name: string, files: Readonly<Record<string, string>>): string {
  const [tree, archive] = [join(folder, name), join(folder, `${name}.deb`)];
  const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: -\n`;
  for (const [path, content] of Object.entries({ 'DEBIAN/control': control, ...files })) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, archive], { stdio: 'pipe' });
  return archive;
}

onDebian('a root of packages (skipped where there is no dpkg-deb)', () => {
  it('has /bin and /lib in /usr, whatever the packages say, and nothing that no program reads', async () => {
    const archives = [packageOf('old', { 'bin/old': 'old', 'lib/a.so': 'a' }), packageOf('new', { 'usr/bin/new': 'new', 'usr/share/doc/new/a': 'a', 'opt/big/a': 'a' })];
    const root = join(folder, 'root');
    await unpackRoot(archives, root, ['./opt/big']);
    expect([readlinkSync(join(root, 'bin')), lstatSync(join(root, 'lib')).isSymbolicLink()]).toEqual(['usr/bin', true]);
    const texts = ['usr/bin/old', 'usr/bin/new', 'usr/lib/a.so'].map((path) => readFileSync(join(root, path), 'utf8'));
    expect(texts).toEqual(['old', 'new', 'a']);
    expect(['usr/share/doc', 'opt/big'].map((path) => existsSync(join(root, path)))).toEqual([false, false]);
  });

  it('is not made of an archive that is broken', async () => {
    const archive = packageOf('cut', { 'bin/a': 'a'.repeat(5000) });
    writeFileSync(archive, readFileSync(archive).subarray(0, 200));
    await expect(unpackRoot([archive], join(folder, 'root'))).rejects.toThrow('dpkg-deb');
  });
});

describe('the version of a package', () => {
  it.each([
    ['/a/postgresql-15_15.20-0+deb12u1_amd64.deb', 'postgresql-15', '15.20'],
    ['/a/redis-tools_5%3a7.0.15-1~deb12u10_amd64.deb', 'redis-tools', '7.0.15'],
    ['/a/postgresql-16_16.11-0ubuntu0.24.04.1_amd64.deb', 'postgresql-16', '16.11'],
    ['/a/libpq5_15.20-0+deb12u1_amd64.deb', 'postgresql-15', undefined],
    ['/a/native_3.1_all.deb', 'native', '3.1'],
  ])('%s of %s', (archive, name, version) => expect(upstreamVersion(archive, name)).toBe(version));
});

it('lists packages as installed in the form that apt reads', () => {
  expect(statusOf(['a', 'b']).split('\n\n').map((text) => text.split('\n').slice(0, 2))).toEqual([
    ['Package: a', 'Status: install ok installed'], ['Package: b', 'Status: install ok installed'],
  ]);
});

it('identifies what is made by the content of files, not by their paths', () => {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  for (const file of [a, b]) writeFileSync(file, 'same');
  expect(stampOf(a, { x: 1 })).toBe(stampOf(b, { x: 1 }));
  expect(stampOf(a, { x: 1 })).not.toBe(stampOf(a, { x: 2 }));
  writeFileSync(b, 'other');
  expect(stampOf(a)).not.toBe(stampOf(b));
});
