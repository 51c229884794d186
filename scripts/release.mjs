/**
 *   node scripts/release.mjs check TAG     the version and its notes are in order; prints the notes
 *   node scripts/release.mjs publish TAG   makes the release on GitHub, and moves the tag of its major version
 *
 * `publish` reads GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA and GITHUB_TOKEN, as the runner sets them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { createGitHub, publish } from './release/publish.mjs';
import { releaseOf } from './release/version.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** @param {string} path */
const read = (path) => readFileSync(join(root, path), 'utf8');

const [command, tag = ''] = process.argv.slice(2);
const { env } = process;
try {
  const release = releaseOf(tag, { packageJson: read('package.json'), changelog: read('CHANGELOG.md') });
  if (command === 'check') console.log(`${tag} can be released${release.isPrerelease ? '' : `, and ${release.major} moves to it`}. Its notes:\n\n${release.notes}`);
  else if (command === 'publish') {
    const gitHub = createGitHub({ api: env.GITHUB_API_URL ?? '', repository: env.GITHUB_REPOSITORY ?? '', token: env.GITHUB_TOKEN ?? '' });
    for (const line of await publish(gitHub, release, env.GITHUB_SHA ?? '')) console.log(line);
  } else throw new Error('Usage: node scripts/release.mjs check|publish TAG');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
