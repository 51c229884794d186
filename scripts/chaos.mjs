/**
 *   npm run chaos                            50 deployments, good and bad, with faults, on the sandbox
 *   npm run chaos -- --runs 200 --seed 1     how many, and which: the same seed makes the same choices
 *   npm run chaos -- --jobs 3                how many apps at the same time (4)
 *   npm run chaos -- --seed 1 --only 17,18   these cases alone, each from the start of its app
 *   npm run chaos -- --write                 puts the figures into docs/reliability.md as well
 *
 * Ends with 1 if a verdict was wrong, something was left half done, or too many cases could not be played. The content of dist/ at the start is tested.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ensurePackages } from './setup.mjs';

ensurePackages();
const { playChaos } = await import('./chaos/play.mjs');
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '50' }, seed: { type: 'string', default: String(Date.now() % 100_000) }, jobs: { type: 'string', default: '4' }, only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
process.exitCode = await playChaos({ runs: Number(values.runs), seed: Number(values.seed), jobs: Number(values.jobs), only: values.only?.split(',').map(Number), write: values.write });
