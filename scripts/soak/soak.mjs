import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { markdownTable, writePage } from '../live/page.mjs';
import { startSandbox } from '../live/sandbox.mjs';
import { setStage } from '../live/stage.mjs';
import { deploy } from './deploy.mjs';
import { loadHarness } from './harness.mjs';
import { plan, sorts } from './sorts.mjs';
import { startStand } from './stand.mjs';

/**
 * @typedef {import('./deploy.mjs').Ended} Ended
 * @typedef {import('./sorts.mjs').Deployment} Deployment
 * @typedef {{ good: number, bad: number, seed: number, jobs: number, write: boolean }} Options
 */

/**
 * Deploys what the seed says, and prints how it went.
 *
 * @param {Options} options
 * @returns {Promise<number>} the exit code
 */
export async function playSoak(options) {
  Object.assign(process.env, await startSandbox());
  const stage = setStage();
  const folder = join(tmpdir(), `soak-${options.seed}`);
  mkdirSync(folder, { recursive: true });
  /** @type {Set<import('./stand.mjs').Stand>} */
  const stands = new Set();
  const onSignal = () => void Promise.all([...stands].map(({ space }) => space.dispose())).finally(() => {
    stage.remove();
    process.exit(130);
  });
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const harness = await loadHarness(stage);
    console.log(`seed ${options.seed}, ${options.good} good and ${options.bad} bad, ${options.jobs} apps; logs in ${folder}`);
    const left = plan(options, harness.choices);
    /** @type {Ended[]} */
    const ended = [];
    await Promise.all(Array.from({ length: options.jobs }, () => playApp(harness, { left, ended, stands, folder })));
    harness.closeApi();
    harness.closeImages();
    const summary = summaryOf(ended, options);
    console.log(`\n${summary}`);
    if (options.write) writePage('reliability.md', 'soak', summary);
    const missed = ended.filter(({ verdict }) => verdict === unplayed).length;
    const tooMany = missed > harness.mostUnplayed(ended.length);
    if (tooMany) console.log(`FAILED: ${missed} of ${ended.length} deployments could not be played`);
    return tooMany || ended.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    stage.remove();
  }
}

/**
 * @param {import('./harness.mjs').Harness} harness
 * @param {{ left: Deployment[], ended: Ended[], stands: Set<import('./stand.mjs').Stand>, folder: string }} play `left` is taken from the front
 */
async function playApp(harness, { left, ended, stands, folder }) {
  /** @type {import('./stand.mjs').Stand | undefined} */
  let stand;
  try {
    for (let next = left.shift(); next; next = left.shift()) {
      const deployment = next;
      const play = async () => {
        stand ??= await harness.unplayableWithout('the app', () => startStand(harness));
        stands.add(stand);
        return deploy(stand, deployment);
      };
      const one = await play().catch((error) => broken(deployment, error, harness));
      ended.push(one);
      writeFileSync(join(folder, `${String(deployment.number).padStart(4, '0')}.log`), `${lineOf(one)}\n${stand?.space.name}\n${one.log}\n`);
      console.log(lineOf(one));
      if (![unplayed, unjudged].includes(one.verdict) || !stand) continue;
      stands.delete(stand);
      await stand.space.dispose();
      stand = undefined;
    }
  } finally {
    await stand?.space.dispose();
  }
}

const [unplayed, unjudged] = ['not played', 'not judged'];

/**
 * No verdict. Where no run began, there is nothing to be judged; after that it may be the action's doing.
 *
 * @param {Deployment} deployment
 * @param {Error} error
 * @param {import('./harness.mjs').Harness} harness
 * @returns {Ended}
 */
function broken(deployment, error, { Unplayable }) {
  const nothing = { deployment, asked: 0, lost: 0, seconds: 0, log: String(error.stack) };
  return error instanceof Unplayable
    ? { ...nothing, verdict: unplayed, wrong: [] }
    : { ...nothing, verdict: unjudged, wrong: [error.message] };
}

/** @param {Ended} ended */
function lineOf({ deployment: { number, sort, replicas, proveFirst }, verdict, wrong, seconds }) {
  const shape = `${replicas} replica${replicas === 1 ? '' : 's'}${proveFirst ? ', first pods checked' : ''}`;
  return `#${String(number).padStart(3)} ${sort.name} · ${shape} → ${verdict} · ${seconds.toFixed(1)} s · ${wrong.length > 0 ? `FALSE: ${wrong.join(' | ')}` : verdict === unplayed ? 'not judged' : 'true'}`;
}

/** @param {readonly Ended[]} ended @param {Options} options */
function summaryOf(ended, { good, bad, seed, jobs }) {
  const verdicts = [...new Set(ended.map(({ verdict }) => verdict))].sort();
  const rows = sorts.map(({ name }) => {
    const own = ended.filter(({ deployment }) => deployment.sort.name === name);
    const count = (/** @type {(one: Ended) => boolean} */ of) => String(own.filter(of).length || '·');
    const sum = (/** @type {'asked' | 'lost'} */ what) => own.reduce((total, one) => total + one[what], 0);
    return [name, ...verdicts.map((verdict) => count((one) => one.verdict === verdict)), `${sum('lost')} of ${sum('asked')}`, count(({ wrong }) => wrong.length > 0)];
  }).filter((row) => row.slice(1, -2).some((cell) => cell !== '·'));
  const wrong = ended.filter((one) => one.wrong.length > 0);
  const table = markdownTable(['release', ...verdicts.map((verdict) => verdict.replace(/(\S+)$/, '`$1`')), 'requests lost', 'false'], rows);
  return [
    table, '', `\`npm run soak -- --good ${good} --bad ${bad} --seed ${seed} --jobs ${jobs}\`: ${ended.length} deployments, ${wrong.length} false results.`,
    ...wrong.map((one) => `- ${lineOf(one)}`),
  ].join('\n');
}
