import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ version: string, license?: string, dev?: boolean, devOptional?: boolean, optional?: boolean }} Package */

/**
 * Names, versions and licence texts of every package that can be in the bundle: all that package-lock.json lists for
 * production, needed or not. (The licence file of the bundler leaves out packages that it merges into one module.)
 *
 * @param {string} root folder of the repository
 * @returns {string}
 */
export function licenseTexts(root) {
  /** @type {{ packages: Record<string, Package> }} */
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.dev && !entry.devOptional && !entry.optional)
    .map(([path, entry]) => section(join(root, path), path.replace(/^.*node_modules\//, ''), entry))
    .sort()
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** @param {string} folder @param {string} name @param {Package} entry */
function section(folder, name, { version, license }) {
  const file = readdirSync(folder).filter((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry)).sort()[0];
  if (!file && !license) throw new Error(`${name} has neither a licence file nor a licence in package.json.`);
  const text = file ? readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim() : 'The package contains no text of its licence.';
  return `${name} ${version} (${license ?? 'see below'})\n\n${text}\n`;
}
