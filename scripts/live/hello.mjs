/** A repository of its own, made from examples/hello, in which releases are made as a developer makes them. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ask } from './program.mjs';
import { root } from './sandbox.mjs';

/**
 * @typedef {object} Repository
 * @property {string} folder
 * @property {(constants: Readonly<Record<string, string>>) => Promise<string>} release sets constants of release.go, commits, and gives the full sha
 * @property {() => void} remove
 */

/** @returns {Promise<Repository>} */
export async function createRepository() {
  const parent = mkdtempSync(join(tmpdir(), 'demo-'));
  const folder = join(parent, 'hello');
  mkdirSync(folder);
  const source = join(root, 'examples', 'hello');
  // Files that were built in the example folder are not part of it.
  cpSync(source, folder, { recursive: true, filter: (path) => path !== join(source, 'build') });
  // The name, the hooks and the signing keys of the user must not be used here.
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  /** @param {readonly string[]} args */
  const git = (args) => ask('git', ['-c', 'user.name=demo', '-c', 'user.email=demo@example.com', ...args], { cwd: folder, env });
  await git(['init', '--quiet', '--initial-branch=main']);
  return {
    folder,
    release: async (constants) => {
      const path = join(folder, 'release.go');
      let text = readFileSync(path, 'utf8');
      for (const [name, value] of Object.entries(constants)) text = text.replace(new RegExp(`^(\\t${name}) = ".*"$`, 'm'), `$1 = ${JSON.stringify(value)}`);
      writeFileSync(path, text);
      await git(['add', '--all']);
      await git(['commit', '--quiet', '--allow-empty', `--message=${Object.values(constants).join(' ')}`]);
      return (await git(['rev-parse', 'HEAD'])).trim();
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}
