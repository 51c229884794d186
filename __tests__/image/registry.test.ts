import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ownAccess } from '../../src/image/docker.js';
import { describeImage, describeWithOrigin, moveTags } from '../../src/image/registry.js';
import { classifyRegistryError } from '../../src/image/registry-error.js';
import { scriptedDocker } from './fakes.js';

describe('what a registry says', () => {
  it.each([
    ['push access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials', 'denied'],
    ['login attempt to http://r/v2/ failed with status: 401 Unauthorized', 'denied'],
    ['Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password', 'denied'],
    ['unexpected status from PUT request to https://r: 502 Bad Gateway', 'temporary'],
    ['received unexpected HTTP status: 500 Internal Server Error', 'temporary'],
    ['toomanyrequests: You have reached your pull rate limit', 'temporary'],
    ['Get "https://r/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)', 'temporary'],
    ['dial tcp 127.0.0.1:1: connect: connection refused', 'unreachable'],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'unreachable'],
    ['r/api:x: not found', 'absent'],
    ['manifest unknown', 'absent'],
    ['unexpected status: 400 Bad Request', 'other'],
    ['sha256:5034290 something', 'other'],
  ])('%s: %s', (text, expected) => {
    expect(classifyRegistryError(text)).toBe(expected);
  });

  it.each<[string, object, object]>([
    ['absent', { code: 1, stderr: 'ERROR: r/api:x: not found' }, { state: 'absent' }],
    ['denied', { code: 1, stderr: 'ERROR: pull access denied' }, { state: 'denied', reason: 'pull access denied' }],
    ['unreachable', { code: 1, stderr: 'ERROR: dial tcp: connection refused' }, { state: 'unreachable', reason: 'dial tcp: connection refused' }],
    ['not understood', { stdout: '{"manifests":"none"}' }, { state: 'unreachable', reason: 'its manifest must have a list as manifests, not "none"' }],
  ])('is described: %s', async (_name, answer, expected) => {
    expect(await describeImage(scriptedDocker([[/inspect/, answer]]).ports, ownAccess, 'r/api:x')).toEqual(expected);
  });

  it('is asked for again when it was busy', async () => {
    const { ports, slept } = scriptedDocker([[/inspect/, { code: 1, stderr: 'ERROR: 503 Service Unavailable' }, { stdout: '{"manifests":[]}' }]]);
    expect(await describeImage(ports, ownAccess, 'r/api:x')).toMatchObject({ state: 'present', platforms: [] });
    expect(slept).toEqual([2000]);
  });

  it('is asked for the configuration of an image without index', async () => {
    const { ports, calls } = scriptedDocker([[/--raw/, { stdout: '{"config":{}}' }], [/--format/, { stdout: '{"os":"linux","architecture":"amd64"}' }]]);
    expect(await describeImage(ports, ownAccess, 'r/api:x', 'ci')).toMatchObject({ platforms: ['linux/amd64'] });
    expect(calls[0]).toBe('buildx imagetools inspect --builder=ci --raw -- r/api:x');
  });

  it.each([describeImage, describeWithOrigin])('is not understood when its configuration is not: %p', async (describeIt) => {
    const { ports } = scriptedDocker([[/--raw/, { stdout: '{"config":{}}' }], [/--format/, { stdout: '{"os":5}' }]]);
    expect(await describeIt(ports, ownAccess, 'r/api:x')).toEqual({ state: 'unreachable', reason: 'its configuration must have a string as os, not 5' });
  });
});

describe('moving tags', () => {
  const move = { image: 'r/api', digest: `sha256:${'a'.repeat(64)}`, tags: ['latest', 'v1'] };

  it('does nothing for no tags', async () => {
    await moveTags(scriptedDocker([]).ports, ownAccess, { ...move, tags: [] });
  });

  it('notices that a tag names something else afterwards', async () => {
    const { ports, said } = scriptedDocker([[/create/, {}], [/inspect/, { stdout: '{"manifests":[]}' }]]);
    await expect(moveTags(ports, ownAccess, move)).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringMatching(/^r\/api:\w+ was set to sha256:a+, but afterwards it pointed to sha256:\w+\.$/),
    });
    expect(said).toEqual([`command: docker buildx imagetools create --progress=plain --tag=r/api:latest --tag=r/api:v1 -- r/api@${move.digest}`]);
  });

  it.each([
    ['ERROR: push access denied', 'registry-denied', 'The registry refused to set r/api:latest, r/api:v1: push access denied.', 1],
    ['ERROR: 503 Service Unavailable', 'push-failed', 'r/api:latest, r/api:v1 could not be set: 503 Service Unavailable.', 3],
  ])('says why it failed: %s', async (stderr, code, message, times) => {
    const { ports, calls } = scriptedDocker([[/create/, { code: 1, stderr }], [/inspect/, { code: 1, stderr: 'ERROR: r/api:x: not found' }]]);
    await expect(moveTags(ports, ownAccess, move)).rejects.toMatchObject({ code, message });
    expect(calls.filter((call) => call.includes('create'))).toHaveLength(times);
  });

  const conflict = { code: 1, stderr: 'ERROR: unexpected status from PUT request to https://r/v2/api/manifests/latest: 409 Conflict' };
  const raw = '{"manifests":[]}';
  const digest = 'sha256:' + createHash('sha256').update(raw).digest('hex');

  it('is content where the registry refuses to set a tag to what it names already', async () => {
    await moveTags(scriptedDocker([[/create/, conflict], [/inspect/, { stdout: raw }]]).ports, ownAccess, { ...move, digest });
  });

  it('says what a tag names that the registry does not let be moved', async () => {
    await expect(moveTags(scriptedDocker([[/create/, conflict], [/inspect/, { stdout: raw }]]).ports, ownAccess, { ...move, tags: ['latest'] })).rejects.toMatchObject({
      code: 'push-failed', message: expect.stringMatching(new RegExp(`^r/api:latest points to ${digest}, and the registry did not allow it to be moved\\. r/api:latest could not be set: .*409 Conflict\\.$`)),
      hint: expect.stringContaining('immutable'),
    });
  });
});

describe('the commit of an image', () => {
  const labels = (revision?: string) => ({ config: { Labels: revision === undefined ? null : { 'org.opencontainers.image.revision': revision } } });

  it('is read from the labels only where the index does not name it', async () => {
    const annotated = scriptedDocker([[/--raw/, { stdout: '{"manifests":[],"annotations":{"org.opencontainers.image.revision":"a"}}' }]]);
    expect(await describeWithOrigin(annotated.ports, ownAccess, 'r/api:x')).toMatchObject({ revision: 'a' });
    const plain = scriptedDocker([[/--raw/, { stdout: raw }], [/--format/, { stdout: JSON.stringify(labels('b')) }]]);
    expect(await describeWithOrigin(plain.ports, ownAccess, 'r/api:x')).toMatchObject({ revision: 'b' });
  });
  const raw = '{"manifests":[]}';
});
