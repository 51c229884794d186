// Everything that runs in pods or in builds runs under one control group, /acci-sandbox, in every hierarchy:
// that keeps it apart from another kubelet's, and says at the end what is left to be killed.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroup } from './layout.mjs';
import { signal } from './process.mjs';
import { until } from './wait.mjs';

const top = '/sys/fs/cgroup';
const unified = existsSync(join(top, 'cgroup.controllers'));

/** The roots of the hierarchies: one in version 2, one for each controller in version 1. */
function roots() {
  if (unified) return [top];
  return readdirSync(top, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(top, entry.name));
}

/** Version 2: a group's children have only the controllers that it hands down. @param {string} group */
function handDown(group) {
  for (const controller of readFileSync(join(group, 'cgroup.controllers'), 'utf8').trim().split(' ')) {
    try {
      writeFileSync(join(group, 'cgroup.subtree_control'), `+${controller}`);
    } catch {
      // kubelet names the controllers that it misses; not every one is needed.
    }
  }
}

/** Version 1: a new group of this controller can hold nothing until it is told its processors. @param {string} root @param {string} group */
function allowProcessors(root, group) {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (existsSync(join(root, file))) writeFileSync(join(group, file), readFileSync(join(root, file)));
  }
}

export function makeCgroup() {
  for (const root of roots()) {
    const group = join(root, cgroup);
    if (unified) handDown(root);
    mkdirSync(group, { recursive: true });
    if (unified) handDown(group);
    else allowProcessors(root, group);
  }
}

/** Children before their parents, as they have to be removed. @param {string} group @returns {string[]} */
function below(group) {
  if (!existsSync(group)) return [];
  const children = readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap((entry) => below(join(group, entry.name))), group];
}

/** @param {string} [part] a group below ours */
export function groups(part = '') {
  return roots().flatMap((root) => below(join(root, cgroup, part)));
}

/** @param {string[]} all */
function members(all) {
  const pids = new Set();
  for (const group of all) {
    try {
      for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n')) if (pid) pids.add(Number(pid));
    } catch {
      // The group was removed in the meantime.
    }
  }
  return [...pids];
}

/** Kills everything in our group, or in a part of it. @param {string} [part] */
export async function killMembers(part = '') {
  await until(
    `the end of all processes in the control group ${cgroup}/${part}`,
    () => {
      const left = members(groups(part));
      left.forEach((pid) => signal(pid, 'SIGKILL'));
      return left.length === 0;
    },
    { seconds: 20 },
  );
}

export async function removeCgroup() {
  await killMembers();
  // A group stays busy for a moment after its last process has ended.
  await until(`the removal of the control group ${cgroup}`, () => (groups().forEach((group) => rmdirSync(group)), true), { seconds: 10 });
}
