/** Longest name in a cell of a table. */
const widestName = 40;

/**
 * Names for the cells of a table, as short as they can be told apart: `api:5e94acd` for an image with the tag of a commit,
 * `api@0123456` without a tag. Two of one row that look the same then get their digests, and versions that are no reference
 * of an image are cut.
 */
export function shortNames(versions: readonly string[]): readonly string[] {
  const names = versions.map((version) => shortName(version, false));
  const isUnclear = (index: number): boolean => names.some((name, other) => name === names[index] && versions[other] !== versions[index]);
  return versions.map((version, index) => cut(isUnclear(index) ? shortName(version, true) : names[index] ?? version));
}

function shortName(version: string, withDigest: boolean): string {
  const match = /^(?!\w+:\/\/)(?:[^\s@]*\/)?([^\s/:@]+)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}|<[^<>]*>))?$/.exec(version);
  if (!match) return version;
  const [, name = '', tag, digest] = match;
  const short = digest?.startsWith('sha256:') ? digest.slice(7, 14) : digest;
  return `${name}${tag === undefined ? '' : `:${shortTag(tag)}`}${short !== undefined && (withDigest || tag === undefined) ? `@${short}` : ''}`;
}

/** `5e94acd`, `5e94acd-dirty-0a1b2c3`: the commit in a tag to 7 digits. */
const shortTag = (tag: string): string => tag.replace(/^([0-9a-f]{7})[0-9a-f]{33,57}(?=$|-)/, '$1');

const cut = (name: string): string => ([...name].length <= widestName ? name : `${[...name].slice(0, widestName - 1).join('')}…`);

/** The commit to 7 digits. */
export const shortCommit = (commit: string): string => (/^[0-9a-f]{40,64}$/.test(commit) ? commit.slice(0, 7) : commit);
