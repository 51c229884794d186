import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ask } from '../live/program.mjs';
import { root, startSandbox } from '../live/sandbox.mjs';
import { setStage } from '../live/stage.mjs';
import { commitNow, writeFigures } from './figures.mjs';

/**
 * Plays the chaos of a seed with backups and restores, and prints it.
 *
 * @param {{ cases: number, seed: number, jobs: number, only?: number[], write: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export async function playDataChaos({ cases, seed, jobs, only, write }) {
  Object.assign(process.env, await startSandbox());
  const stage = setStage();
  try {
    const { dataChaos } = /** @type {typeof import('../../__tests__/chaos/data/play.js')} */ (await stage.load('__tests__/chaos/data/play.js'));
    const { isWrongData, markdownOfData, summaryOfData } = /** @type {typeof import('../../__tests__/chaos/data/summary.js')} */ (await stage.load('__tests__/chaos/data/summary.js'));
    const { tooManyUnplayed } = /** @type {typeof import('../../__tests__/chaos/unplayable.js')} */ (await stage.load('__tests__/chaos/unplayable.js'));
    const { lab } = /** @type {typeof import('../../__tests__/e2e/harness/data/lab.js')} */ (await stage.load('__tests__/e2e/harness/data/lab.js'));
    const { closeApi } = /** @type {typeof import('../../__tests__/e2e/harness/api.js')} */ (await stage.load('__tests__/e2e/harness/api.js'));
    const { closeImages } = /** @type {typeof import('../../__tests__/e2e/harness/images.js')} */ (await stage.load('__tests__/e2e/harness/images.js'));
    const age = (await ask(process.execPath, [join(root, 'sandbox/sandbox.mjs'), 'tool', 'age'])).trim();
    const folder = join(tmpdir(), `data-chaos-${seed}`);
    const begun = performance.now();
    const commit = commitNow();
    console.log(`seed ${seed}, ${cases} cases, ${jobs} at a time; logs in ${folder}`);
    const finished = await dataChaos({ cases, seed, jobs, folder, only: only && new Set(only), print: (line) => console.log(line), lab: await lab(), age });
    closeApi();
    closeImages();
    const seconds = (performance.now() - begun) / 1000;
    console.log(`\n${summaryOfData(finished, seed, seconds)}`);
    if (write) writeFigures('data-chaos', markdownOfData(finished, { seed, jobs, seconds, commit }));
    return finished.some(isWrongData) || tooManyUnplayed(finished) ? 1 : 0;
  } finally {
    stage.remove();
  }
}
