// Programs that single tests run, from packages of Debian: unpacked into the cache, and not installed on the machine.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptGet } from './apt.mjs';
import { command } from './command.mjs';
import { cache } from './layout.mjs';
import { alone } from './lock.mjs';
import { Unfit } from './machine.mjs';
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
  if (!find('apt-get') || !find('dpkg-deb')) throw new Unfit(`${name} is a package of Debian, and this machine has no apt-get.`);
  const unfinished = mkdtempSync(join(cache, '.debian-'));
  try {
    await download(name, unfinished);
    const archive = readdirSync(unfinished).find((file) => file.endsWith('.deb'));
    if (!archive) throw new Unfit(`apt-get has not downloaded ${name}.`);
    await command('dpkg-deb', ['--extract', join(unfinished, archive), join(unfinished, 'files')]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(unfinished, 'files'), folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** @param {string} name @param {string} folder */
async function download(name, folder) {
  // As the user's own process: apt's separate user cannot write into a folder of ours.
  const get = () => command('apt-get', ['-o', 'APT::Sandbox::User=root', '-q', 'download', name], { cwd: folder, env: { ...process.env, LC_ALL: 'C' } });
  try {
    await get();
  } catch (first) {
    // Most often the lists of packages are absent, and only root can get them.
    await aptGet(['update', '-q'], {}).catch(() => {
      throw new Unfit(`${name} cannot be downloaded: ${first instanceof Error ? first.message : String(first)}`);
    });
    await get();
  }
}
