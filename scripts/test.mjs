/**
 *   npm test            everything: set-up, lint, unit tests, freshness of dist/, sandbox, end-to-end tests
 *   npm run lint        eslint, types, unused code, freshness of generated files, workflows
 *   npm run test:unit   unit tests alone: no sandbox, about a minute on two idle cores
 *   npm run test:e2e    sandbox and end-to-end tests alone
 *   npm test -- bundle  freshness of dist/ alone
 *
 * Words after `--` go to jest: `npm run test:unit -- -t 'crash loop'`. Every step is run, whatever became of those
 * before it, unless it needs one that failed: then it is skipped, and says so. The last line says how many tests passed,
 * failed and were skipped; a step that is not made of tests counts as one.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ensurePackages } from './setup.mjs';
import { output, run } from './run.mjs';
import { lintFiles } from './lint/actionlint.mjs';
import { folderOf } from './lint/python-tool.mjs';
import { checkSecurity } from './lint/zizmor.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'test-'));
const words = process.argv.slice(2);
const mode = words[0] && !words[0].startsWith('-') ? words[0] : 'all';
const jestWords = words.slice(words[0] === mode ? 1 : 0);

/** @typedef {{ passed: number, failed: number, skipped: number, why?: string[] }} Counts `why`: one line for each that was skipped */
/**
 * A step that returns nothing counts as one that passed; one that throws, as one that failed.
 *
 * @typedef {{ name: string, needs?: string, run: () => Promise<Counts | void> }} Step
 */

const node = process.execPath;
/** @param {string} name */
const bin = (name) => join(root, 'node_modules', '.bin', name);

/** @type {Step[]} */
const lint = ([
  { name: 'eslint', run: () => run(bin('eslint'), ['.']) },
  // eslint reads types by TypeScript 6, as 7 has no interface for programs yet. 7 checks them in a quarter of the time.
  { name: 'types', run: () => run(node, ['node_modules/typescript7/bin/tsc', '--noEmit']) },
  { name: 'unused code', run: () => run(bin('knip'), ['--no-progress']) },
  { name: 'generated files', run: () => run(node, ['scripts/generate.mjs', '--check']) },
  { name: 'workflows', run: lintWorkflows },
  { name: 'security of workflows', run: checkSecurity },
]).map((step) => ({ ...step, needs: 'set-up' }));

/** @type {Step} */
const unit = { name: 'unit tests', needs: 'set-up', run: () => jest('unit', {}) };
/** @type {Step} */
const bundle = { name: 'dist/ is up to date', needs: 'set-up', run: () => run(node, ['scripts/bundle.mjs', '--check']) };
/** @type {Step[]} */
const e2e = [
  { name: 'sandbox', run: () => run(node, ['sandbox/sandbox.mjs', 'up']) },
  { name: 'end-to-end tests', needs: 'sandbox', run: async () => jest('e2e', await sandboxVariables()) },
];

/** @type {Step} */
const setUp = { name: 'set-up', run: async () => { ensurePackages(); } };
/** @type {Record<string, Step[]>} */
const modes = {
  all: [setUp, ...lint, unit, bundle, ...e2e],
  lint: [setUp, ...lint],
  unit: [setUp, unit],
  bundle: [setUp, bundle],
  e2e: [setUp, ...e2e],
};

/** Without shellcheck, the scripts in the workflows are one check that was skipped. @returns {Promise<Counts>} */
async function lintWorkflows() {
  const actionlint = (await output(node, ['sandbox/sandbox.mjs', 'tool', 'actionlint'])).trim().split('\n').at(-1) ?? '';
  /** @type {string[]} */
  const why = [];
  const shellcheck = await folderOf('shellcheck').catch((/** @type {Error} */ error) => void why.push(error.message));
  const programs = { actionlint, shellcheck: shellcheck ?? undefined };
  lintFiles(root, programs, ['.github/workflows', 'examples/hello/.github/workflows'].flatMap((folder) =>
    readdirSync(join(root, folder)).filter((name) => name.endsWith('.yml')).map((name) => `${folder}/${name}`)));
  // It needs packages, which the set-up may only just have installed.
  const { lintSnippets } = await import('./docs/lint-snippets.mjs');
  lintSnippets(root, programs);
  return { passed: 1, failed: 0, skipped: why.length, why };
}

/** The variables that `sandbox env` prints as `export NAME='value'`. */
async function sandboxVariables() {
  const text = await output(node, ['sandbox/sandbox.mjs', 'env']);
  const lines = text.matchAll(/^export (\w+)='((?:[^']|'\\'')*)'$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value.replaceAll("'\\''", "'")]));
}

/**
 * @param {'unit' | 'e2e'} project
 * @param {Record<string, string>} variables
 * @returns {Promise<Counts>}
 */
async function jest(project, variables) {
  const report = join(scratch, `${project}.json`);
  const args = ['--selectProjects', project, '--maxWorkers', '2', '--json', '--outputFile', report, ...process.env.CI ? ['--ci'] : [], ...jestWords];
  const options = `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  // The report goes to the file; what jest prints of it as well is not for people.
  const ended = await run(node, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], { ...variables, NODE_OPTIONS: options }, 'no stdout')
    .then(() => undefined, (/** @type {Error} */ error) => error);
  const counts = readCounts(report);
  if (!counts) throw ended ?? new Error('jest wrote no report.');
  // It can also fail without a failed test: no test found, a suite that cannot be loaded, an error after the end.
  return ended && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/**
 * @param {string} report
 * @returns {Counts | undefined}
 */
function readCounts(report) {
  try {
    const read = JSON.parse(readFileSync(report, 'utf8'));
    return {
      passed: read.numPassedTests,
      failed: read.numFailedTests + read.numRuntimeErrorTestSuites,
      skipped: read.numPendingTests + read.numTodoTests,
      why: jestWords.length > 0 ? [] : skippedIn(read),
    };
  } catch {
    return undefined;
  }
}

/**
 * What was skipped, by its own words: a test that may be skipped says in its name where. Words that choose tests skip the
 * others, which needs no saying.
 *
 * @param {{ testResults: { assertionResults: { status: string, fullName: string }[] }[] }} read
 */
const skippedIn = ({ testResults }) => testResults.flatMap(({ assertionResults }) =>
  assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ fullName }) => fullName));

/**
 * @param {Step} step
 * @returns {Promise<Counts>}
 */
async function count(step) {
  console.log(`\n── ${step.name}`);
  try {
    return await step.run() ?? { passed: 1, failed: 0, skipped: 0 };
  } catch (error) {
    console.error(`${step.name}: ${error instanceof Error ? error.message : String(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** @param {Counts} counts */
const sentence = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

async function main() {
  const steps = modes[mode];
  if (!steps) throw new Error(`There is no "${mode}" here: ${Object.keys(modes).join(', ')}.`);
  const total = { passed: 0, failed: 0, skipped: 0 };
  const rows = [];
  /** @type {string[]} */
  const skipped = [];
  const broken = new Set();
  for (const step of steps) {
    const began = Date.now();
    /** @type {Counts} */
    const counts = step.needs && broken.has(step.needs)
      ? { passed: 0, failed: 0, skipped: 1, why: [`${step.name}: needs the step "${step.needs}", which did not succeed`] }
      : await count(step);
    if (counts.failed > 0 || (counts.passed === 0 && counts.skipped > 0)) broken.add(step.name);
    for (const key of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[key] += counts[key];
    skipped.push(...counts.why ?? []);
    rows.push(`${step.name.padEnd(20)} ${`${((Date.now() - began) / 1000).toFixed(1)} s`.padStart(8)}  ${sentence(counts)}`);
  }
  console.log(['', ...rows, ...skipped.map((why) => `skipped: ${why}`), '', sentence(total)].join('\n'));
  process.exitCode = total.failed > 0 ? 1 : 0;
}

process.chdir(root);
try {
  await main();
} catch (error) {
  console.error(error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
