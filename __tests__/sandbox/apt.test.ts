import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { aptGet, holderOf } from '../../sandbox/apt.mjs';

jest.setTimeout(20_000);

// The real apt-get, in a root of its own: no package is touched, and no lock of the machine.
let folder: string;
let holders: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-apt-'));
  for (const name of ['lists/partial', 'archives/partial', 'dpkg']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'dpkg/status'), '');
  holders = [];
});
afterEach(async () => {
  for (const holder of holders) await letGo(holder);
  rmSync(folder, { recursive: true });
});

const own = (): string[] => [
  `Dir::State::lists=${folder}/lists`, `Dir::State::status=${folder}/dpkg/status`, `Dir::Cache::archives=${folder}/archives`,
  'Dir::Etc::SourceList=/dev/null', 'Dir::Etc::SourceParts=/dev/null',
].flatMap((option) => ['-o', option]);
const files = (): string[] => ['dpkg/lock-frontend', 'dpkg/lock', 'lists/lock', 'archives/lock'].map((name) => join(folder, name));

/** A process that holds a lock of fcntl(2), as apt and dpkg do, until it is ended. */
async function hold(file: string): Promise<ChildProcess> {
  const program = `use Fcntl; open(my $f, '>', $ARGV[0]) or die; my $l = pack('ssx4qqlx4', F_WRLCK, 0, 0, 0, 0); fcntl($f, F_SETLK, $l) or die; $| = 1; print "held\\n"; <STDIN>`;
  const holder = spawn('perl', ['-e', program, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  holders.push(holder);
  const [said] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as [unknown];
  expect(String(said)).toBe('held\n');
  return holder;
}

async function letGo(holder: ChildProcess): Promise<void> {
  if (holder.exitCode !== null) return;
  holder.stdin?.end();
  await once(holder, 'exit');
}

// Elsewhere the sandbox installs nothing.
const onDebian = existsSync('/usr/bin/apt-get') ? describe : describe.skip;

onDebian('apt-get beside another one (skipped where there is no apt-get)', () => {
  it.each([
    ['dpkg/lock-frontend', ['install', '-y']],
    ['archives/lock', ['install', '-y']],
    ['lists/lock', ['update']],
  ])('waits for %s, and names who holds it', async (name, args) => {
    const file = join(folder, name);
    const holder = await hold(file);
    const notes: string[] = [];
    const report = (note: string): void => {
      notes.push(note);
      holder.stdin?.end();
    };
    await aptGet([...own(), ...args], { files: files(), report });
    expect(notes[0]).toMatch(new RegExp(`^waits for process ${holder.pid} \\(perl .*\\), which holds ${file}$`));
    expect(notes.at(-1)).toBe('');
  });

  it('waits as well for a lock that it could not see beforehand', async () => {
    const holder = await hold(join(folder, 'lists/lock'));
    const notes: string[] = [];
    const report = (note: string): void => {
      notes.push(note);
      holder.stdin?.end();
    };
    await aptGet([...own(), 'update'], { files: [], report });
    expect(notes[0]).toBe(`waits for another process, which holds ${folder}/lists/lock`);
  });

  it('gives up in the end, and says who held what', async () => {
    const file = join(folder, 'dpkg/lock-frontend');
    const { pid } = await hold(file);
    await expect(aptGet([...own(), 'install', '-y'], { files: files(), seconds: 0.2 })).rejects.toThrow(
      new RegExp(`^apt-get cannot run: process ${pid} \\(perl .*\\) still holds ${file}, after 0.2 s of waiting`),
    );
  });

  it('does not wait where it fails for another reason', async () => {
    const notes: string[] = [];
    await expect(aptGet([...own(), 'install', '-y', 'no-such-package'], { files: files(), report: (note) => notes.push(note) })).rejects.toThrow('Unable to locate package no-such-package');
    expect(notes).toEqual([]);
  });
});

describe('holderOf', () => {
  it('is nobody where nobody holds anything, and where there is no file', () => {
    expect(holderOf([join(folder, 'dpkg/status'), join(folder, 'nothing')])).toBeUndefined();
  });
});
