import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findingsIn } from '../lint/actionlint.mjs';
import { pagesOf } from './pages.mjs';
import { workflowsOf } from './snippets.mjs';

/** The workflows of all pages. @param {string} root */
const snippetsOf = (root) => pagesOf(root).flatMap((page) => workflowsOf(page, readFileSync(join(root, page), 'utf8')));

/**
 * Runs actionlint on every workflow that the pages show. Throws an error with all findings.
 *
 * @param {string} root
 * @param {Parameters<typeof findingsIn>[1]} programs
 */
export function lintSnippets(root, programs) {
  const findings = snippetsOf(root).flatMap(({ name, text }) => findingsIn(root, programs, text).map((line) => `${name} ${line}`));
  if (findings.length > 0) throw new Error(`actionlint found in the pages:\n${findings.join('\n')}`);
}

/**
 * Pages are for reading: they name actions by their version and say that a commit is safer, and explain permissions in words. A
 * workflow that calls one of ours has its limits of concurrency there.
 */
const zizmorConfig = 'rules:\n  unpinned-uses: { disable: true }\n  self-repository: { disable: true }\n  concurrency-limits: { disable: true }\n  anonymous-definition: { disable: true }\n  undocumented-permissions: { disable: true }\n';

/**
 * Writes the workflows of all pages as a repository for zizmor, and hands its path and the configuration on.
 *
 * @param {string} root
 * @param {(args: readonly string[]) => Promise<void>} zizmor
 */
export async function checkSnippets(root, zizmor) {
  const folder = mkdtempSync(join(tmpdir(), 'snippets-'));
  try {
    mkdirSync(join(folder, '.github', 'workflows'), { recursive: true });
    for (const { name, text } of snippetsOf(root)) writeFileSync(join(folder, '.github', 'workflows', `${name.replaceAll(/[^\w.-]/g, '-')}.yml`), text);
    writeFileSync(join(folder, 'zizmor.yml'), zizmorConfig);
    await zizmor(['--config', join(folder, 'zizmor.yml'), folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
