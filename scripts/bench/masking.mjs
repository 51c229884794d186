/** What secrets cost a run: everything that is printed is searched for them. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from '../live/sandbox.mjs';
import { median, ratio, seconds, withUsage } from './measure.mjs';

export const name = 'masking';
export const needsSandbox = false;

/** A key of so many bytes, on lines of 64 characters. @param {number} bytes */
const key = (bytes) => randomBytes(bytes).toString('base64').replaceAll(/.{64}/g, '$&\n').slice(0, bytes);

/** @param {import('./benchmark.mjs').Context} context */
export async function run({ runs }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const cases = [[0, 0], [1, 1], [1, 8], [1, 24], [1, 64], [200, 1]].map(([count = 0, kilobytes = 0]) => ({
    what: count === 0 ? 'none' : `${count} of ${kilobytes} KB`,
    secrets: Array.from({ length: count }, () => key(kilobytes * 1024)),
    seen: /** @type {number[]} */ ([]),
  }));
  try {
    // One after another and not case by case: what else the machine does falls on all alike.
    for (let round = 0; round < Math.max(runs, 5); round += 1) for (const each of cases) each.seen.push(await once(folder, each.secrets));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [none] = cases.map(({ seen }) => median(seen));
  return {
    title: 'Secrets',
    about: 'Processor time of a build that fails in its preflight, because docker is missing, with build secrets on lines of 64 characters from the environment.',
    head: ['secrets', 'CPU', 'against none'],
    rows: cases.map(({ what, seen }) => [what, seconds(median(seen)), ratio(median(seen) / (none ?? 1))]),
    notes: [],
  };
}

/** @param {string} folder @param {readonly string[]} secrets @returns {Promise<number>} ms of processor time */
async function once(folder, secrets) {
  const values = Object.fromEntries(secrets.map((secret, index) => [`SECRET_${index}`, secret]));
  const inputs = { 'INPUT_IMAGE': 'registry.example/app', 'INPUT_PLATFORMS': 'linux/amd64', 'INPUT_BUILD-SECRETS': Object.keys(values).map((id) => `${id}=env:${id}`).join('\n') };
  const { usage } = await withUsage(({ node, env }) => new Promise((resolve, reject) => {
    const given = { PATH: folder, HOME: folder, GITHUB_SHA: '1c0ffee0000000000000000000000000000000ab', GITHUB_ACTIONS: 'true', RUNNER_TEMP: folder };
    const child = spawn(process.execPath, [...node, join(root, 'dist', 'build.js')], { cwd: folder, env: { ...given, ...values, ...inputs, ...env }, stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', resolve);
  }));
  return usage.cpuMs;
}
