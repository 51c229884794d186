// Downloads packages of the machine's distribution with apt-get, which checks their signatures. Nothing is installed: no
// service is started, and the machine's own list of packages is not changed.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptGet } from './apt.mjs';
import { command } from './command.mjs';
import { Unfit } from './machine.mjs';
import { find } from './packages.mjs';

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };

/** @param {string} what for messages */
export function checkDebian(what) {
  if (!find('apt-get') || !find('dpkg-deb')) throw new Unfit(`${what} is a package of Debian, and this machine has no apt-get.`);
}

/**
 * Does what needs the lists of packages, and once more with new lists: most often they are absent or too old, and only
 * root can download them.
 *
 * @template T
 * @param {string} what for messages
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws Unfit where it fails and the lists cannot be downloaded
 */
export async function withLists(what, work) {
  try {
    return await work();
  } catch (first) {
    await aptGet(['update', '-q'], {}).catch(() => {
      throw new Unfit(`${what} cannot be downloaded: ${first instanceof Error ? first.message : String(first)}`);
    });
    return work();
  }
}

/** As the user's own process: apt's separate user cannot write into a folder of ours. */
const asUser = ['-o', 'APT::Sandbox::User=root', '-q'];

/** Downloads one package, without those that it depends on. @param {string} name @param {string} folder @returns {Promise<string>} the path of its archive */
export async function downloadPackage(name, folder) {
  await withLists(name, () => command('apt-get', [...asUser, 'download', name], { cwd: folder, env }));
  const [archive] = archivesIn(folder);
  if (!archive) throw new Unfit(`apt-get has not downloaded ${name}.`);
  return archive;
}

/**
 * The names of all packages that match.
 *
 * @param {RegExp} pattern
 * @returns {Promise<string[]>}
 */
export async function packagesLike(pattern) {
  const names = await command('apt-cache', ['pkgnames'], { env });
  return names.split('\n').filter((name) => pattern.test(name));
}

/** What apt reads as the list of installed packages. @param {readonly string[]} names */
export const statusOf = (names) =>
  names.map((name) => `Package: ${name}\nStatus: install ok installed\nVersion: 999\nArchitecture: all\nMaintainer: -\nDescription: -\n`).join('\n');

/**
 * Downloads packages with all that they depend on, whatever the machine has installed.
 *
 * @param {{ packages: readonly string[], without: readonly string[] }} wanted without: left out with all that only they depend on
 * @param {string} folder an empty one
 * @returns {Promise<string[]>} the paths of the archives, sorted
 */
export async function downloadAll({ packages, without }, folder) {
  const [archives, status] = [join(folder, 'archives'), join(folder, 'status')];
  mkdirSync(join(archives, 'partial'), { recursive: true });
  writeFileSync(status, statusOf(without));
  const own = [`Dir::Cache=${folder}`, `Dir::Cache::archives=${archives}`, `Dir::State::status=${status}`, 'APT::Install-Recommends=false'];
  await command('apt-get', [...asUser, ...own.flatMap((option) => ['-o', option]), '-y', '--download-only', 'install', ...packages], { env });
  return archivesIn(archives);
}

/** @param {string} folder */
const archivesIn = (folder) => readdirSync(folder).filter((file) => file.endsWith('.deb')).sort().map((file) => join(folder, file));

/** `15.20`, of `…/postgresql-15_15.20-0+deb12u1_amd64.deb`: the version without that of the distribution. @param {string} archive @param {string} name */
export function upstreamVersion(archive, name) {
  const [, version] = new RegExp(`/${name.replaceAll('.', '\\.')}_(?:\\d+%3a)?([^_]+?)(?:-[^-_]*)?_[^_]*\\.deb$`).exec(archive) ?? [];
  return version;
}
