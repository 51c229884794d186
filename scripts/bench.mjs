/**
 *   npm run bench                    every benchmark
 *   npm run bench -- good causes     some of them
 *   npm run bench -- --runs 5        how often each measurement is repeated (3)
 *   npm run bench -- --write         puts the tables into docs/benchmarks.md as well
 *
 * Nothing here passes or fails: figures depend on the machine and on what else it does.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { benchmarks, markdown } from './bench/benchmark.mjs';
import { writePage } from './live/page.mjs';
import { startSandbox } from './live/sandbox.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { runs: { type: 'string', default: '3' }, write: { type: 'boolean', default: false } } });
const runs = Number(values.runs);
const unknown = positionals.find((word) => !benchmarks.some(({ name }) => name === word));
if (unknown !== undefined || !Number.isInteger(runs) || runs < 1) {
  const why = unknown === undefined ? `--runs ${values.runs} is not a number of runs` : `there is no benchmark ${unknown}`;
  console.error(`npm run bench: ${why}. Benchmarks: ${benchmarks.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const chosen = benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const env = chosen.some(({ needsSandbox }) => needsSandbox) ? await startSandbox() : /** @type {any} */ (process.env);
for (const { name, run } of chosen) {
  console.error(`measuring: ${name}`);
  const table = markdown(await run({ env, runs }));
  console.log(`\n${table}`);
  if (values.write) writePage('benchmarks.md', name, table);
}
