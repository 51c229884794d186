import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import { root, startSandbox } from '../live/sandbox.mjs';

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
    /** @type {<T>(path: string) => Promise<T>} */
    const load = (path) => import(pathToFileURL(join(stage, path)).href);
    const { chaos, summaryOf } = /** @type {typeof import('../../__tests__/chaos/chaos.js')} */ (await load('__tests__/chaos/chaos.js'));
    const { closeApi } = /** @type {typeof import('../../__tests__/e2e/harness/api.js')} */ (await load('__tests__/e2e/harness/api.js'));
    const { closeImages } = /** @type {typeof import('../../__tests__/e2e/harness/images.js')} */ (await load('__tests__/e2e/harness/images.js'));
    const folder = join(tmpdir(), `chaos-${seed}`);
    const begun = performance.now();
    console.log(`seed ${seed}, ${runs} cases, ${jobs} at a time; logs in ${folder}`);
    const finished = await chaos({ runs, seed, jobs, folder, only: only && new Set(only), print: (line) => console.log(line) });
    closeApi();
    closeImages();
    console.log(`\n${summaryOf(finished, seed, (performance.now() - begun) / 1000)}`);
    return finished.some(({ judged }) => judged.some(({ wrong }) => wrong.length > 0)) ? 1 : 0;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * A copy of what is tested and of what tests it, so that neither changes while it is played; the tests are translated to
 * JavaScript on the way.
 */
function setStage() {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  // Inside node_modules, so that imports of packages find them.
  const stage = mkdtempSync(join(cache, 'chaos-'));
  for (const part of ['dist', 'docs/rbac.yaml', 'action.yml', 'rollout/action.yml', 'rollback/action.yml', 'build/action.yml', '__tests__/e2e/app']) {
    mkdirSync(dirname(join(stage, part)), { recursive: true });
    cpSync(join(root, part), join(stage, part), { recursive: true });
  }
  for (const part of ['__tests__/chaos', '__tests__/e2e/harness']) translate(join(root, part), join(stage, part));
  writeFileSync(join(stage, 'package.json'), '{ "type": "module" }');
  return stage;
}

/** @param {string} from @param {string} to */
function translate(from, to) {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const { code } = transformSync(readFileSync(join(from, file), 'utf8'), {
      swcrc: false, configFile: false, module: { type: 'es6' }, jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    writeFileSync(join(to, file.replace(/\.ts$/, '.js')), code);
  }
}
