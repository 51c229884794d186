/** Security of the workflows and of the action's own metadata: https://docs.zizmor.sh */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { cache } from '../sandbox/layout.mjs';
import { output, run } from './run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const requirements = fileURLToPath(new URL('zizmor.txt', import.meta.url));

/**
 * Fails when zizmor finds something. Where it cannot be installed, as without Python, that is one check that was skipped.
 *
 * @returns {Promise<{ passed: number, failed: number, skipped: number, why: string[] } | void>}
 */
export async function checkSecurity() {
  let program;
  try {
    program = await installed();
  } catch (error) {
    return { passed: 0, failed: 0, skipped: 1, why: [`zizmor could not be installed by Python's pip: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const check = (/** @type {readonly string[]} */ args) => run(program, ['--offline', '--no-progress', ...args]);
  await check(['.']);
  // It needs packages, which the set-up may only just have installed.
  const { checkSnippets } = await import('./docs/lint-snippets.mjs');
  await checkSnippets(root, check);
}

/** Its path. It is installed once for each version, from PyPI, by its hash. */
async function installed() {
  const [, version = ''] = /^zizmor==(\S+)/.exec(readFileSync(requirements, 'utf8')) ?? [];
  const folder = join(cache, `zizmor-${version}`);
  const program = join(folder, 'bin', 'zizmor');
  if (existsSync(program)) return program;
  const building = `${folder}.${process.pid}`;
  try {
    await output('python3', ['-m', 'venv', building]);
    await output(join(building, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:', '-r', requirements]);
    renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return program;
}
