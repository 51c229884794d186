// The settings of the machine before `up`, kept so `down` can restore them.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCgroup, removeCgroup } from './cgroups.mjs';
import { emulateArm, stopEmulation } from './emulation.mjs';
import { cleanFirewall, firewallNow } from './firewall.mjs';
import { run, state } from './layout.mjs';
import { loads } from './machine.mjs';
import { makeNamespace, namespaceExists, removeNamespace } from './namespace.mjs';
import { makeNetwork, removeNetwork } from './network.mjs';
import { boot } from './process.mjs';
import { say } from './progress.mjs';

/** @typedef {{ boot: string, firewall: Record<string, string[]>, settings: Record<string, string>, mountedBinfmt: boolean }} Before */

const file = join(state, 'before.json');

// What kubelet and kube-proxy change of the kernel, and the one that makes Services work between pods on a bridge.
const settings = [
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxbytes',
  'kernel/keys/root_maxkeys',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'net/ipv4/conf/all/route_localnet',
  'net/bridge/bridge-nf-call-iptables',
].map((name) => join('/proc/sys', name));

/** @returns {Before | undefined} */
export function before() {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** @param {Before} now */
function remember(now) {
  mkdirSync(state, { recursive: true });
  writeFileSync(file, JSON.stringify(now, undefined, 2));
}

/** Looks at the machine, unless that was done since it was booted. @returns {Promise<Before>} */
async function look() {
  const known = before();
  if (known?.boot === boot) return known;
  // After a reboot nothing of the old run is alive. Its sockets may still lie about, where /run is on a disk,
  // and so do the addresses of pods that are no more.
  rmSync(run, { recursive: true, force: true });
  rmSync(join(state, 'cni', 'addresses'), { recursive: true, force: true });
  loads('br_netfilter');
  const values = settings.filter(existsSync).map((path) => [path, readFileSync(path, 'utf8').trim()]);
  const now = { boot, firewall: await firewallNow(), settings: Object.fromEntries(values), mountedBinfmt: false };
  const chains = Object.values(now.firewall).flat();
  if (chains.length > 0) {
    say(`note    iptables has ${chains.length} chains of another cluster (${chains[0]} …): "down" will keep all chains of this kind.`);
  }
  remember(now);
  return now;
}

/** @param {string} path @param {string} value */
function set(path, value) {
  if (existsSync(path) && readFileSync(path, 'utf8').trim() !== value) writeFileSync(path, value);
}

/** @param {() => Promise<void>} endMembers ends what lives in a mount namespace that has been lost */
export async function prepareHost(endMembers) {
  const known = await look();
  mkdirSync(run, { recursive: true });
  set('/proc/sys/net/ipv4/ip_forward', '1');
  set('/proc/sys/net/bridge/bridge-nf-call-iptables', '1');
  makeCgroup();
  if (!namespaceExists()) {
    await endMembers();
    await makeNamespace();
  }
  await makeNetwork();
  const { mounted } = await emulateArm();
  if (mounted) remember({ ...known, mountedBinfmt: true });
}

export async function restoreHost() {
  const last = before();
  // What was seen before a reboot says nothing about the machine now.
  const known = last?.boot === boot ? last : undefined;
  await removeCgroup();
  await removeNamespace();
  await removeNetwork();
  await cleanFirewall(known?.firewall);
  await stopEmulation(known?.mountedBinfmt ?? false);
  // Not net.ipv4.ip_forward: a Docker daemon that was started in the meantime relies on it.
  for (const [path, value] of Object.entries(known?.settings ?? {})) set(path, value);
}
