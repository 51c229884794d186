import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { startSandbox } from '../live/sandbox.mjs';
import { setStage } from '../live/stage.mjs';

/**
 * Plays the chaos of a seed, and prints it.
 *
 * @param {{ runs: number, seed: number, jobs: number, only?: number[] }} options
 * @returns {Promise<number>} the exit code
 */
export async function playChaos({ runs, seed, jobs, only }) {
  Object.assign(process.env, await startSandbox());
  const stage = setStage();
  try {
    const { chaos, summaryOf } = /** @type {typeof import('../../__tests__/chaos/chaos.js')} */ (await stage.load('__tests__/chaos/chaos.js'));
    const { closeApi } = /** @type {typeof import('../../__tests__/e2e/harness/api.js')} */ (await stage.load('__tests__/e2e/harness/api.js'));
    const { closeImages } = /** @type {typeof import('../../__tests__/e2e/harness/images.js')} */ (await stage.load('__tests__/e2e/harness/images.js'));
    const folder = join(tmpdir(), `chaos-${seed}`);
    const begun = performance.now();
    console.log(`seed ${seed}, ${runs} cases, ${jobs} at a time; logs in ${folder}`);
    const finished = await chaos({ runs, seed, jobs, folder, only: only && new Set(only), print: (line) => console.log(line) });
    closeApi();
    closeImages();
    console.log(`\n${summaryOf(finished, seed, (performance.now() - begun) / 1000)}`);
    return finished.some(({ judged }) => judged.some(({ wrong }) => wrong.length > 0)) ? 1 : 0;
  } finally {
    stage.remove();
  }
}
