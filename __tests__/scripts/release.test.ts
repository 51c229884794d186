import { describe, expect, it } from '@jest/globals';
import { publish, type GitHub } from '../../scripts/release/publish.mjs';
import { isLater, releaseOf } from '../../scripts/release/version.mjs';

const packageJson = '{ "version": "1.2.0" }';
const changelog = '# Changelog\n\n## Unreleased\n\n## 1.2.0 – 2026-12-01\n\n### Added\n\n- A thing.\n\n## 1.1.0 – 2026-11-01\n\n- Another.\n';

describe('a tag', () => {
  it('stands for the version and its notes', () => {
    expect(releaseOf('v1.2.0', { packageJson, changelog })).toEqual({ tag: 'v1.2.0', major: 'v1', isPrerelease: false, notes: '### Added\n\n- A thing.' });
  });
  it('may be of a prerelease', () => {
    const files = { packageJson: '{ "version": "2.0.0-rc.1" }', changelog: '## 2.0.0-rc.1\n\n- New.\n' };
    expect(releaseOf('v2.0.0-rc.1', files)).toMatchObject({ major: 'v2', isPrerelease: true, notes: '- New.' });
  });
  it.each<[string, string, Partial<{ packageJson: string; changelog: string }>, string]>([
    ['without three numbers', 'v1.2', {}, '"v1.2" is not a tag of a release'],
    ['of another version than the package', 'v1.1.0', {}, 'package.json has the version 1.2.0.'],
    ['without a section', 'v1.2.0', { changelog: '## 1.1.0\n\n- Another.\n' }, 'CHANGELOG.md has no section "## 1.2.0"'],
    ['with an empty section', 'v1.2.0', { changelog: '## 1.2.0\n\n## 1.1.0\n\n- Another.\n' }, 'CHANGELOG.md has no section "## 1.2.0"'],
    ['with changes that belong to no version', 'v1.2.0', { changelog: changelog.replace('## Unreleased\n', '## Unreleased\n\n- Lost.\n') }, '"## Unreleased"'],
  ])('%s cannot be released', (_, tag, files, message) => expect(() => releaseOf(tag, { packageJson, changelog, ...files })).toThrow(message));

  it.each([['v1.2.0', 'v1.1.9', true], ['v1.10.0', 'v1.9.0', true], ['v1.2.0', 'v1.2.0', false], ['v1.2.0', 'v1.2.1', false], ['v2.0.0', 'v1.9.9', true]])(
    '%s is later than %s: %s', (tag, other, expected) => expect(isLater(tag, other)).toBe(expected));
});

describe('a release', () => {
  /** The part of GitHub that a release needs: tags by name, and the releases. */
  const gitHubWith = (tags: Record<string, string>, releases: string[] = []) => {
    const calls: string[] = [];
    const gitHub: GitHub = async (method, path, body) => {
      if (method !== 'GET') calls.push(`${method} ${path} ${JSON.stringify(body)}`);
      const [, name = ''] = /^\/(?:releases\/tags|git\/ref\/tags)\/(.+)$/.exec(path) ?? [];
      if (path.startsWith('/git/matching-refs/tags/')) {
        return { status: 200, json: Object.keys(tags).filter((tag) => tag.startsWith(path.slice('/git/matching-refs/tags/'.length))).map((tag) => ({ ref: `refs/tags/${tag}` })) };
      }
      const isThere = method !== 'GET' || (path.startsWith('/releases') ? releases.includes(name) : name in tags);
      return { status: isThere ? 200 : 404, json: {} };
    };
    return { gitHub, calls };
  };
  const release = releaseOf('v1.2.0', { packageJson, changelog });

  it('is published, and the major version moves to it', async () => {
    const { gitHub, calls } = gitHubWith({ 'v1': 'old', 'v1.1.0': 'old', 'v1.2.0': 'new' });
    expect(await publish(gitHub, release, 'new')).toEqual(['The release v1.2.0 is published.', 'v1 is at new.']);
    expect(calls).toEqual([
      `POST /releases ${JSON.stringify({ tag_name: 'v1.2.0', name: 'v1.2.0', body: release.notes, prerelease: false })}`,
      'PATCH /git/refs/tags/v1 {"sha":"new","force":true}',
    ]);
  });
  it('of a major version that is new makes its tag', async () => {
    const { gitHub, calls } = gitHubWith({ 'v1.2.0': 'new' });
    await publish(gitHub, release, 'new');
    expect(calls[1]).toBe('POST /git/refs {"ref":"refs/tags/v1","sha":"new"}');
  });
  it('may be tried again after a run that came half way', async () => {
    const { gitHub, calls } = gitHubWith({ 'v1': 'old', 'v1.2.0': 'new' }, ['v1.2.0']);
    expect(await publish(gitHub, release, 'new')).toEqual(['The release v1.2.0 exists already.', 'v1 is at new.']);
    expect(calls).toHaveLength(1);
  });
  it('never moves the major version back', async () => {
    const { gitHub, calls } = gitHubWith({ 'v1': 'x', 'v1.2.0': 'new', 'v1.10.0': 'x' });
    expect(await publish(gitHub, release, 'new')).toEqual(['The release v1.2.0 is published.', 'v1 stays where it is: v1.10.0 is later than v1.2.0.']);
    expect(calls).toHaveLength(1);
  });
  it('leaves the major version alone when it is a prerelease', async () => {
    const { gitHub, calls } = gitHubWith({ 'v1': 'old' });
    const [, second] = await publish(gitHub, { ...release, tag: 'v1.3.0-rc.1', isPrerelease: true }, 'new');
    expect([second, calls.length]).toEqual(['v1 stays where it is: v1.3.0-rc.1 is a prerelease.', 1]);
  });
});
