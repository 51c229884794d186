// Programs that single tests run, from packages of Debian: unpacked into the cache, and not installed on the machine.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { checkDebian, downloadPackage } from './debian.mjs';
import { cache } from './layout.mjs';
import { alone } from './lock.mjs';
import { find } from './packages.mjs';
import { madeFolder } from './unpacked.mjs';

/** By the names of `sandbox tool`. @type {Record<string, { package: string, program: string }>} */
export const debianTools = {
  age: { package: 'age', program: 'age' },
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
  await alone(join(cache, 'debian-lock'), () => madeFolder(folder, async (unfinished) => {
    checkDebian(tool.package);
    const downloads = join(unfinished, 'downloads');
    mkdirSync(downloads);
    await command('dpkg-deb', ['--extract', await downloadPackage(tool.package, downloads), unfinished]);
    rmSync(downloads, { recursive: true });
  }));
  return unpacked;
}
