import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildArguments, type BuildArguments } from '../../src/image/build-arguments.js';
import type { Builder } from '../../src/image/builder.js';
import type { BuildConfig } from '../../src/config/config.js';

const builder: Builder = {
  attestations: true, annotations: true, cacheExport: true, pushesByDigest: true,
};
const inDaemon: Builder = { ...builder, attestations: false, annotations: false, cacheExport: false, pushesByDigest: false };
const plain: BuildConfig = { context: '.', buildArgs: {}, buildSecrets: {}, platforms: ['linux/amd64', 'linux/arm64'], labels: {}, cache: 'none' };
const args = (build: Partial<BuildConfig> = {}, request: Partial<BuildArguments> = {}) => buildArguments({
  build: { ...plain, ...build }, image: 'ghcr.io/acme/api', tags: ['abc'], source: { revision: 'abc' }, builder, metadataFile: '/t/meta', secretFiles: {}, ...request,
});

describe('the arguments of a build', () => {
  it('are few when little is asked for', () => {
    expect(args()).toEqual([
      'buildx', 'build', '--progress=plain', '--push', '--tag=ghcr.io/acme/api:abc', '--platform=linux/amd64,linux/arm64',
      '--label=org.opencontainers.image.revision=abc', '--annotation=index,manifest:org.opencontainers.image.revision=abc',
      '--provenance=mode=min', '--metadata-file=/t/meta', '--', '.',
    ]);
  });

  it.each<[string, Partial<BuildConfig>, Partial<BuildArguments>, string[]]>([
    ['builder', { builder: 'ci' }, {}, ['--builder=ci']],
    ['dockerfile', { dockerfile: 'docker/Dockerfile' }, {}, ['--file=docker/Dockerfile']],
    ['target', { target: 'prod' }, {}, ['--target=prod']],
    ['build arguments', { buildArgs: { A: '1', B: 'x=y "z" $(id)' } }, {}, ['--build-arg=A=1', '--build-arg=B=x=y "z" $(id)']],
    ['several tags', {}, { tags: ['abc', 'sha-abc'] }, ['--tag=ghcr.io/acme/api:abc', '--tag=ghcr.io/acme/api:sha-abc']],
    ['no tag', {}, { tags: [] }, ['--output=type=image,name=ghcr.io/acme/api,push-by-digest=true,name-canonical=true,push=true']],
    ['secrets', {}, { secretFiles: { 'a': '/t/s-0', 'b,c"': '/t/s-1' } }, ['--secret=id=a,src=/t/s-0', '--secret="id=b,c""",src=/t/s-1']],
    ['labels', { labels: { 'team': 'a b', 'org.opencontainers.image.revision': 'mine' } }, {},
      ['--label=team=a b', '--label=org.opencontainers.image.revision=mine', '--annotation=index,manifest:org.opencontainers.image.revision=mine']],
    ['what it is built by', {}, { settings: 'a.b' }, ['--label=io.github.acci.deploy-action.build=a.b']],
    ['the commit', {}, { source: { revision: 'abc', committedAt: 1_700_000_000.9, url: 'https://github.com/acme/api', version: '1.2.3' } }, [
      '--label=org.opencontainers.image.created=2023-11-14T22:13:20Z', '--label=org.opencontainers.image.source=https://github.com/acme/api',
      '--label=org.opencontainers.image.version=1.2.3']],
    ['a cache in the registry', { cache: 'registry' }, {}, [
      '--cache-from=type=registry,ref=ghcr.io/acme/api:buildcache',
      '--cache-to=type=registry,ref=ghcr.io/acme/api:buildcache,mode=max,image-manifest=true,ignore-error=true']],
    ['a cache on GitHub', { cache: 'gha' }, {}, ['--cache-from=type=gha,scope=ghcr.io-acme-api', '--cache-to=type=gha,scope=ghcr.io-acme-api,mode=max,ignore-error=true']],
    ['the builder of the daemon', {}, { builder: inDaemon }, ['--provenance=false']],
  ])('say %s', (_name, build, request, expected) => {
    expect(args(build, request)).toEqual(expect.arrayContaining(expected));
  });

  it('leave out what the builder of the daemon cannot do', () => {
    const said = args({ cache: 'registry' }, { builder: inDaemon }).join('\n');
    expect(said).not.toMatch(/annotation|cache|mode=min/);
  });

  it('push by digest instead of a tag, never both', () => {
    expect(args({}, { tags: [] }).join('\n')).not.toMatch(/--push$|--tag/m);
  });

  it('never hold the value of a secret', () => {
    expect(args({ buildSecrets: { token: 'hunter2' } }, { secretFiles: { token: '/t/s-0' } }).join(' ')).not.toContain('hunter2');
  });

  it('let no value become an option or end the options', () => {
    const value = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('--push', '-', '--', '-f', '--output=type=local,dest=/', '$(id)', '; rm -rf /'));
    fc.assert(fc.property(value, (hostile) => {
      const all = args({ context: hostile, dockerfile: hostile, target: hostile, builder: hostile, buildArgs: { A: hostile }, labels: { l: hostile } });
      const options = all.slice(2, all.indexOf('--'));
      expect(options.every((option) => /^--[a-z-]+(=|$)/.test(option))).toBe(true);
      expect(options.filter((option) => !option.includes('='))).toEqual(['--push']);
      expect(all.slice(all.indexOf('--') + 1)).toEqual([hostile.startsWith('-') ? `./${hostile}` : hostile]);
    }));
  });
});
