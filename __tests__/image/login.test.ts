import { describe, expect, it } from '@jest/globals';
import { logIn, privateConfig } from '../../src/image/login.js';
import { scriptedDocker } from './fakes.js';

const login = { registry: 'ghcr.io', username: '--debug', password: 'hunter2' };

describe('the private docker configuration', () => {
  it.each<[string, string | undefined, string, object]>([
    ['of nothing', undefined, 'ghcr.io', { credHelpers: { 'ghcr.io': '' } }],
    ['keeps the other logins', '{"auths":{"a":{"auth":"x"}},"credsStore":"desktop","credHelpers":{"ecr":"ecr-login","ghcr.io":"gh"}}', 'ghcr.io',
      { auths: { a: { auth: 'x' } }, credsStore: 'desktop', credHelpers: { 'ecr': 'ecr-login', 'ghcr.io': '' } }],
    ['of Docker Hub', '{}', 'docker.io', { credHelpers: { 'https://index.docker.io/v1/': '', 'docker.io': '', 'index.docker.io': '' } }],
  ])('%s', (_name, own, registry, expected) => {
    expect(JSON.parse(privateConfig(own, registry, '/config.json'))).toEqual(expected);
  });

  it.each([
    ['{"auths": {"a": "c2VjcmV0"', 'is truncated JSON'], ['{"auths": {"a": c2VjcmV0}}', 'is not JSON'], ['[]', 'must be an object'], ['null', 'must be an object'],
    ['{"credHelpers": {"ghcr.io": {"password": "c2VjcmV0"}}}', 'must have a string as credHelpers["ghcr.io"]'],
  ])('that docker could not read is refused without repeating it: %s', (own, problem) => {
    const message = `Docker cannot read its logins: its configuration /home/me/.docker/config.json ${problem}.`;
    expect(() => privateConfig(own, 'ghcr.io', '/home/me/.docker/config.json')).toThrow(new Error(message));
  });
});

describe('a login', () => {
  it('is not made when none is given', async () => {
    expect(await logIn(scriptedDocker([]).ports, undefined)).toEqual({ env: {} });
  });

  it('gives the password by stdin alone, and keeps plugins, contexts and builders', async () => {
    const { ports, commands, said, written, removed } = scriptedDocker([[/^login/, {}]], { HOME: '/home/me' });
    expect(await logIn(ports, login)).toEqual({ env: { DOCKER_CONFIG: '/tmp/private', BUILDX_CONFIG: '/home/me/.docker/buildx' } });
    expect(commands[0]).toMatchObject({ args: ['login', '--username=--debug', '--password-stdin', '--', 'ghcr.io'], stdin: 'hunter2' });
    expect(said).toEqual(['mask: hunter2', 'info: Logged in to ghcr.io as --debug.']);
    expect(written.get('/tmp/private/config.json mode')).toBe('600');
    expect(written.get('/tmp/private/cli-plugins')).toBe('-> /home/me/.docker/cli-plugins');
    expect(written.get('/tmp/private/contexts')).toBe('-> /home/me/.docker/contexts');
    expect(removed).toEqual([]);
  });

  it('starts from the configuration that is in use', async () => {
    const { ports, written } = scriptedDocker([[/^login/, {}]], { HOME: '/home/me', DOCKER_CONFIG: '/cfg', BUILDX_CONFIG: '/bx' }, { '/cfg/config.json': '{"currentContext":"x"}' });
    expect((await logIn(ports, { ...login, registry: 'index.docker.io' })).env).toEqual({ DOCKER_CONFIG: '/tmp/private' });
    expect(written.get('/tmp/private/config.json')).toContain('"currentContext":"x"');
  });

  it.each([
    ['login attempt to https://ghcr.io/v2/ failed with status: 401 Unauthorized', 'registry-denied', /^The registry ghcr\.io refused the login of --debug: .*401 Unauthorized\.$/, 1],
    ['time="…" level=info msg="… 401 Unauthorized"\nError response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host', 'push-failed', /^The registry ghcr\.io cannot be reached: Get .*no such host\.$/, 1],
    ['Error response from daemon: Get "https://ghcr.io/v2/": net/http: TLS handshake timeout', 'push-failed', /^The registry ghcr\.io cannot be reached/, 3],
    ['Error saving credentials: no', 'registry-denied', /^The login to ghcr\.io as --debug failed: Error saving credentials: no\.$/, 1],
  ])('that fails says why, and leaves nothing: %s', async (stderr, code, message, times) => {
    const { ports, calls, removed } = scriptedDocker([[/^login/, { code: 1, stderr }]]);
    await expect(logIn(ports, login)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(calls).toHaveLength(times);
    expect(removed).toEqual(['/tmp/private']);
  });
});
