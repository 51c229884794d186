// apt-get beside others that use it: unattended upgrades, a person, another script.
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { command } from './command.mjs';
import { Unfit } from './machine.mjs';

/**
 * apt waits for the first two when DPkg::Lock::Timeout is set. It never waits for those of the lists, which `update`
 * takes, and of the archives: there it fails at once (apt 2.6, `pkgAcquire::GetLock`).
 */
const lockFiles = ['/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock', '/var/lib/apt/lists/lock', '/var/cache/apt/archives/lock'];
const locked = /Could not get lock (\S+?)\.?(?: |$)|Unable to acquire the dpkg frontend lock \((\S+)\)|Unable to lock (?:the administration )?directory/m;

/** @typedef {{ file: string, pid?: number, command?: string }} Holder */

/** Who holds a lock of fcntl(2) on one of the files, as far as the kernel shows it. @param {readonly string[]} files @returns {Holder | undefined} */
export function holderOf(files) {
  const held = new Map(readFileSync('/proc/locks', 'utf8').split('\n').flatMap((line) => {
    const [, pid, inode] = /^\d+: POSIX +ADVISORY +WRITE +(\d+) \w+:\w+:(\d+) /.exec(line) ?? [];
    return pid ? [[Number(inode), Number(pid)]] : [];
  }));
  for (const file of files) {
    const inode = statSync(file, { throwIfNoEntry: false })?.ino;
    const pid = inode === undefined ? undefined : held.get(inode);
    // A process of another process namespace has no number here.
    if (pid !== undefined) return { file, pid: pid || undefined, command: pid ? commandOf(pid) : undefined };
  }
  return undefined;
}

/** @param {number} pid */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return undefined;
  }
}

/** @param {Holder} holder */
const nameOf = ({ pid, command }) => (pid ? `process ${pid}${command ? ` (${command})` : ''}` : 'another process');

/**
 * Runs apt-get. While another process holds one of its locks, waits and reports which one.
 * @param {string[]} args
 * @param {{ files?: readonly string[], seconds?: number, report?: (note: string) => void }} [options] seconds: how long to wait for the locks, all in all
 */
export async function aptGet(args, { files = lockFiles, seconds = 300, report = () => {} } = {}) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const holder = holderOf(files) ?? await attempt(args, env, Math.max(0, Math.ceil((deadline - Date.now()) / 1000)));
    if (!holder) return report('');
    if (Date.now() >= deadline) {
      throw new Unfit(`apt-get cannot run: ${nameOf(holder)} still holds ${holder.file}, after ${seconds} s of waiting. Run the command again when it has exited.`);
    }
    report(`waits for ${nameOf(holder)}, which holds ${holder.file}`);
    await pause(250);
  }
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {number} seconds
 * @returns {Promise<Holder | undefined>} who came first, if it did not run for that
 */
async function attempt(args, env, seconds) {
  try {
    // Another process may take the lock between the check and the call. Ctrl-C would leave packages half installed.
    await command('apt-get', ['-o', `DPkg::Lock::Timeout=${seconds}`, ...args], { env, detached: true });
    return undefined;
  } catch (error) {
    const found = locked.exec(error instanceof Error ? error.message : '');
    if (!found) throw error;
    return { file: found[1] ?? found[2] ?? 'its lock' };
  }
}
