// Whether this machine can run the sandbox at all; whatever is missing is said by name, before anything is done.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { source } from './layout.mjs';

const oldestGo = { major: 1, minor: 25 };

/** An error without a stack trace: the user must change something on the machine. */
export class Unfit extends Error {}

export function checkSystem() {
  if (process.platform !== 'linux') {
    throw new Unfit(`The sandbox runs Kubernetes directly on the machine and needs Linux; this is ${process.platform}.`);
  }
  if (process.arch !== 'x64') {
    throw new Unfit(`The sandbox only supports x86-64 machines; this one is ${process.arch}.`);
  }
  if (!/\boverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')) && !loads('overlay')) {
    throw new Unfit('The kernel has no overlay file system, which containers need (module "overlay").');
  }
  if (!existsSync('/sys/fs/cgroup/memory') && !existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    throw new Unfit('No control groups are mounted at /sys/fs/cgroup; kubelet needs them.');
  }
}

/** @param {string} name */
export function loads(name) {
  return spawnSync('modprobe', [name], { stdio: 'ignore' }).status === 0;
}

export function isRoot() {
  return process.getuid?.() === 0;
}

export function checkRights() {
  if (isRoot() || spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0) return;
  throw new Unfit(
    'The sandbox needs root (mounts, network devices, control groups), and sudo without a password is not available.\n' +
      'Run it as root, or run "sudo -v" first.',
  );
}

export function checkGo() {
  // Run inside a module, so a Go that downloads newer versions of itself reports the one that it will use.
  const asked = spawnSync('go', ['version'], { cwd: join(source, 'programs'), encoding: 'utf8' });
  const wanted = `Go ${oldestGo.major}.${oldestGo.minor} or newer`;
  if (asked.error) throw new Unfit(`The sandbox is built from source and needs ${wanted}: there is no "go" in PATH.`);
  const version = /go(\d+)\.(\d+)/.exec(asked.stdout ?? '');
  const major = Number(version?.[1] ?? 0);
  const minor = Number(version?.[2] ?? 0);
  if (major > oldestGo.major || (major === oldestGo.major && minor >= oldestGo.minor)) return;
  throw new Unfit(`The sandbox needs ${wanted}; found: ${(asked.stdout || asked.stderr).trim()}`);
}
