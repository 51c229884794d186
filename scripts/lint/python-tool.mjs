/** Programs from PyPI, each installed once for each version, by its hash. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { cache } from '../../sandbox/layout.mjs';
import { output } from '../run.mjs';

/**
 * The folder of a program that a package has, from NAME.txt beside this file: one line with the package, its version and its hash.
 * Rejects where it cannot be installed, as without Python.
 *
 * @param {string} name
 * @returns {Promise<string>}
 */
export async function folderOf(name) {
  const requirements = fileURLToPath(new URL(`${name}.txt`, import.meta.url));
  const [, version = ''] = /==(\S+)/.exec(readFileSync(requirements, 'utf8')) ?? [];
  const folder = join(cache, `${name}-${version}`);
  const bin = join(folder, 'bin');
  if (existsSync(join(bin, name))) return bin;
  const building = `${folder}.${process.pid}`;
  try {
    await output('python3', ['-m', 'venv', building]);
    await output(join(building, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:', '-r', requirements]);
    renameSync(building, folder);
  } catch (error) {
    throw new Error(`${name} could not be installed by Python's pip: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return bin;
}
