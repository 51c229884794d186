import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatReference, parseReference, sameRepository } from '../../src/image/reference.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parsing a reference', () => {
  it.each(([
    ['nginx', 'docker.io', 'library/nginx'],
    ['nginx:1.27', 'docker.io', 'library/nginx', '1.27'],
    [`nginx@${digest}`, 'docker.io', 'library/nginx', undefined, digest],
    [`nginx:1.27@${digest}`, 'docker.io', 'library/nginx', '1.27', digest],
    ['acme/api', 'docker.io', 'acme/api'],
    ['docker.io/nginx', 'docker.io', 'library/nginx'],
    ['index.docker.io/library/nginx:x', 'docker.io', 'library/nginx', 'x'],
    ['ghcr.io/acme/api:v1', 'ghcr.io', 'acme/api', 'v1'],
    ['GHCR.io/acme/api', 'ghcr.io', 'acme/api'],
    ['localhost/api', 'localhost', 'api'],
    ['localhost:5000/api', 'localhost:5000', 'api'],
    ['127.0.0.1:5000/a/b/c:t', '127.0.0.1:5000', 'a/b/c', 't'],
    [`registry:5000/api:t@${digest}`, 'registry:5000', 'api', 't', digest],
    ['[::1]:5000/api', '[::1]:5000', 'api'],
    ['a__b/c-d.e--f', 'docker.io', 'a__b/c-d.e--f'],
    ['registry:5000', 'docker.io', 'library/registry', '5000'],
  ] as [string, string, string, string?, string?][]).map(([text, ...parts]) => ({ text, parts })))('$text', ({ text, parts }) => {
    const [registry, path, tag, found] = parts;
    expect(parseReference(text)).toMatchObject({ registry, path });
    expect(parseReference(text)?.tag).toBe(tag);
    expect(parseReference(text)?.digest).toBe(found);
  });

  it('understands what a node reports as imageID', () => {
    expect(parseReference(`docker-pullable://ghcr.io/acme/api@${digest}`)).toMatchObject({ name: 'ghcr.io/acme/api', digest });
    expect(parseReference(digest)).toBeUndefined();
    expect(parseReference(digest.slice(7))).toBeUndefined();
  });

  it.each(['', ':', '@', '/', 'a//b', '/a', 'a/', 'Api', 'acme/Api', 'a:', 'a:-x', 'a@sha256:12', `a@${digest}@${digest}`, 'a b', '-a', 'a:b:c',
    'ghcr.io/', 'ghcr.io:x/a', '$(id)', 'a;b', 'a\n', `a/${'b'.repeat(255)}`, `a:${'t'.repeat(129)}`])('refuses %j', (text) => {
    expect(parseReference(text)).toBeUndefined();
    expect(sameRepository(text, text)).toBe(false);
  });
});

const part = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
const host = fc.oneof(fc.constant('localhost'), fc.stringMatching(/^[a-z]{1,8}\.[a-z]{2,4}$/), fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{1,4})?:[0-9]{1,5}$/));
const names = fc.tuple(fc.option(host, { nil: undefined }), fc.array(part, { minLength: 1, maxLength: 3 }))
  .map(([first, path]) => [...(first ? [first] : []), ...path].join('/'))
  .filter((name) => !name.startsWith('docker.io/') && !name.startsWith('localhost') || name.startsWith('localhost/'));
const tags = fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined });
const digests = fc.option(fc.stringMatching(/^sha256:[0-9a-f]{64}$/), { nil: undefined });

describe('references in general', () => {
  it('are put together again as they were taken apart', () => {
    fc.assert(fc.property(names, tags, digests, (name, tag, found) => {
      const text = formatReference({ name, tag, digest: found });
      const parsed = parseReference(text);
      expect(parsed).toMatchObject({ name, ...(tag && { tag }), ...(found && { digest: found }) });
      expect(parsed && formatReference(parsed)).toBe(text);
    }));
  });

  it('name the same repository whatever the tag and the digest are', () => {
    fc.assert(fc.property(names, tags, digests, tags, digests, (name, tag, found, otherTag, otherDigest) => {
      expect(sameRepository(formatReference({ name, tag, digest: found }), formatReference({ name, tag: otherTag, digest: otherDigest }))).toBe(true);
    }));
  });

  it('name another repository with another path', () => {
    fc.assert(fc.property(names, part, (name, extra) => {
      expect(sameRepository(name, `${name}/${extra}`)).toBe(false);
      expect(sameRepository(name, `${name}x${extra}`)).toBe(false);
    }));
  });

  it('never make the parser throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseReference(text)));
  });
});

describe('the same repository', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx', true],
    ['index.docker.io/library/nginx:1', `nginx@${digest}`, true],
    ['acme/api', 'docker.io/acme/api', true],
    ['localhost:5000/api', 'localhost:5000/api:v2', true],
    ['localhost:5000/api', 'localhost/api', false],
    ['localhost:5000/api', 'localhost:5001/api', false],
    ['ghcr.io/acme/api', 'acme/api', false],
    ['ghcr.io/acme/api', 'ghcr.io/acme/api-worker', false],
    ['api', 'acme/api', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(sameRepository(a, b)).toBe(expected);
    expect(sameRepository(b, a)).toBe(expected);
  });
});
