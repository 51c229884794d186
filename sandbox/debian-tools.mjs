// Programs that single tests run, from packages of Debian: unpacked into the cache, and not installed on the machine.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { checkDebian, downloadPackage } from './debian.mjs';
import { cache } from './layout.mjs';
import { alone } from './lock.mjs';
import { find } from './packages.mjs';

/** By the names of `sandbox tool`. @type {Record<string, { package: string, program: string }>} */
export const debianTools = {
  pushgateway: { package: 'prometheus-pushgateway', program: 'prometheus-pushgateway' },
};

/**
 * Where the program is: on the machine, or unpacked in the cache.
 *
 * @param {string} name
 * @returns {Promise<string>}
 * @throws Unfit where it cannot be had
 */
export async function debianTool(name) {
  const tool = debianTools[name];
  if (!tool) throw new Error(`There is no package for ${name}.`);
  const [installed, folder] = [find(tool.program), join(cache, `debian-${tool.package}-${process.arch}`)];
  const unpacked = join(folder, 'usr', 'bin', tool.program);
  if (installed) return installed;
  if (existsSync(unpacked)) return unpacked;
  mkdirSync(cache, { recursive: true });
  await alone(join(cache, 'debian-lock'), async () => {
    if (!existsSync(unpacked)) await unpack(tool.package, folder);
  });
  return unpacked;
}

/** Moves into place at once: an interrupted download leaves nothing that looks whole. @param {string} name @param {string} folder */
async function unpack(name, folder) {
  checkDebian(name);
  // Not with a dot in front: a build removes those.
  const unfinished = mkdtempSync(join(cache, 'unfinished-debian-'));
  try {
    await command('dpkg-deb', ['--extract', await downloadPackage(name, unfinished), join(unfinished, 'files')]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(unfinished, 'files'), folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
