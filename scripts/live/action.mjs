/** Runs an action of this repository as the GitHub runner does: from dist/, with its variables and files, main and then post. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { root } from './sandbox.mjs';

/**
 * @typedef {object} ActionRun
 * @property {'deploy' | 'build' | 'rollout' | 'rollback' | 'pr-check' | 'backup' | 'restore'} [action]
 * @property {Readonly<Record<string, string>>} inputs
 * @property {NodeJS.ProcessEnv} env of the job
 * @property {string} [workspace] the folder that was checked out; an empty one unless given
 * @property {string} [commit]
 * @property {readonly string[]} [node] options of node itself
 * @property {(line: string, atMs: number) => void} [onLine] each line of the main step; ms since the start of the step
 */

/**
 * @typedef {object} ActionResult
 * @property {number | null} exitCode null when a signal ended it
 * @property {Record<string, string>} outputs
 * @property {string} summary the markdown of the job summary
 * @property {any} report report.json, or undefined when there is none
 * @property {readonly { atMs: number, text: string }[]} lines ms since the start of the step
 * @property {number} startedAt ms since 1970
 * @property {number} durationMs of the main step
 */

/** Any full sha will do where nothing is built. */
const someCommit = '1c0ffee0000000000000000000000000000000ab';

/**
 * @param {ActionRun} run
 * @returns {Promise<ActionResult>}
 */
export async function runAction(run) {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'));
  try {
    const { action = 'deploy' } = run;
    const env = jobEnvironment(run, folder);
    const main = await step(`dist/${action}.js`, run, env, join(folder, 'main'));
    const state = Object.fromEntries(Object.entries(main.state).map(([name, value]) => [`STATE_${name}`, value]));
    await step(`dist/${action}-post.js`, { ...run, node: [], onLine: undefined }, { ...env, ...state }, join(folder, 'post'));
    return { ...main, report: main.outputs.report ? JSON.parse(readFileSync(main.outputs.report, 'utf8')) : undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {ActionRun} run
 * @param {string} folder
 * @returns {NodeJS.ProcessEnv}
 */
function jobEnvironment(run, folder) {
  for (const name of ['temp', 'tools', 'workspace', 'main', 'post']) mkdirSync(join(folder, name));
  const event = join(folder, 'event.json');
  writeFileSync(event, JSON.stringify({ ref: 'refs/heads/main', repository: { default_branch: 'main', full_name: 'acme/hello' } }));
  const inputs = Object.entries(run.inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]);
  // A runner of this job, in case this is one itself, is another one.
  const own = Object.entries(run.env).filter(([name]) => !/^(INPUT|STATE|GITHUB|RUNNER|DEPLOY)_/.test(name) && name !== 'KUBECONFIG');
  return {
    ...Object.fromEntries(own), ...Object.fromEntries(inputs),
    CI: 'true', GITHUB_ACTIONS: 'true', RUNNER_OS: 'Linux', RUNNER_ARCH: 'X64', RUNNER_TEMP: join(folder, 'temp'), RUNNER_TOOL_CACHE: join(folder, 'tools'),
    GITHUB_WORKSPACE: run.workspace ?? join(folder, 'workspace'), GITHUB_EVENT_PATH: event, GITHUB_EVENT_NAME: 'push', GITHUB_SHA: run.commit ?? someCommit,
    GITHUB_REF: 'refs/heads/main', GITHUB_REF_NAME: 'main', GITHUB_REF_TYPE: 'branch', GITHUB_REPOSITORY: 'acme/hello', GITHUB_REPOSITORY_OWNER: 'acme',
    GITHUB_ACTOR: 'octocat', GITHUB_WORKFLOW: 'deploy', GITHUB_JOB: 'deploy', GITHUB_RUN_ID: '4711', GITHUB_RUN_NUMBER: '42', GITHUB_RUN_ATTEMPT: '1',
    GITHUB_SERVER_URL: 'https://github.com', GITHUB_API_URL: 'https://api.github.com',
  };
}

/**
 * @param {string} script
 * @param {ActionRun} run
 * @param {NodeJS.ProcessEnv} env
 * @param {string} folder for the files that the step writes
 * @returns {Promise<Omit<ActionResult, 'report'> & { state: Record<string, string> }>}
 */
async function step(script, run, env, folder) {
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STATE: join(folder, 'state'), GITHUB_STEP_SUMMARY: join(folder, 'summary') };
  for (const path of Object.values(files)) writeFileSync(path, '');
  const startedAt = Date.now();
  const begun = performance.now();
  const child = spawn(process.execPath, [...run.node ?? [], join(root, script)], {
    cwd: env.GITHUB_WORKSPACE, env: { ...env, ...files }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  /** @type {{ atMs: number, text: string }[]} */
  const lines = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (text) => {
      const atMs = performance.now() - begun;
      lines.push({ atMs, text });
      run.onLine?.(text, atMs);
    });
  }
  const exitCode = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const durationMs = performance.now() - begun;
  return {
    exitCode, lines, startedAt, durationMs, summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    outputs: parseEntries(readFileSync(files.GITHUB_OUTPUT, 'utf8')), state: parseEntries(readFileSync(files.GITHUB_STATE, 'utf8')),
  };
}

/**
 * `NAME<<DELIMITER`, the lines of the value, DELIMITER.
 *
 * @param {string} text
 * @returns {Record<string, string>}
 */
function parseEntries(text) {
  return Object.fromEntries([...text.matchAll(/^([^=\n<]+)<<(.+)\n([\s\S]*?)\n?\2$/gm)].map(([, name, , value]) => [name, value]));
}

/** @param {Pick<ActionResult, 'lines'>} result */
export const logOf = ({ lines }) => lines.map(({ text }) => `${text}\n`).join('');

/**
 * When the image was set, in ms since the start of the step; undefined when it was not.
 *
 * @param {Pick<ActionResult, 'lines'>} result
 */
export const changedAtMs = ({ lines }) => lines.find(({ text }) => /(?:^\[command\]|\$ )kubectl .*\bset image\b/.test(text))?.atMs;

/**
 * From the change of the image to the moment when the action knew how it had gone: the first failed stage, or the last
 * one of the verification. In ms; undefined when nothing was changed.
 *
 * @param {ActionResult} result
 */
export function verdictMs(result) {
  const changed = changedAtMs(result);
  /** @type {{ stage: string, endMs: number, result: string }[]} */
  const stages = result.report?.timeline ?? [];
  const decided = stages.find((stage) => stage.result === 'failed') ?? stages.findLast((stage) => stage.stage === 'rollout' || stage.stage === 'smoke');
  if (changed === undefined || !decided) return undefined;
  return Date.parse(result.report.startedAt) + decided.endMs - (result.startedAt + changed);
}

/**
 * From the failure until the previous version is verified, in ms; undefined without a successful rollback.
 *
 * @param {ActionResult} result
 */
export function recoveryMs({ report }) {
  const { restoredAfterMs, verifiedAfterMs } = report?.rollback ?? {};
  return typeof verifiedAfterMs === 'number' ? restoredAfterMs + verifiedAfterMs : undefined;
}

/**
 * From the change of the image to the end of the controllers' work, before the verification, in ms: what `kubectl rollout
 * status` waits for. Undefined when it did not get there.
 *
 * @param {Pick<ActionResult, 'lines'>} result
 */
export function rolledOutMs({ lines }) {
  const seconds = lines.map(({ text }) => /\brolled out in ([\d.]+) s/.exec(text)?.[1]).find((found) => found !== undefined);
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
