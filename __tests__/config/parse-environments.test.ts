import { describe, expect, it } from '@jest/globals';
import { readDocuments } from '../../src/config/documents.js';
import { distinctProblems, environmentsIn, parseEnvironments, withoutBuildSecrets, type ParsedEnvironment } from '../../src/config/parse-environments.js';
import { settings, takenBy } from '../../src/config/settings.js';
import { loadEnvironments } from '../../src/config/load-environments.js';

const path = '.github/deploy.yml';
const parse = (text: string | undefined, inputs: Readonly<Record<string, string>> = {}): readonly ParsedEnvironment[] =>
  parseEnvironments({ action: 'pr-check', inputs, ...readDocuments(path, text, inputs['kubeconfig']) });
const problemsOf = (all: readonly ParsedEnvironment[]): readonly string[] =>
  distinctProblems(all.map((each) => ('problems' in each ? each.problems : []))).map(({ file = '', line = 0, where, message }) => `${file}:${line} ${where} ${message}`);
const namesOf = (all: readonly ParsedEnvironment[]) => all.map(({ environment }) => environment);

const file = `image: ghcr.io/acme/api
build-secrets:
  npm: env:NPM_TOKEN
environments:
  staging:
    namespace: staging
    workloads: [deployment/api]
  production:
    namespace: web
    registry-username: ci
    workloads: [deployment/api, deployment/worker]
  docs:
    workloads: []
`;

describe('the settings of every environment', () => {
  it('are those of a deployment to it, in the order of the file', () => {
    const all = parse(file);
    expect(namesOf(all)).toEqual(['staging', 'production', 'docs']);
    expect(all.map((each) => ('parsed' in each ? [each.parsed.config.cluster.namespace, each.parsed.config.workloads.length, each.parsed.config.build?.context] : each))).toEqual([
      ['staging', 1, '.'], ['web', 2, '.'], [undefined, 0, '.'],
    ]);
  });
  it.each<[string, readonly (string | undefined)[]]>([
    ['production', ['production']], ['production, staging\nproduction', ['production', 'staging']], [' ', ['staging', 'production', 'docs']],
  ])('are those that the input names: %j', (environment, names) => expect(namesOf(parse(file, { environment }))).toEqual(names));
  it('are the only ones where the file has no environments, or does not exist', () => {
    expect(namesOf(parse('image: ghcr.io/acme/api\n'))).toEqual([undefined]);
    expect(problemsOf(parse(undefined))).toEqual([':0 settings nothing to do']);
  });
  it('have every setting of the file that a deployment has, except for what it records on GitHub', () => {
    const ofFile = (action: 'deploy' | 'pr-check') => takenBy(action).filter((name) => settings[name].inFile);
    expect(ofFile('deploy').filter((name) => !ofFile('pr-check').includes(name))).toEqual(['github-deployments', 'transient-environment']);
    const [staging] = parse(`${file.replace('namespace: staging', 'namespace: staging\n    production-environment: true')}policy:\n  rules: { non-root: deny }\n  files: [k8s]\n`);
    expect(staging).toMatchObject({ parsed: { config: { policy: { levels: { 'non-root': 'deny' }, files: ['k8s'], production: true } } } });
  });
  it('need no secret: none is in them, and a name without a password is left out', () => {
    const inputs = { 'registry-username': 'me', 'registry-password': '', 'build-secrets': 'key=\nother=s3cret' };
    for (const each of parse(file, withoutBuildSecrets(inputs))) {
      expect(each).toMatchObject({ parsed: { config: { build: { buildSecrets: { npm: '', key: '', other: '' } } }, secrets: [] } });
      expect('parsed' in each && each.parsed.config.login).toBeUndefined();
    }
  });
  it('may leave an input without use, as another environment uses it', () => {
    expect(problemsOf(parse(file, { kubeconfig: '/k', smoke: 'https://a.example', platforms: 'linux/amd64' }))).toEqual([]);
  });
  it('report all problems of all environments, each once and in the order of the file', () => {
    const broken = file.replace('namespace: staging', 'namespace: St_aging').replace('namespace: web', 'timeout: 5').replace('workloads: []', 'frezee: []');
    expect(problemsOf(parse(broken))).toEqual([
      expect.stringMatching(/yml:6 environments\.staging\.namespace /), expect.stringMatching(/yml:9 environments\.production\.timeout /), expect.stringMatching(/yml:13 environments\.docs unknown key "frezee"/),
    ]);
  });
  it('report what does not go together in one of them, and are read for the others', () => {
    const all = parse(`${file}  broken:\n    workloads: [deployment/api]\n    command: { deploy: a, current: b }\n`);
    expect(namesOf(all.filter((each) => 'parsed' in each))).toEqual(['staging', 'production', 'docs']);
    expect(problemsOf(all)).toEqual([expect.stringContaining('command cannot be combined with `workloads`')]);
  });
  it('report an environment that is not in the file', () => {
    const all = parse(file, { environment: 'staging,prod' });
    expect(all.map((each) => 'parsed' in each)).toEqual([true, false]);
    expect(problemsOf(all)).toEqual([':0 input environment "prod" is not in .github/deploy.yml']);
  });
  it('report an input that does not exist, once', () => {
    expect(problemsOf(parse(file, { coment: 'off' }))).toEqual([':0 inputs unknown input "coment"']);
  });
});

it('names of environments are separated by commas or lines', () => {
  expect(environmentsIn({ environment: 'a, b\r\n\nc,a' })).toEqual(['a', 'b', 'c']);
  expect(environmentsIn({})).toEqual([]);
});

describe('loading', () => {
  const files = (texts: Readonly<Record<string, string>>) => ({ readText: async (name: string) => texts[name] });
  const load = (origin: 'own' | 'fork', texts: Readonly<Record<string, string>>, inputs: Readonly<Record<string, string>> = {}) =>
    loadEnvironments({ action: 'pr-check', inputs }, origin, files(texts));

  it('reads the kubeconfig that own settings name, and none for a fork', async () => {
    const texts = { [path]: `${file}kubeconfig: k.yml\n` };
    expect(problemsOf((await load('own', texts)).environments)).toEqual([':0 kubeconfig the file "k.yml" does not exist']);
    expect(problemsOf((await load('fork', texts)).environments)).toEqual([]);
  });
  it('takes no login for a fork', async () => {
    const { environments } = await load('fork', { [path]: file }, { 'kubeconfig': 'not: a kubeconfig\n', 'registry-username': 'me', 'registry-password': 'p' });
    expect(environments.map((each) => ('parsed' in each ? [each.parsed.config.login, each.parsed.config.cluster.kubeconfig] : each))).toEqual(Array(3).fill([undefined, undefined]));
  });
  it('reports a file that cannot be read, and doubts about one with another ending', async () => {
    const denied = { readText: async () => { throw Object.assign(new Error('x'), { code: 'EACCES' }); } };
    expect(problemsOf((await loadEnvironments({ action: 'pr-check', inputs: {} }, 'own', denied)).environments)).toEqual([':0 settings file ".github/deploy.yml" cannot be read: this user is not allowed to read it']);
    const { warnings } = await load('own', { '.github/deploy.yaml': file }, { image: 'a/b' });
    expect(warnings.map(({ message }) => message)).toEqual(['".github/deploy.yaml" is not read']);
  });
});
