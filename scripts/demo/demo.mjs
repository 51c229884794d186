/** The demo: set up, make the releases, count, tidy up. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { logOf } from '../live/action.mjs';
import { runCommand } from '../live/command.mjs';
import { createRepository } from '../live/hello.mjs';
import { createNamespace } from '../live/namespace.mjs';
import { root, startSandbox } from '../live/sandbox.mjs';
import { describeTraffic, startTraffic } from '../live/traffic.mjs';
import { opening } from './opening.mjs';
import { releases } from './releases.mjs';
import { bold, colour, grey, red, say, seconds } from './screen.mjs';
import { closing, problemsOf } from './closing.mjs';

const perSecond = 50;
const results = join(root, 'tmp', 'demo');

/**
 * @typedef {object} Stand where the demo happens
 * @property {import('../live/sandbox.mjs').SandboxEnvironment} env
 * @property {import('../live/namespace.mjs').Namespace} namespace
 * @property {import('../live/hello.mjs').Repository} repository
 */

/**
 * @typedef {object} Made a release that was made
 * @property {import('./releases.mjs').Release} release
 * @property {import('../live/action.mjs').ActionResult} result
 * @property {import('../live/load.mjs').Account} [traffic] the requests that were sent during it
 */

/**
 * @param {{ keep: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export async function demo({ keep }) {
  const began = performance.now();
  if (!existsSync(join(root, 'dist', 'cli.js'))) throw new Error('dist/ is missing, although it is part of this repository: create it with npm run bundle.');
  say(opening({ perSecond }));
  const env = await startSandbox();
  const namespace = await createNamespace(env, 'demo');
  const repository = await createRepository();
  const tidy = async () => {
    if (keep) return;
    repository.remove();
    await namespace.remove();
  };
  const onSignal = () => void tidy().finally(() => process.exit(130));
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    rmSync(results, { recursive: true, force: true });
    say(`${bold('Ready')} after ${seconds(performance.now() - began)}: namespace ${namespace.name}, repository ${repository.folder}`);
    const made = await makeReleases({ env, namespace, repository });
    say(closing(made, { results: relative(process.cwd(), results), tookMs: performance.now() - began, perSecond }));
    if (keep) say(`\nKept: ${repository.folder}, and namespace ${namespace.name}. Delete it with: kubectl delete namespace ${namespace.name}`);
    const problems = problemsOf(made);
    for (const problem of problems) say(red(problem));
    return problems.length > 0 ? 1 : 0;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await tidy();
  }
}

/**
 * @param {Stand} stand
 * @returns {Promise<Made[]>}
 */
async function makeReleases(stand) {
  const manifest = readFileSync(join(stand.repository.folder, 'k8s', 'hello.yaml'), 'utf8');
  await stand.namespace.kubectl(['apply', '--filename=-'], manifest.replace('ghcr.io/acme/hello', imageOf(stand)));
  const address = await stand.namespace.kubectl(['get', 'service', 'hello', '--output=jsonpath={.spec.clusterIP}']);
  /** @type {Made[]} */
  const made = [];
  /** @type {import('../live/traffic.mjs').Traffic | undefined} */
  let traffic;
  try {
    for (const release of releases) {
      traffic?.account(release.name);
      const result = await make(stand, release);
      made.push({ release, result });
      // A verdict that was not expected is a reason to look at the log, and not to go on.
      if (!isExpected(release, result)) break;
      if (!traffic) {
        traffic = startTraffic(address, perSecond);
        say(`\n${grey(`From now on, ${perSecond} requests per second are sent to the Service, each with a new connection.`)}`);
      }
    }
    const accounts = await traffic?.stop() ?? [];
    writeFileSync(join(results, 'traffic.txt'), accounts.map((account) => `${account.name}: ${describeTraffic(account)}\n`).join(''));
    return made.map((each) => ({ ...each, traffic: accounts.find((account) => account.name === each.release.name) }));
  } finally {
    traffic?.kill();
  }
}

/** @param {Stand} stand */
const imageOf = ({ env }) => `${env.REGISTRY}/demo/hello`;

/**
 * @param {import('./releases.mjs').Release} release
 * @param {import('../live/action.mjs').ActionResult} result
 */
const isExpected = ({ expected }, { outputs }) => outputs.verdict === expected.verdict && (outputs.cause ?? '') === expected.cause;

/**
 * Commits a release, deploys this commit as a person at a terminal would, and keeps what it left.
 *
 * @param {Stand} stand
 * @param {import('./releases.mjs').Release} release
 */
async function make(stand, release) {
  const { env, namespace, repository } = stand;
  say(`\n${bold(release.name)}  ${bold(release.title)}`);
  for (const line of release.about) say(grey(line));
  await repository.release(release.constants);
  const result = await runCommand({
    env, folder: repository.folder, colour,
    command: 'deploy', flags: { environment: 'production', image: imageOf(stand), builder: env.BUILDER, kubeconfig: namespace.kubeconfig, namespace: namespace.name },
    onLine: (line) => say(`  ${line}`),
  });
  const folder = keepResult(release.name, result);
  tellUnexpected(release, result, folder);
  return result;
}

/**
 * @param {string} name
 * @param {import('../live/action.mjs').ActionResult} result
 */
function keepResult(name, result) {
  const folder = join(results, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'log.txt'), logOf(result));
  writeFileSync(join(folder, 'summary.md'), result.summary);
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(result.report ?? null, null, 2)}\n`);
  return folder;
}

/**
 * @param {import('./releases.mjs').Release} release
 * @param {import('../live/action.mjs').ActionResult} result
 * @param {string} folder where the log is
 */
function tellUnexpected(release, result, folder) {
  if (isExpected(release, result)) return;
  say(red(`\nExpected ${release.expected.verdict}${release.expected.cause ? `: ${release.expected.cause}` : ''}. All of its output is in ${relative(process.cwd(), join(folder, 'log.txt'))}.`));
}
