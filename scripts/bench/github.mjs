/** What it costs a run to be recorded on GitHub: by commands that deploy nothing, beside a server that takes its time. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { root } from '../live/sandbox.mjs';
import { median, milliseconds, seconds, withUsage } from './measure.mjs';

export const name = 'github';
export const needsSandbox = false;

const answersAfterMs = 50;

/** @param {number} lasts s, of the deployment @param {string} folder */
const settings = (lasts, folder) => `app: api
environments:
  production:
    command:
      deploy: sleep ${lasts}; date +%N > ${folder}/version
      current: cat ${folder}/version
`;

/** GitHub as far as a run asks it: no deployment is there, and each new one is accepted. */
async function startGitHub() {
  let id = 0;
  const server = createServer((request, response) => {
    request.resume();
    setTimeout(() => {
      id += 1;
      response.writeHead(request.method === 'GET' ? 200 : 201, { 'content-type': 'application/json' });
      response.end(JSON.stringify(request.method === 'GET' ? [] : { id }));
    }, answersAfterMs);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return { server, url: `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}` };
}

/** @param {import('./benchmark.mjs').Context} context */
export async function run({ runs }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const { server, url } = await startGitHub();
  const cases = [0, 2].flatMap((lasts) => ['off', 'auto'].map((mode) => ({ lasts, mode, seen: /** @type {{ wallMs: number, cpuMs: number }[]} */ ([]) })));
  try {
    // One after another and not case by case: what else the machine does falls on all alike.
    for (let round = 0; round < Math.max(runs, 7); round += 1) for (const each of cases) each.seen.push(await once(folder, url, each));
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    title: 'Deployments on GitHub',
    about: `Runs that deploy by a command which takes 0 or 2 s, with \`github-deployments\` off and on, beside a server that answers each request after ${answersAfterMs} ms. Medians; the processor time is that of the process itself. Target: at most 1 s.`,
    head: ['the deployment takes', '`github-deployments`', 'whole run', 'CPU'],
    rows: cases.map(({ lasts, mode, seen }) => [`${lasts} s`, `\`${mode}\``, seconds(median(seen.map(({ wallMs }) => wallMs))), milliseconds(median(seen.map(({ cpuMs }) => cpuMs)))]),
    notes: [],
  };
}

/** @param {string} folder @param {string} url of GitHub's API @param {{ readonly lasts: number, readonly mode: string }} each */
async function once(folder, url, { lasts, mode }) {
  const workspace = mkdtempSync(join(folder, 'run-'));
  mkdirSync(join(workspace, '.github'));
  writeFileSync(join(workspace, '.github', 'deploy.yml'), settings(lasts, workspace));
  writeFileSync(join(workspace, 'version'), '1');
  const job = {
    PATH: process.env.PATH, HOME: workspace, GITHUB_ACTIONS: 'true', GITHUB_SHA: '1c0ffee0000000000000000000000000000000ab', GITHUB_REPOSITORY: 'acme/api',
    GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ID: '1', GITHUB_API_URL: url, RUNNER_TEMP: workspace,
  };
  const inputs = { 'INPUT_ENVIRONMENT': 'production', 'INPUT_GITHUB-TOKEN': 'ghs_0123456789abcdef', 'INPUT_GITHUB-DEPLOYMENTS': mode };
  const from = performance.now();
  const { result, usage } = await withUsage(({ node, env }) => new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...node, join(root, 'dist', 'deploy.js')], { cwd: workspace, env: { ...job, ...inputs, ...env }, stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', resolve);
  }));
  if (result !== 0) throw new Error(`a run ended with ${result}`);
  return { wallMs: performance.now() - from, cpuMs: usage.cpuMs };
}
