import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startSandbox } from '../live/sandbox.mjs';
import { setStage } from '../live/stage.mjs';
import { commitNow, writeFigures } from './figures.mjs';

/**
 * Plays the chaos of a seed, and prints it.
 *
 * @param {{ runs: number, seed: number, jobs: number, only?: number[], write: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export async function playChaos({ runs, seed, jobs, only, write }) {
  Object.assign(process.env, await startSandbox());
  const stage = setStage();
  try {
    const { chaos } = /** @type {typeof import('../../__tests__/chaos/chaos.js')} */ (await stage.load('__tests__/chaos/chaos.js'));
    const { isWrong, markdownOf, summaryOf, tooFewPlayed } = /** @type {typeof import('../../__tests__/chaos/summary.js')} */ (await stage.load('__tests__/chaos/summary.js'));
    const { closeApi } = /** @type {typeof import('../../__tests__/e2e/harness/api.js')} */ (await stage.load('__tests__/e2e/harness/api.js'));
    const { closeImages } = /** @type {typeof import('../../__tests__/e2e/harness/images.js')} */ (await stage.load('__tests__/e2e/harness/images.js'));
    const folder = join(tmpdir(), `chaos-${seed}`);
    const begun = performance.now();
    const commit = commitNow();
    console.log(`seed ${seed}, ${runs} cases, ${jobs} at a time; logs in ${folder}`);
    const finished = await chaos({ runs, seed, jobs, folder, only: only && new Set(only), print: (line) => console.log(line) });
    closeApi();
    closeImages();
    const seconds = (performance.now() - begun) / 1000;
    console.log(`\n${summaryOf(finished, seed, seconds)}`);
    if (write) writeFigures('chaos', markdownOf(finished, { seed, jobs, seconds, commit }));
    return finished.some(isWrong) || tooFewPlayed(finished) !== undefined ? 1 : 0;
  } finally {
    stage.remove();
  }
}
