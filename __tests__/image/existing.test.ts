import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { BuildRequest } from '../../src/image/build.js';
import { buildUnlessThere } from '../../src/image/build.js';
import { describeSettings, settingsLabel } from '../../src/image/build-settings.js';
import { ownAccess } from '../../src/image/docker.js';
import { claimTags, findExisting } from '../../src/image/existing.js';
import { chooseTags } from '../../src/image/tags.js';
import { scriptedDocker } from './fakes.js';

const commit = 'a'.repeat(40);
const other = 'b'.repeat(40);
const platform = { os: 'linux', architecture: 'amd64' };

/** An index of one image and its attestation; `time` makes another index of the same image. */
function index(content: string, { revision, time = '1' }: { revision?: string; time?: string } = {}): { raw: string; digest: string } {
  const raw = JSON.stringify({
    manifests: [{ digest: `sha256:${content}`, platform }, { digest: `sha256:${time}`, platform: { os: 'unknown', architecture: 'unknown' } }],
    ...(revision && { annotations: { 'org.opencontainers.image.revision': revision } }),
  });
  return { raw, digest: `sha256:${createHash('sha256').update(raw).digest('hex')}` };
}

const absent = { code: 1, stderr: 'ERROR: r/api:x: not found' };
const request = (tags?: readonly string[], changes: Partial<BuildRequest['build']> = {}): BuildRequest => ({
  build: { context: '.', buildArgs: {}, buildSecrets: {}, platforms: [], labels: {}, cache: 'none', ...changes },
  image: 'r/api', tags: chooseTags({ tags, commit, onDefaultBranch: false }), source: { revision: commit },
  builder: { attestations: true, annotations: true, cacheExport: true, pushesByDigest: true },
});
const noLabels = [/--format/, { stdout: '{"config":{}}' }] as const;
const holding = (raw: string) => scriptedDocker([[/--raw/, { stdout: raw }], noLabels]);

describe('an image that a tag of the commit names already', () => {
  it('is taken, and nothing is built', async () => {
    const there = index('1', { revision: commit });
    const { ports, calls, said } = holding(there.raw);
    expect(await buildUnlessThere(ports, ownAccess, request())).toEqual({
      digest: there.digest, platforms: ['linux/amd64'], reference: `r/api:${commit}@${there.digest}`, tags: [commit],
    });
    expect(calls.filter((call) => /^buildx build|create/.test(call))).toEqual([]);
    expect(said.join()).toContain(`r/api:${commit} already exists for commit ${commit} (${there.digest}): it is reused, and nothing is built.`);
  });

  it('is taken by the name of the commit when it does not say its own', async () => {
    const there = index('1');
    expect(await findExisting(holding(there.raw).ports, ownAccess, request())).toMatchObject({ digest: there.digest });
    const labelled = request(undefined, { labels: { 'org.opencontainers.image.revision': 'mine' } });
    expect(await findExisting(holding(index('1', { revision: 'mine' }).raw).ports, ownAccess, labelled)).toMatchObject({ tag: commit });
  });

  it('is taken by a version when the label that is given for it names this commit, as docker/metadata-action does', async () => {
    const there = holding(index('1', { revision: commit }).raw);
    const given = (revision: string) => request(['1.0.0'], { labels: { 'org.opencontainers.image.revision': revision } });
    expect(await findExisting(there.ports, ownAccess, given(commit))).toMatchObject({ tag: '1.0.0' });
    expect(await findExisting(there.ports, ownAccess, given('mine'))).toBeUndefined();
  });

  it('is neither taken nor overwritten by the name of another commit when it does not say its own', async () => {
    const there = index('1');
    await expect(findExisting(holding(there.raw).ports, ownAccess, request(['f'.repeat(40)]))).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringContaining(`r/api:${'f'.repeat(40)} already exists (${there.digest}) and does not name its commit`),
    });
    const labelled = request(['f'.repeat(40)], { labels: { 'org.opencontainers.image.revision': 'mine' } });
    expect(await findExisting(holding(index('1', { revision: 'mine' }).raw).ports, ownAccess, labelled)).toMatchObject({ tag: 'f'.repeat(40) });
  });

  it('gets the other tags that it has not yet', async () => {
    const there = index('1', { revision: commit });
    const { ports, calls } = scriptedDocker([
      [/--raw -- r\/api:1\.0\.0/, absent, absent, { stdout: there.raw }], [/--raw/, { stdout: there.raw }], noLabels, [/create/, {}],
    ]);
    expect(await buildUnlessThere(ports, ownAccess, request([commit, '1.0.0']))).toMatchObject({ digest: there.digest, tags: [commit, '1.0.0'] });
    expect(calls).toContain(`buildx imagetools create --progress=plain --tag=r/api:1.0.0 -- r/api@${there.digest}`);
  });

  it.each([
    [[commit], 'the tag of a commit is never moved', /Delete the tag/], [['sha-aaaaaaa'], 'the tag of a commit is never moved', /Remove this tag/],
    [['1.0.0'], 'the tag of a version is never overwritten', /its own version/],
  ])('is refused for %s when it is another commit\'s', async (tags, rule, hint) => {
    const there = index('1', { revision: other });
    await expect(findExisting(holding(there.raw).ports, ownAccess, request(tags))).rejects.toMatchObject({
      code: 'push-failed', message: `r/api:${tags[0]} is the image of commit ${other} (${there.digest}). This run builds commit ${commit}, and ${rule}.`, hint: expect.stringMatching(hint),
    });
  });

  it('is refused without a platform that is asked for', async () => {
    await expect(findExisting(holding(index('1', { revision: commit }).raw).ports, ownAccess, request(undefined, { platforms: ['linux/amd64', 'linux/arm64'] }))).rejects.toMatchObject({
      message: expect.stringMatching(/already exists for this commit \(sha256:\w+\), without linux\/arm64: it contains linux\/amd64, and such a tag is never moved\.$/),
    });
  });

  it.each([['it is not there', absent], ['it cannot be read', { code: 1, stderr: 'ERROR: pull access denied' }]])('is built when %s', async (_why, answer) => {
    const built = index('1', { revision: commit });
    const { ports, calls } = scriptedDocker([
      [/^buildx build/, { stdout: JSON.stringify({ 'containerimage.digest': built.digest }) }], [/--raw/, answer, { stdout: built.raw }],
    ]);
    expect(await buildUnlessThere(ports, ownAccess, request())).toMatchObject({ digest: built.digest });
    expect(calls.some((call) => call.startsWith('buildx build'))).toBe(true);
  });

  it.each(['400 Bad Request', '403 Forbidden', '409 Conflict', '412 Precondition Failed'])('is looked up when another run was quicker and the registry says %s', async (status) => {
    const there = index('1', { revision: commit });
    const refused = { code: 1, stderr: `ERROR: failed to build: failed to solve: failed to push r/api:${commit}: unexpected status from PUT request to https://r/v2/api/manifests/x: ${status}` };
    const { ports } = scriptedDocker([[/^buildx build/, refused], [/--raw/, absent, { stdout: there.raw }], noLabels]);
    expect(await buildUnlessThere(ports, ownAccess, request())).toMatchObject({ digest: there.digest });
    const nothing = scriptedDocker([[/^buildx build/, refused], [/--raw/, absent], noLabels]);
    await expect(buildUnlessThere(nothing.ports, ownAccess, request())).rejects.toMatchObject({ message: expect.stringContaining(status) });
  });
});

describe('an image that was built with other settings', () => {
  const settings = (changes: Partial<BuildRequest['build']>, environment?: string) => describeSettings({ ...request().build, ...changes }, environment);
  const labelled = (by: string) => JSON.stringify({ config: { Labels: { [settingsLabel]: by } } });
  const built = (by: string) => scriptedDocker([[/--raw/, { stdout: index('1', { revision: commit }).raw }], [/--format/, { stdout: labelled(by) }]]);
  const ask = (tags: readonly string[] | undefined, now: string, then: string) =>
    findExisting(built(then).ports, ownAccess, { ...request(tags), settings: now });

  it.each<[string, string, string, boolean]>([
    ['the same', settings({ buildArgs: { A: '1', B: '2' } }), settings({ buildArgs: { B: '2', A: '1' } }), false],
    ['another environment alone', settings({}, 'staging'), settings({}, 'production'), false],
    ['another target', settings({ target: 'a' }), settings({ target: 'b' }), true],
    ['another Dockerfile', settings({ dockerfile: 'a' }), settings({}), true],
    ['another context', settings({ context: 'a' }), settings({}), true],
    ['other build arguments', settings({ buildArgs: { URL: 'a' } }, 'staging'), settings({ buildArgs: { URL: 'b' } }, 'production'), true],
  ])('is not taken by the tag of the commit: %s', async (_what, now, then, otherwise) => {
    expect((await ask(undefined, now, then))?.builtOtherwise ?? false).toBe(otherwise);
  });

  it('is the version only when nothing but build arguments differs, as a time does', async () => {
    const date = (value: string, environment?: string) => settings({ buildArgs: { DATE: value } }, environment);
    expect(await ask(['1.0.0'], date('2'), date('1'))).toMatchObject({ tag: '1.0.0' });
    for (const [now, then] of [[date('2', 'staging'), date('1', 'production')], [settings({ target: 'a' }), settings({})]] as const) {
      await expect(ask(['1.0.0'], now, then)).rejects.toMatchObject({ code: 'push-failed', message: expect.stringContaining('a version is never overwritten') });
    }
  });

  it('that appears under the tag meanwhile is not overwritten', async () => {
    await expect(buildUnlessThere(built(settings({ target: 'a' })).ports, ownAccess, { ...request(), settings: settings({}) })).rejects.toMatchObject({
      message: expect.stringMatching(/was pushed by another run in the meantime, built with different settings/),
    });
  });
});

describe('a version', () => {
  const claim = { ...request(['1.0.0']), tags: { commit: [], version: ['1.0.0'] } };
  const built = index('1', { time: '2' });
  const claimed = (there: { raw: string }) => claimTags(scriptedDocker([[/--raw -- r\/api@/, { stdout: built.raw }], [/--raw/, { stdout: there.raw }], noLabels]).ports, ownAccess, claim, built.digest);

  it('that names the same images is the same version: its digest is taken', async () => {
    const there = index('1');
    expect(there.digest).not.toBe(built.digest);
    expect(await claimed(there)).toBe(there.digest);
  });

  it('that was pushed for this very commit is taken as it is', async () => {
    const there = index('not repeatable', { revision: commit });
    expect(await claimed(there)).toBe(there.digest);
  });

  it('whose image differs is refused, and called so', async () => {
    const there = index('2');
    await expect(claimed(there)).rejects.toMatchObject({ message: `r/api:1.0.0 already exists with different content (${there.digest}), and the tag of a version is never overwritten.` });
    await expect(claimed(index('2', { revision: other }))).rejects.toMatchObject({ message: expect.stringContaining(`is the image of commit ${other}`) });
  });

  it('that another run sets at the same moment is taken when it is of this commit', async () => {
    const there = index('1');
    const { ports } = scriptedDocker([
      [/--raw -- r\/api@/, { stdout: built.raw }], [/--raw/, absent, { stdout: there.raw }], noLabels, [/create/, { code: 1, stderr: 'ERROR: 409 Conflict' }],
    ]);
    expect(await claimTags(ports, ownAccess, claim, built.digest)).toBe(there.digest);
  });
});
