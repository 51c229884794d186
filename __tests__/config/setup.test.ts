import { describe, expect, it } from '@jest/globals';
import { loadSetup, type SetupConfig } from '../../src/config/setup-config.js';
import { describeProblem, type ConfigError } from '../../src/outcome/errors.js';

const hash = 'a'.repeat(64);
type Inputs = Readonly<Record<string, string>>;
const load = (inputs: Inputs, text?: string): Promise<SetupConfig> => loadSetup(inputs, { readText: async () => text });
const problems = (inputs: Inputs, text?: string): Promise<readonly string[]> =>
  load(inputs, text).then(() => [], (error: unknown) => (error as ConfigError).problems.map(describeProblem));

describe('what is set up', () => {
  it('is a builder and kubectl, unless the inputs say otherwise', async () => {
    expect(await load({})).toEqual({ builder: { platforms: [] }, kubectl: {} });
    expect(await load({ parts: 'kubectl' })).toEqual({ kubectl: {} });
    expect(await load({ 'parts': 'builder', 'builder': 'mine', 'platforms': 'linux/arm64', 'buildkit-image': 'a/buildkit:1', 'emulation-image': 'a/binfmt' })).toEqual({
      builder: { name: 'mine', platforms: ['linux/arm64'], buildkitImage: 'a/buildkit:1', emulationImage: 'a/binfmt' },
    });
  });
  it('is of the version and from the address that are given', async () => {
    expect(await load({
      'parts': 'kubectl', 'kubectl-version': 'v1.33.1', 'kubectl-url': 'http://m/{version}/kubectl', 'kubectl-sha256': hash,
      'helm-version': '4.0.4', 'helm-url': 'http://m/helm-{version}.tar.gz', 'helm-sha256': hash,
    })).toEqual({
      kubectl: { version: '1.33.1', url: 'http://m/{version}/kubectl', sha256: hash }, helm: { version: '4.0.4', url: 'http://m/helm-{version}.tar.gz', sha256: hash },
    });
  });
  it('is a login with a name and a password', async () => {
    const login = { 'parts': 'kubectl', 'registry-username': 'me', 'registry-password': 'secret', 'image': 'ghcr.io/acme/api' };
    expect((await load(login)).login).toEqual({ registry: 'ghcr.io', username: 'me', password: 'secret' });
    expect((await load({ ...login, registry: 'r.example' })).login?.registry).toBe('r.example');
  });
});

describe('the settings file', () => {
  const file = 'platforms: [linux/amd64]\nbuilder: shared\nenvironments:\n  production: { platforms: [linux/arm64], kubectl-url: "https://m/{version}" }\n';
  it('says what the builder must be able to do, in its environments as well', async () => {
    expect((await load({}, file)).builder).toEqual({ name: 'shared', platforms: ['linux/amd64'] });
    expect(await load({ environment: 'production' }, file)).toEqual({ builder: { name: 'shared', platforms: ['linux/arm64'] }, kubectl: { url: 'https://m/{version}' } });
    expect((await load({ platforms: 'linux/386' }, file)).builder?.platforms).toEqual(['linux/386']);
  });
  it.each([
    ['is no YAML', 'a: ['], ['has unknown keys', 'plattforms: x\n'], ['has a platform that does not exist', 'platforms: [linux/arm46]\nsmoke: [nonsense]\n'],
    ['has no environment of that name', 'environments: { staging: {} }\n'],
  ])('that %s is left to the action that deploys', async (_, text) => {
    expect(await load({ environment: 'production' }, text)).toEqual({ builder: { platforms: [] }, kubectl: {} });
  });
  it('that cannot be read is left to it too', async () => {
    expect(await loadSetup({}, { readText: async () => { throw new Error('EACCES'); } })).toEqual({ builder: { platforms: [] }, kubectl: {} });
  });
});

describe('invalid inputs', () => {
  it.each<readonly [Inputs, readonly string[]]>([
    [{ parts: 'docker' }, ['input parts: is "docker", but must be builder or kubectl']],
    [{ parts: 'builder, builder' }, ['input parts: has "builder" twice. Remove one of them.']],
    [{ 'kubectl-version': 'latest' }, ['input kubectl-version: is "latest", which is not a version. Write the whole version, such as 1.34.4. A range or "latest" is not accepted, because what is installed would change by itself.']],
    [{ 'helm-url': 'get.helm.sh' }, ['input helm-url: is not a URL. Write https://HOST/PATH/helm-v{version}-{os}-{arch}.tar.gz.']],
    [{ 'helm-sha256': 'x' }, ['input helm-sha256: is not a SHA-256. Give 64 hexadecimal digits in lower case, as `sha256sum` prints them.']],
    [{ 'registry-username': 'me' }, ['input registry-username: needs `registry-password`, which is not given or empty. A secret that does not exist, or that this run is not allowed to read (as in a pull request from a fork), is empty.']],
    [{ 'registry-username': 'me', 'registry-password': 'p' }, ['input registry-username: needs `registry` or `image`, and neither is given. Name the registry to log in to, e.g. ghcr.io.']],
    [{ platfroms: 'linux/amd64' }, ['inputs: unknown input "platfroms". Did you mean "platforms"?']],
    [{ smoke: 'x' }, ['inputs: unknown input "smoke". It is an input of acci/deploy-action, acci/deploy-action/rollout, acci/deploy-action/rollback, acci/deploy-action/pr-check and acci/deploy-action/restore, not of acci/deploy-action/setup.']],
    [{ emulation: 'off' }, [expect.stringMatching(/^inputs: unknown input "emulation"/) as unknown as string]],
  ])('%j', async (inputs, expected) => {
    expect(await problems(inputs)).toEqual(expected);
  });
});
