/** Security of the workflows and of the action's own metadata: https://docs.zizmor.sh */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../run.mjs';
import { folderOf } from './python-tool.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Of this repository, zizmor finds the workflows that GitHub would find. */
const workflowsElsewhere = ['examples/hello/.github/workflows/deploy.yml'];

/**
 * Fails when zizmor finds something. Where it cannot be installed, that is one check that was skipped.
 *
 * @returns {Promise<{ passed: number, failed: number, skipped: number, why: string[] } | void>}
 */
export async function checkSecurity() {
  let folder;
  try {
    folder = await folderOf('zizmor');
  } catch (error) {
    return { passed: 0, failed: 0, skipped: 1, why: [error instanceof Error ? error.message : String(error)] };
  }
  const check = (/** @type {readonly string[]} */ args) => run(join(folder, 'zizmor'), ['--offline', '--no-progress', '--persona', 'pedantic', ...args]);
  await check(['.', ...workflowsElsewhere]);
  // It needs packages, which the set-up may only just have installed.
  const { checkSnippets } = await import('../docs/lint-snippets.mjs');
  await checkSnippets(root, check);
}
