// The system programs that the sandbox runs, installed with apt-get where they are missing.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { item } from './agenda.mjs';
import { aptGet } from './apt.mjs';
import { command } from './command.mjs';
import { orderly } from './interrupt.mjs';
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

/** @param {string[]} packages @param {(note: string) => void} report */
async function install(packages, report) {
  // --no-remove: never trade a Docker of the machine's owner for Debian's containerd.
  const get = () => aptGet(['install', '-y', '-q', '--no-install-recommends', '--no-remove', ...packages], { report });
  try {
    await get();
  } catch (error) {
    if (error instanceof Unfit) throw error;
    // Most often the lists of packages are absent or too old.
    await aptGet(['update', '-q'], { report });
    await get();
  }
  if (existsSync('/run/systemd/system')) {
    const services = packages.filter((name) => ['containerd', 'docker-registry'].includes(name));
    if (services.length > 0) await command('systemctl', ['disable', ...services]);
  }
}

const missing = () => needs.filter(([, present]) => !present());

/** Whether all of them are there. */
export const packagesAreThere = () => missing().length === 0;

/** @returns {import('./agenda.mjs').Item} */
export const packagesItem = () => ({
  name: 'packages', title: 'system packages', seconds: 15, compiles: false,
  about: `apt-get installs ${missing().map(([, , name]) => name).join(' ')} as root; meanwhile, the sources are downloaded`,
});

export async function installPackages() {
  const absent = missing();
  if (absent.length > 0) await item('packages', () => installAbsent(absent));
}

/** @param {typeof needs} absent */
async function installAbsent(absent) {
  const names = absent.map(([what]) => what).join(', ');
  const packages = absent.map(([, , name]) => name);
  if (!find('apt-get')) {
    throw new Unfit(`Missing: ${names}. The sandbox installs them automatically on Debian and Ubuntu only (${packages.join(' ')}).`);
  }
  const why = 'Interrupted. apt-get finishes first, so that no package stays half installed.';
  await step('install', packages.join(' '), (report) => orderly(why, () => withoutServices(() => install(packages, report))));
  const still = missing().map(([what]) => what);
  if (still.length > 0) throw new Unfit(`Still missing after apt-get install: ${still.join(', ')}.`);
}
