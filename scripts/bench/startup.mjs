/** What a run costs before its first stage. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from '../live/sandbox.mjs';
import { mebibytes, median, megabytes, ratio, seconds, withUsage } from './measure.mjs';

export const name = 'start-up';
export const needsSandbox = false;

/** A run that gets to its first stage and ends there: the test gate is red. */
const settings = `test: |
  exit 1
timeout: 10m
environments:
  production: { working-directory: ., timeout: 5m }
`;

/** @type {Record<string, string>} */
const none = {};
const production = { INPUT_ENVIRONMENT: 'production' };

/** @param {import('./benchmark.mjs').Context} context */
export async function run({ runs }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    mkdirSync(join(folder, 'empty'));
    mkdirSync(join(folder, 'full', '.github'), { recursive: true });
    writeFileSync(join(folder, 'full', '.github', 'deploy.yml'), settings);
    const deploy = join(root, 'dist', 'deploy.js');
    const cases = [
      { what: '`node -e 0`', args: ['-e', '0'], cwd: folder, inputs: none },
      { what: 'no inputs, ends at once', args: [deploy], cwd: join(folder, 'empty'), inputs: none },
      { what: 'settings file, to the first stage', args: [deploy], cwd: join(folder, 'full'), inputs: production },
    ].map((each) => ({ ...each, seen: /** @type {{ cpuMs: number, peakMiB: number, wallMs: number }[]} */ ([]) }));
    // One after another and not case by case: what else the machine does falls on all alike.
    for (let round = 0; round < Math.max(runs, 5) * 2; round += 1) {
      for (const each of cases) each.seen.push(await once(each));
    }
    const [bare] = cases;
    const cpuOf = (/** @type {typeof cases[number] | undefined} */ each) => median(each?.seen.map(({ cpuMs }) => cpuMs) ?? []);
    return {
      title: 'Start-up',
      about: 'Processor time (user and system) of the process itself, until it has ended. Target: 0.12 s, and 1.2 MB of code.',
      head: ['run', 'CPU', 'against bare node', 'wall', 'peak memory'],
      rows: cases.map((each) => [
        each.what, seconds(cpuOf(each)), ratio(cpuOf(each) / cpuOf(bare)), seconds(median(each.seen.map(({ wallMs }) => wallMs))),
        mebibytes(median(each.seen.map(({ peakMiB }) => peakMiB))),
      ]),
      notes: [`dist/ has ${megabytes(codeBytes(join(root, 'dist')))} of code, of which index.js is loaded by every run: ${megabytes(statSync(join(root, 'dist', 'bundle', 'index.js')).size)}.`],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {{ args: string[], cwd: string, inputs: Record<string, string> }} of */
async function once({ args, cwd, inputs }) {
  const begun = performance.now();
  const { usage } = await withUsage(({ node, env }) => new Promise((resolve, reject) => {
    const given = { PATH: process.env.PATH, HOME: process.env.HOME, GITHUB_SHA: '1c0ffee0000000000000000000000000000000ab', GITHUB_ACTIONS: 'true', RUNNER_TEMP: cwd };
    const child = spawn(process.execPath, [...node, ...args], { cwd, env: { ...given, ...inputs, ...env }, stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', resolve);
  }));
  return { ...usage, wallMs: performance.now() - begun };
}

/** @param {string} folder */
const codeBytes = (folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js')).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
