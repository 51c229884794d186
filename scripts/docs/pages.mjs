import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every page that people read, by its path in the repository.
 *
 * @param {string} root
 * @returns {readonly string[]}
 */
export function pagesOf(root) {
  /** @param {string} folder */
  const inFolder = (folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.startsWith('pictures/')).map((path) => join(folder, path)).sort();
  return [...readdirSync(root).filter((name) => name.endsWith('.md')), ...['build', 'rollout', 'rollback', 'pr-check', 'backup', 'restore', 'setup', 'all', 'docs', 'examples'].flatMap(inFolder)];
}
