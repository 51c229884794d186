import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { build, type BuildRequest } from '../../src/image/build.js';
import { ownAccess } from '../../src/image/docker.js';
import { chooseTags } from '../../src/image/tags.js';
import { scriptedDocker } from './fakes.js';

const platforms = (...names: string[]) => names.map((name) => ({ platform: { os: name.split('/')[0], architecture: name.split('/')[1] } }));
const index = (...names: string[]) => JSON.stringify({ manifests: [...platforms(...names), ...platforms('unknown/unknown')] });
const both = index('linux/amd64', 'linux/arm64');
const digestOf = (raw: string) => `sha256:${createHash('sha256').update(raw).digest('hex')}`;
const digest = digestOf(both);
const metadata = { stdout: JSON.stringify({ 'containerimage.digest': digest }) };
const fails = (reason: string) => ({ code: 1, stderr: `ERROR: failed to build: failed to solve: failed to push r/api:abc: ${reason}` });

const request = (tags?: readonly string[], changes: Partial<BuildRequest['build']> = {}): BuildRequest => ({
  build: { context: '.', buildArgs: {}, buildSecrets: {}, platforms: ['linux/amd64', 'linux/arm64/v8'], labels: {}, cache: 'none', ...changes },
  image: 'r/api', tags: chooseTags({ tags, commit: 'abc', onDefaultBranch: false }), source: { revision: 'abc', committedAt: 1_700_000_000 },
  builder: { attestations: true, annotations: true, cacheExport: true, pushesByDigest: true },
});

describe('a build', () => {
  it('gives digest, platforms and the reference to deploy', async () => {
    const { ports, calls, commands, removed } = scriptedDocker([[/^buildx build/, metadata], [/imagetools inspect/, { stdout: both }]]);
    expect(await build(ports, ownAccess, request())).toEqual({
      digest, platforms: ['linux/amd64', 'linux/arm64'], reference: `r/api:abc@${digest}`, tags: ['abc'],
    });
    expect(calls).toHaveLength(2);
    expect(commands[0]?.env).toMatchObject({ SOURCE_DATE_EPOCH: '1700000000' });
    expect(removed).toEqual(['/tmp/private']);
  });

  it('leaves SOURCE_DATE_EPOCH as the user has set it', async () => {
    const { ports, commands } = scriptedDocker([[/^buildx build/, metadata], [/inspect/, { stdout: both }]], { SOURCE_DATE_EPOCH: '0' });
    await build(ports, ownAccess, request());
    expect(commands[0]?.env).not.toHaveProperty('SOURCE_DATE_EPOCH');
  });

  it.each([
    ['gha', ['ACTIONS_CACHE_SERVICE_V2', 'ACTIONS_CACHE_URL', 'ACTIONS_RESULTS_URL', 'ACTIONS_RUNTIME_TOKEN']], ['registry', []], ['none', []],
  ] as const)('hands the tokens of the runner to buildx for a cache that needs them: %s', async (cache, names) => {
    const env = { ACTIONS_RUNTIME_TOKEN: 't', ACTIONS_CACHE_URL: 'u', ACTIONS_RESULTS_URL: 'r', ACTIONS_CACHE_SERVICE_V2: 'true', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'i' };
    const { ports, commands } = scriptedDocker([[/^buildx build/, metadata], [/inspect/, { stdout: both }]], env);
    await build(ports, ownAccess, request(undefined, { cache }));
    expect(commands.map((command) => Object.keys(command.env ?? {}).filter((name) => name.startsWith('ACTIONS_')).sort())).toEqual([names, []]);
  });

  it.each<[string, Partial<BuildRequest['build']>, string, unknown]>([
    ['a step', {}, 'Dockerfile:7\n--------------------\n   7 | >>> RUN npm ci\n--------------------\nERROR: failed to build: failed to solve: process "x" did not complete successfully: exit code: 1', { file: 'Dockerfile', line: 7 }],
    ['a word of another Dockerfile', { context: './app', dockerfile: './app/docker/api.Dockerfile' }, 'ERROR: failed to build: failed to solve: dockerfile parse error on line 2: unknown instruction: FOO', { file: 'app/docker/api.Dockerfile', line: 2 }],
    ['a step of a context elsewhere', { context: 'https://github.com/acme/api.git' }, 'Dockerfile:7\n--------------------\n   7 | >>> RUN npm ci\n--------------------\nERROR: failed to build: failed to solve: process "x" did not complete successfully: exit code: 1', undefined],
    ['no line that is shown', {}, 'ERROR: failed to build: failed to solve: boom', undefined],
  ])('names the line of the Dockerfile for %s', async (_, changes, stderr, place) => {
    const { ports } = scriptedDocker([[/^buildx build/, { code: 1, stderr }]]);
    await expect(build(ports, ownAccess, request(undefined, changes))).rejects.toMatchObject({ place });
  });

  it('hands secrets over in private files', async () => {
    const { ports, calls, written, said } = scriptedDocker([[/^buildx build/, metadata], [/inspect/, { stdout: both }]]);
    await build(ports, ownAccess, request(undefined, { buildSecrets: { token: 'hunter2' } }));
    expect(calls[0]).toContain('--secret=id=token,src=/tmp/private/secret-0');
    expect(written.get('/tmp/private/secret-0')).toBe('hunter2');
    expect(written.get('/tmp/private/secret-0 mode')).toBe('600');
    expect([...calls, ...said].join()).not.toContain('hunter2');
  });

  it('pushes again when the registry is busy, and says so', async () => {
    const busy = fails('unexpected status from PUT request to https://r/v2/x: 503 Service Unavailable');
    const { ports, calls, slept, said } = scriptedDocker([[/^buildx build/, busy, busy, metadata], [/inspect/, { stdout: both }]]);
    await build(ports, ownAccess, request());
    expect(calls.filter((call) => call.startsWith('buildx build'))).toHaveLength(3);
    expect(slept).toEqual([2000, 6000]);
    expect(said.filter((line) => line.startsWith('warning'))).toEqual([
      expect.stringMatching(/^warning: Pushing r\/api failed, trying again in 2 s: .*503/), expect.stringMatching(/in 6 s/),
    ]);
  });

  it.each([
    ['after the third time', 'unexpected status from PUT request to https://r/v2/x: 503 Service Unavailable', 'push-failed', 3],
    ['at once when it is denied', 'unexpected status from HEAD request to https://r/v2/x: 401 Unauthorized', 'registry-denied', 1],
    ['at once when it is forbidden', 'unexpected status from HEAD request to https://r/v2/x: 403 Forbidden', 'registry-denied', 1],
  ])('gives up %s', async (_name, reason, code, times) => {
    const { ports, calls, removed } = scriptedDocker([[/^buildx build/, fails(reason)]]);
    await expect(build(ports, ownAccess, request())).rejects.toMatchObject({ code, evidence: [{ title: 'docker buildx build', text: expect.stringContaining(reason) }] });
    expect(calls).toHaveLength(times);
    expect(removed).toEqual(['/tmp/private']);
  });

  it.each<[string, object, RegExp]>([
    ['is not there', { code: 1, stderr: 'ERROR: r/api:abc: not found' }, /^r\/api:abc was pushed but cannot be read back: the registry reports that it does not exist\.$/],
    ['may not be read', { code: 1, stderr: 'ERROR: pull access denied' }, /cannot be read back: pull access denied\.$/],
    ['is another', { stdout: index('linux/amd64') }, /^r\/api:abc was pushed as sha256:\w+ and now points to sha256:\w+\.$/],
  ])('does not believe a push that %s', async (_name, answer, message) => {
    const { ports } = scriptedDocker([[/^buildx build/, metadata], [/inspect/, answer]]);
    await expect(build(ports, ownAccess, request())).rejects.toMatchObject({ code: 'push-failed', message: expect.stringMatching(message) });
  });

  it('does not believe an index without one of the platforms', async () => {
    const raw = index('linux/amd64');
    const { ports } = scriptedDocker([[/^buildx build/, { stdout: JSON.stringify({ 'containerimage.digest': digestOf(raw) }) }], [/inspect/, { stdout: raw }]]);
    await expect(build(ports, ownAccess, request())).rejects.toMatchObject({
      code: 'push-failed', message: 'r/api:abc was pushed without linux/arm64/v8: it contains linux/amd64.',
    });
  });

  it.each([
    ['{}', 'lacks ["containerimage.digest"]'],
    ['{"containerimage.digest":"latest"}', 'must have text that matches /^sha256:[0-9a-f]{64}$/ as ["containerimage.digest"], not "latest"'],
    ['{"containerimage.dig', 'is truncated JSON: it ends with "{\\"containerimage.dig"'],
  ])('does not go on without a digest: %s', async (stdout, problem) => {
    const { ports } = scriptedDocker([[/^buildx build/, { stdout }]]);
    await expect(build(ports, ownAccess, request())).rejects.toMatchObject({
      code: 'push-failed', message: `buildx succeeded, but did not report the digest of what it pushed: its metadata file ${problem}.`,
    });
  });

  it('pushes by digest when only versions are asked for, and sets them after', async () => {
    const { ports, calls } = scriptedDocker([
      [/^buildx build/, metadata], [/inspect --raw -- r\/api@/, { stdout: both }], [/inspect --raw -- r\/api:1\.2\.3/, { code: 1, stderr: 'ERROR: r/api:1.2.3: not found' }, { stdout: both }],
      [/imagetools create/, {}],
    ]);
    expect(await build(ports, ownAccess, request(['1.2.3']))).toMatchObject({ reference: `r/api:1.2.3@${digest}`, tags: ['1.2.3'] });
    expect(calls[0]).toContain('push-by-digest=true');
    expect(calls).toContain(`buildx imagetools create --progress=plain --tag=r/api:1.2.3 -- r/api@${digest}`);
  });

  it('never overwrites a version', async () => {
    const other = index('linux/386');
    const { ports, calls } = scriptedDocker([[/^buildx build/, metadata], [/inspect --raw -- r\/api@/, { stdout: both }], [/inspect/, { stdout: other }]]);
    await expect(build(ports, ownAccess, request(['1.2.3']))).rejects.toMatchObject({
      code: 'push-failed', message: `r/api:1.2.3 already exists with different content (${digestOf(other)}), and the tag of a version is never overwritten.`,
    });
    expect(calls.join()).not.toContain('imagetools create');
  });
});
