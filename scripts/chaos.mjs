/**
 *   npm run chaos                            50 deployments, good and bad, with faults, on the sandbox
 *   npm run chaos -- --runs 200 --seed 1     how many, and which: the same seed makes the same choices
 *   npm run chaos -- --jobs 3                how many apps at the same time (4)
 *   npm run chaos -- --seed 1 --only 17,18   these cases alone, each from the start of its app
 *   npm run chaos -- --write                 puts the figures into docs/reliability.md as well
 *   npm run chaos -- data --cases 100        the same for backups and restores of real databases: 100 of them, with the same options
 *
 * Ends with 1 if a verdict was wrong, something was left half done, or too many cases could not be played. The content of dist/ at the start is tested.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ensurePackages } from './setup.mjs';

ensurePackages();
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '50' }, cases: { type: 'string', default: '100' }, seed: { type: 'string', default: String(Date.now() % 100_000) }, jobs: { type: 'string' }, only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const common = { seed: Number(values.seed), only: values.only?.split(',').map(Number), write: values.write };
if (positionals.some((word) => word !== 'data')) {
  console.error(`npm run chaos: there is no chaos of ${positionals.join(' ')}. Without a word it plays deployments, with \`data\` backups and restores.`);
  process.exitCode = 2;
} else if (positionals.length > 0) {
  const { playDataChaos } = await import('./chaos/play-data.mjs');
  process.exitCode = await playDataChaos({ ...common, cases: Number(values.cases), jobs: Number(values.jobs ?? 2) });
} else {
  const { playChaos } = await import('./chaos/play.mjs');
  process.exitCode = await playChaos({ ...common, runs: Number(values.runs), jobs: Number(values.jobs ?? 4) });
}
