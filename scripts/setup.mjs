/**
 * Makes sure that the packages of package-lock.json are installed. Runs before anything else, so it uses nothing but
 * node and npm. `node scripts/setup.mjs` does it alone.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }} Package */

/**
 * @param {string} path
 * @returns {Record<string, Package> | undefined} packages by folder; undefined when there is no such file
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether npm has installed exactly what the lock file says: it keeps its own record in node_modules. */
function isInstalled() {
  const wanted = readLock(join(root, 'package-lock.json'));
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([folder, { version, integrity, optional }]) => {
    const found = installed[folder];
    // Optional packages of other platforms are in the lock file and not on the disk.
    return folder === '' || (found ? found.version === version && found.integrity === integrity : optional === true);
  });
}

/** Installs missing or changed packages; returns at once when nothing is missing. Throws when npm fails. */
export function ensurePackages() {
  if (isInstalled()) return;
  const began = Date.now();
  console.log('Installing the packages of package-lock.json (npm ci)');
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw new Error(`npm cannot be run (${error.message}). It is part of Node.js: install Node.js 20.20 or later first.`);
  if (status !== 0) throw new Error(`npm ci failed with exit code ${status}: its output is above.`);
  console.log(`Installed in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensurePackages();
