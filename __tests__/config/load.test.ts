import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';

const kubeconfig = 'current-context: main\nclusters: [{name: c}]\ncontexts: [{name: main}]\nusers: [{name: u, user: {token: t-1}}]\n';

/** Files by their path; an Error is thrown when it is read. */
const files = (given: Readonly<Record<string, string | Error>>) => ({
  readText: async (path: string) => {
    const content = given[path];
    if (content instanceof Error) throw content;
    return content;
  },
});
const coded = (code: string) => Object.assign(new Error(code), { code });
const load = (inputs: Readonly<Record<string, string>>, given: Readonly<Record<string, string | Error>>) =>
  loadConfig({ action: 'deploy', inputs: { image: 'a', workloads: 'deploy/a', ...inputs }, facts: { env: { HOME: '/home/me' } } }, files(given));

describe('loading the settings', () => {
  it('reads the default file, or that which is named', async () => {
    expect((await load({}, {})).config.timeoutMs).toBe(600_000);
    expect((await load({}, { '.github/deploy.yml': 'timeout: 5m' })).config.timeoutMs).toBe(300_000);
    expect((await load({ config: 'x.yml' }, { 'x.yml': 'timeout: 6m' })).config.timeoutMs).toBe(360_000);
  });

  it.each([
    [{ config: 'x.yml' }, {}, 'input config: the file "x.yml" does not exist. Check the path, which is relative to the root of the repository, and that an earlier step checks out the repository.'],
    [{ config: 'x' }, { x: coded('EISDIR') }, 'input config: "x" cannot be read: it is a folder. Give a file that this user is allowed to read.'],
    [{}, { '.github/deploy.yml': coded('EACCES') }, 'settings file: ".github/deploy.yml" cannot be read: this user is not allowed to read it. Give a file that this user is allowed to read.'],
    [{ kubeconfig: '/k' }, {}, 'kubeconfig: the file "/k" does not exist. Check the path, and that an earlier step writes the file.'],
    [{ kubeconfig: '/k' }, { '/k': coded('EACCES') }, 'kubeconfig: "/k" cannot be read: this user is not allowed to read it. Give a file that this user is allowed to read.'],
    [{ kubeconfig: '/k' }, { '/k': 'secret: hunter2' }, 'kubeconfig: "/k" is not a kubeconfig: it has no `clusters`. Give the path of a kubeconfig.'],
    [{ 'kubeconfig': '/k', 'kube-context': 'mian' }, { '/k': kubeconfig }, 'kubeconfig: "/k" has no context "mian". Did you mean "main"?'],
  ] as const)('%j %j', async (inputs, given, message) => {
    const error: unknown = await load(inputs, given).catch((thrown: unknown) => thrown);
    expect(error instanceof ConfigError && error.problems.map(describeProblem)).toEqual([message]);
  });

  it('tells of a settings file with the other ending, which is not read', async () => {
    const doubt = 'settings file: ".github/deploy.yaml" is not read. If it contains the settings, rename it to ".github/deploy.yml", or set `config` to it.';
    const yaml = { '.github/deploy.yaml': 'timeout: 5m' };
    expect((await load({}, yaml)).warnings.map(describeProblem)).toEqual([doubt]);
    const error: unknown = await load({ image: '' }, yaml).catch((thrown: unknown) => thrown);
    expect(error instanceof ConfigError && error.problems.map(describeProblem)).toEqual([
      'input workloads: needs `image`, which is not given. Name the repository of the image that they run, e.g. ghcr.io/acme/api.', doubt,
    ]);
    expect((await load({}, { ...yaml, '.github/deploy.yml': 'timeout: 6m' })).warnings).toEqual([]);
    expect((await load({}, { '.github/deploy.yaml': coded('EISDIR') })).warnings).toEqual([]);
  });

  it('looks into a kubeconfig at a path, in the home folder too', async () => {
    const { config, secrets } = await load({ kubeconfig: '~/.kube/config' }, { '/home/me/.kube/config': kubeconfig });
    expect(config.cluster.kubeconfig).toEqual({ path: '/home/me/.kube/config' });
    expect(secrets).toContainEqual({ text: 't-1', kind: 'value', of: 'kubeconfig' });
  });
});
