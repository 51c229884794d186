/**
 *   npm run soak                              100 good and 100 bad deployments on the sandbox, all with smoke checks
 *   npm run soak -- --good 10 --bad 10        how many
 *   npm run soak -- --seed 1                  which: the same seed makes the same deployments in the same order
 *   npm run soak -- --jobs 3                  how many apps at the same time (3)
 *   npm run soak -- --write                   puts the figures into docs/reliability.md as well
 *
 * Ends with 1 if an answer was false: a verdict or a cause that is not true, or a Service that afterwards does not answer
 * as it should. The content of dist/ at the start is tested.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ensurePackages } from './setup.mjs';

ensurePackages();
const { playSoak } = await import('./soak/soak.mjs');
const { values } = parseArgs({
  options: {
    good: { type: 'string', default: '100' }, bad: { type: 'string', default: '100' }, seed: { type: 'string', default: String(Date.now() % 100_000) },
    jobs: { type: 'string', default: '3' }, write: { type: 'boolean', default: false },
  },
});
const { write, ...numbers } = values;
const [good = 0, bad = 0, seed = 0, jobs = 1] = [numbers.good, numbers.bad, numbers.seed, numbers.jobs].map(Number);
process.exitCode = await playSoak({ good, bad, seed, jobs, write });
