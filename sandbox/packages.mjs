// The system programs that the sandbox runs, installed with apt-get where they are missing.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { command } from './command.mjs';
import { systemFolders } from './layout.mjs';
import { Unfit } from './machine.mjs';
import { step } from './progress.mjs';

/** Where the first of these programs that exists is. @param {string[]} names */
export function find(...names) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...systemFolders];
  for (const name of names) {
    const folder = folders.find((candidate) => candidate && existsSync(join(candidate, name)));
    if (folder) return join(folder, name);
  }
  return undefined;
}

/** @param {string[]} names */
export function must(...names) {
  const found = find(...names);
  if (!found) throw new Unfit(`The program ${names.join(' or ')} is missing.`);
  return found;
}

/** Debian's folder for CNI plugins, and the one that everybody else uses. */
export function pluginFolder() {
  return ['/usr/lib/cni', '/opt/cni/bin'].find((folder) => existsSync(join(folder, 'bridge')));
}

/** @type {[what: string, present: () => unknown, package: string][]} */
const needs = [
  ['containerd', () => find('containerd'), 'containerd'],
  ['runc', () => find('runc'), 'runc'],
  ['the CNI plugins', pluginFolder, 'containernetworking-plugins'],
  ['docker-registry', () => find('docker-registry'), 'docker-registry'],
  ['iptables', () => find('iptables'), 'iptables'],
  ['ip', () => find('ip'), 'iproute2'],
  ['conntrack', () => find('conntrack'), 'conntrack'],
  ['openssl', () => find('openssl'), 'openssl'],
  ['htpasswd', () => find('htpasswd'), 'apache2-utils'],
  ['qemu-aarch64', () => find('qemu-aarch64-static', 'qemu-aarch64'), 'qemu-user-static'],
];

const policy = '/usr/sbin/policy-rc.d';

/**
 * Debian starts a service as soon as its package is installed. The sandbox runs containerd and the
 * registry by itself, elsewhere: the packages are installed for their programs alone.
 * @template T @param {() => Promise<T>} work
 */
async function withoutServices(work) {
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return await work();
  } finally {
    if (ours) rmSync(policy);
  }
}

/** @param {string[]} packages */
async function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  // --no-remove: never trade a Docker of the machine's owner for Debian's containerd.
  const get = () => command('apt-get', ['install', '-y', '-q', '--no-install-recommends', '--no-remove', ...packages], { env });
  try {
    await get();
  } catch {
    // Most often the lists of packages are absent or too old.
    await command('apt-get', ['update', '-q'], { env });
    await get();
  }
  if (existsSync('/run/systemd/system')) {
    const services = packages.filter((name) => ['containerd', 'docker-registry'].includes(name));
    if (services.length > 0) await command('systemctl', ['disable', ...services], { env });
  }
}

export async function installPackages() {
  const missing = needs.filter(([, present]) => !present());
  if (missing.length === 0) return;
  const names = missing.map(([what]) => what).join(', ');
  const packages = missing.map(([, , name]) => name);
  if (!find('apt-get')) {
    throw new Unfit(`Missing: ${names}. Only on Debian and Ubuntu does the sandbox install them by itself (${packages.join(' ')}).`);
  }
  await step('install', packages.join(' '), () => withoutServices(() => install(packages)));
  const still = needs.filter(([, present]) => !present()).map(([what]) => what);
  if (still.length > 0) throw new Unfit(`Still missing after apt-get install: ${still.join(', ')}.`);
}
