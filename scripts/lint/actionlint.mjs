/** Syntax, types and shell scripts of workflows: https://github.com/rhysd/actionlint */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import process from 'node:process';

/** `$/` is this repository at the commit of the workflow. actionlint 1.7.12 knows only `./`, of which it checks the inputs. @param {string} text */
const asLocal = (text) => text.replace(/^(\s*(?:- )?uses: )\$\//gm, '$1./');

/**
 * What actionlint finds in a workflow, line by line.
 *
 * @param {string} root of the repository
 * @param {{ actionlint: string, shellcheck?: string }} programs the path of actionlint, the folder of shellcheck
 * @param {string} text of the workflow
 */
export function findingsIn(root, { actionlint, shellcheck }, text) {
  const env = { ...process.env, PATH: [...shellcheck === undefined ? [] : [shellcheck], process.env.PATH].join(delimiter) };
  // In place of a file that exists: only then does actionlint look for the actions and workflows of the repository, to check their inputs.
  const file = '.github/workflows/ci.yml';
  const { status, stdout, error } = spawnSync(actionlint, ['-no-color', '-oneline', '-stdin-filename', file, '-'], { cwd: root, input: asLocal(text), encoding: 'utf8', env });
  if (error) throw error;
  return status === 0 ? [] : stdout.trim().split('\n').map((line) => line.replace(`${file}:`, 'line '));
}

/**
 * Throws an error with all findings in these files.
 *
 * @param {string} root
 * @param {Parameters<typeof findingsIn>[1]} programs
 * @param {readonly string[]} files paths within the repository
 */
export function lintFiles(root, programs, files) {
  const findings = files.flatMap((file) => findingsIn(root, programs, readFileSync(`${root}/${file}`, 'utf8')).map((line) => `${file} ${line}`));
  if (findings.length > 0) throw new Error(`actionlint found:\n${findings.join('\n')}`);
}
