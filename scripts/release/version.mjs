/**
 * @typedef {object} Release
 * @property {string} tag `v1.2.3`
 * @property {string} major `v1`
 * @property {boolean} isPrerelease `v1.2.3-rc.1`: the tag of the major version stays where it is
 * @property {string} notes Markdown: the section of the version in CHANGELOG.md
 */

/**
 * The release that a tag stands for. Throws an error that lists all that is not in order.
 *
 * @param {string} tag
 * @param {{ packageJson: string, changelog: string }} files their texts
 * @returns {Release}
 */
export function releaseOf(tag, { packageJson, changelog }) {
  const match = /^v((\d+)\.\d+\.\d+(-[\w.]+)?)$/.exec(tag);
  if (!match) throw new Error(`"${tag}" is not a tag of a release: write vX.Y.Z, or vX.Y.Z-rc.1.`);
  const [, version = '', major, suffix] = match;
  const sections = sectionsOf(changelog);
  const packaged = JSON.parse(packageJson).version;
  const problems = [
    packaged === version ? '' : `package.json has the version ${packaged}.`,
    sections.get(version) ? '' : `CHANGELOG.md has no section "## ${version}" with a text.`,
    sections.get('Unreleased') ? 'CHANGELOG.md still has changes under "## Unreleased": move them to the version.' : '',
  ].filter(Boolean);
  if (problems.length > 0) throw new Error(`${tag} cannot be released:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  return { tag, major: `v${major}`, isPrerelease: suffix !== undefined, notes: sections.get(version) ?? '' };
}

/**
 * The text below each `## VERSION – DATE`.
 *
 * @param {string} changelog
 * @returns {ReadonlyMap<string, string>}
 */
function sectionsOf(changelog) {
  const parts = changelog.split(/^## /m).slice(1);
  return new Map(parts.map((part) => {
    const [heading = '', ...lines] = part.split('\n');
    return [heading.split(/\s/)[0] ?? '', lines.join('\n').trim()];
  }));
}

/**
 * Whether one tag is of a later version than another, both of the form vX.Y.Z.
 *
 * @param {string} tag
 * @param {string} other
 */
export function isLater(tag, other) {
  const [a, b] = [tag, other].map((text) => text.slice(1).split('.').map(Number));
  const differing = a?.findIndex((part, index) => part !== b?.[index]) ?? -1;
  return differing >= 0 && (a?.[differing] ?? 0) > (b?.[differing] ?? 0);
}
