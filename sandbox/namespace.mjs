// containerd, kubelet and buildkitd run in their own mount namespace. Their mounts disappear with it,
// and some built-in paths of these programs are mapped to our folders there, so a second kubelet or
// containerd on the machine never meets ours.
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, succeeds } from './command.mjs';
import { run, state } from './layout.mjs';

const folder = join(run, 'namespaces');
const pin = join(folder, 'mount');

/** Built-in path → ours. @type {[string, string][]} */
const redirected = [
  ['/var/lib/kubelet', join(state, 'kubelet')],
  ['/var/log/pods', join(state, 'pod-logs')],
  ['/var/log/containers', join(state, 'container-logs')],
  ['/var/lib/cni', join(state, 'cni', 'results')],
  ['/run/containerd', join(run, 'containerd')],
  ['/run/buildkit', join(run, 'buildkit')],
  ['/run/runc', join(run, 'runc')],
];

/** @param {string} path */
function mountsAt(path) {
  const points = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4]);
  return points.filter((point) => point === path).length;
}

export function namespaceExists() {
  return mountsAt(pin) > 0;
}

export async function makeNamespace() {
  mkdirSync(folder, { recursive: true });
  // A mount namespace can only be pinned to a file on a mount that is private.
  if (mountsAt(folder) === 0) await command('mount', ['--bind', folder, folder]);
  await command('mount', ['--make-private', folder]);
  writeFileSync(pin, '');
  for (const pair of redirected) pair.forEach((path) => mkdirSync(path, { recursive: true }));
  const binds = redirected.map(([theirs, ours]) => `mount --bind '${ours}' '${theirs}'`);
  // Slave at first, so none of our mounts is visible outside; then shared, as the kubelet expects of its folders.
  const script = ['set -e', ...binds, 'mount --make-rshared /'].join('\n');
  await command('unshare', [`--mount=${pin}`, '--propagation', 'slave', 'sh', '-c', script]);
}

/** @param {string[]} words a command, to be run inside @returns {[string, ...string[]]} */
export function inside(words) {
  return ['nsenter', `--mount=${pin}`, '--', ...words];
}

export async function removeNamespace() {
  for (const path of [pin, folder]) {
    while (mountsAt(path) > 0 && (await succeeds('umount', ['--lazy', path])));
  }
  rmSync(folder, { recursive: true, force: true });
  for (const [theirs] of redirected) removeIfEmpty(theirs);
}

/** The folders were only made to be mounted over; one with anything in it is somebody's. @param {string} path */
function removeIfEmpty(path) {
  try {
    rmdirSync(path);
  } catch {
    // Not empty, or never there.
  }
}
