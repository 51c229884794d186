import { describe, expect, it } from '@jest/globals';
import { readConfiguration, readManifest } from '../../src/image/manifest.js';

const json = (value: unknown): string => JSON.stringify(value);

describe('the platforms of an image', () => {
  it('are those of its index, without attestations', () => {
    expect(readManifest(json({ manifests: [
      { digest: 'sha256:1', platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      { digest: 'sha256:2', platform: { os: 'linux', architecture: 'arm', variant: 'v6' } },
      { digest: 'sha256:3', platform: { os: 'unknown', architecture: 'unknown' } }, {},
    ] }))).toEqual({ platforms: ['linux/arm64', 'linux/arm/v6'], digests: ['sha256:1', 'sha256:2'], origin: {} });
  });

  it.each([['an image manifest', { config: {}, layers: [] }], ['what Go writes of one', { manifests: null, annotations: null }]])('are not in %s', (_what, manifest) => {
    expect(readManifest(json(manifest)).platforms).toBeUndefined();
  });

  it('are those of the configuration of one image', () => {
    expect(readConfiguration('{"os":"linux","architecture":"amd64"}').platforms).toEqual(['linux/amd64']);
    expect(readConfiguration('null').platforms).toEqual([]);
  });
});

describe('the commit of an image', () => {
  const labels = (revision?: string) => ({ config: { Labels: revision === undefined ? null : { 'org.opencontainers.image.revision': revision } } });

  it.each<[string, object | null, object]>([
    ['one image', labels('a'), { revision: 'a' }], ['one without labels', labels(), {}], ['one with an empty label', labels(''), {}],
    ['images of two platforms', { 'linux/amd64': labels('a'), 'linux/arm64': labels('a') }, { revision: 'a' }],
    ['images that do not agree', { 'linux/amd64': labels('a'), 'linux/arm64': labels('b') }, {}], ['nothing', null, {}], ['something else', { 'linux/amd64': null }, {}],
  ])('is read from the labels of %s', (_what, image, expected) => {
    expect(readConfiguration(json(image)).origin).toEqual(expected);
  });

  it('is read from the annotations of an index', () => {
    expect(readManifest(json({ manifests: [], annotations: { 'org.opencontainers.image.revision': 'a', 'org.opencontainers.image.source': 's', 'other': 'o' } })).origin)
      .toEqual({ revision: 'a', source: 's' });
  });
});

it.each([
  [readManifest, '<html>', 'its manifest is not JSON: it starts with "<html>"'],
  [readManifest, '[]', 'its manifest must be an object, not []'],
  [readManifest, '{"manifests":[{"digest":5}]}', 'its manifest must have a string as manifests[0].digest, not 5'],
  [readManifest, '{"annotations":{"org.opencontainers.image.revision":[]}}', 'its manifest must have a string as annotations["org.opencontainers.image.revision"], not []'],
  [readConfiguration, '', 'its configuration is empty'],
  [readConfiguration, '{"os":["linux"]}', 'its configuration must have a string as os, not ["linux"]'],
  [readConfiguration, '{"linux/amd64":"none"}', 'its configuration must have an object as ["linux/amd64"], not "none"'],
])('what cannot be understood is named: %p of %s', (read, text, message) => {
  expect(() => read(text)).toThrow(message);
});
