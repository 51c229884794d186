// The sandbox as a whole: up, down, status.
import { chownSync, existsSync, lstatSync, mkdirSync, readlinkSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { program } from './cache.mjs';
import { adminTls, api, makeCertificates } from './certificates.mjs';
import { prepareHost, restoreHost } from './host.mjs';
import { node, paths, run, state } from './layout.mjs';
import { installPackages } from './packages.mjs';
import { alive, lastLines } from './process.mjs';
import { startAll, states, stopAll, stopInside } from './processes.mjs';
import { step } from './progress.mjs';
import { makePassword } from './registry.mjs';
import { get, until } from './wait.mjs';

/** @param {string} path @param {string} target */
function link(path, target) {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present?.isSymbolicLink() && readlinkSync(path) === target) return;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function linkPrograms() {
  link(join(paths.bin, 'kubectl'), program('kubectl'));
  link(join(paths.bin, 'docker'), program('docker'));
  link(join(paths.dockerConfig, 'cli-plugins', 'docker-buildx'), program('buildx'));
}

/** @param {string} path @param {number} uid @param {number} gid */
function give(path, uid, gid) {
  if (!existsSync(path)) return;
  const entry = lstatSync(path);
  if (entry.isSymbolicLink()) return;
  chownSync(path, uid, gid);
  if (entry.isDirectory()) readdirSync(path).forEach((name) => give(join(path, name), uid, gid));
}

/** Under sudo, what `env` speaks of belongs to the person who will use it. */
function giveToUser() {
  const [uid, gid] = [Number(process.env.SUDO_UID), Number(process.env.SUDO_GID)];
  if (!uid || !gid) return;
  for (const path of [paths.kubeconfig, paths.dockerConfig, paths.registryPassword]) give(path, uid, gid);
}

/** @param {string} path @returns {Promise<any>} */
async function ask(path) {
  const { status, body } = await get(`${api}${path}`, adminTls());
  if (status !== 200) throw new Error(`${path}: ${status}`);
  return JSON.parse(body);
}

async function usable() {
  // What the API server remembers of a kubelet before this one proves nothing. Its clock counts whole seconds.
  const since = Math.floor(Date.parse(alive('kubelet')?.since ?? '') / 1000) * 1000;
  const nodeReady = async () => {
    const { status } = await ask(`/api/v1/nodes/${node.name}`);
    const condition = status.conditions.find((/** @type {{ type: string }} */ each) => each.type === 'Ready');
    return condition?.status === 'True' && Date.parse(condition.lastHeartbeatTime) >= since;
  };
  await until('the node is not ready', nodeReady, { seconds: 90, evidence: () => lastLines('kubelet') });
  const account = () => ask('/api/v1/namespaces/default/serviceaccounts/default');
  await until('the default service account is missing', account, { seconds: 30, evidence: () => lastLines('kube-controller-manager') });
}

/** @type {import('./agenda.mjs').Item} */
export const startItem = {
  name: 'start', title: 'start', seconds: 15, compiles: false, about: 'all parts, and mounts, network devices and control groups for them, as root',
};

export async function up() {
  await installPackages();
  mkdirSync(state, { recursive: true });
  await step('prepare', 'mounts, network and control groups', () => prepareHost(stopInside));
  linkPrograms();
  await Promise.all([makeCertificates(), makePassword()]);
  await startAll();
  await step('wait', 'for the node', usable);
  giveToUser();
}

export async function down() {
  await step('stop', 'all processes', stopAll);
  await step('undo', 'mounts, network and control groups', restoreHost);
  rmSync(run, { recursive: true, force: true });
  rmSync(state, { recursive: true, force: true });
}

/** @returns {Promise<{ text: string, healthy: boolean }>} */
export async function status() {
  const all = await states();
  const rows = all.map(({ name, pid, state, since, address }) =>
    [name.padEnd(24), String(pid ?? '-').padEnd(8), state.padEnd(10), (since?.replace(/\..*/, 'Z') ?? '-').padEnd(21), address].join(' '),
  );
  return { text: rows.join('\n'), healthy: all.every((part) => part.state === 'ready') };
}
