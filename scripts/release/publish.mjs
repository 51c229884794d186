import { isLater } from './version.mjs';

/** @typedef {import('./version.mjs').Release} Release */
/** @typedef {(method: string, path: string, body?: unknown) => Promise<{ status: number, json: any }>} GitHub */

/**
 * Calls of the REST API below one repository. Rejects for anything but success and 404.
 *
 * @param {{ api: string, repository: string, token: string }} options
 * @returns {GitHub}
 */
export const createGitHub = ({ api, repository, token }) => async (method, path, body) => {
  const response = await fetch(`${api}/repos/${repository}${path}`, {
    method,
    headers: { 'accept': 'application/vnd.github+json', 'authorization': `Bearer ${token}`, 'x-github-api-version': '2022-11-28' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok && response.status !== 404) throw new Error(`${method} ${path} returned ${response.status}: ${text.slice(0, 500)}`);
  return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
};

/**
 * Makes the release, unless a run before has made it, and then moves the tag of the major version, unless a later version has it.
 *
 * @param {GitHub} gitHub
 * @param {Release} release
 * @param {string} sha commit of the tag
 * @returns {Promise<readonly string[]>} what was done, line by line
 */
export async function publish(gitHub, release, sha) {
  const { tag, major, isPrerelease, notes } = release;
  const existing = await gitHub('GET', `/releases/tags/${tag}`);
  if (existing.status === 404) await gitHub('POST', '/releases', { tag_name: tag, name: tag, body: notes, prerelease: isPrerelease });
  const made = existing.status === 404 ? `The release ${tag} is published.` : `The release ${tag} exists already.`;
  if (isPrerelease) return [made, `${major} stays where it is: ${tag} is a prerelease.`];
  const refs = (await gitHub('GET', `/git/matching-refs/tags/${major}.`)).json ?? [];
  const later = refs.map((/** @type {{ ref: string }} */ { ref }) => ref.replace('refs/tags/', '')).filter((/** @type {string} */ other) => /^v[\d.]+$/.test(other) && isLater(other, tag));
  if (later.length > 0) return [made, `${major} stays where it is: ${later.join(', ')} is later than ${tag}.`];
  const moving = await gitHub('GET', `/git/ref/tags/${major}`);
  if (moving.status === 404) await gitHub('POST', '/git/refs', { ref: `refs/tags/${major}`, sha });
  else await gitHub('PATCH', `/git/refs/tags/${major}`, { sha, force: true });
  return [made, `${major} is at ${sha}.`];
}
