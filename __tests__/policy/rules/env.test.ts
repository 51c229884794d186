import { describe, expect, it } from '@jest/globals';
import type { Requirement } from '../../../src/config/values/requirement.js';
import type { EnvSource } from '../../../src/policy/input.js';
import { found, messages, withContainer, workload } from '../build.js';

const is = (...values: string[]): Requirement => ({ must: 'be', values });
const isNot = (...values: string[]): Requirement => ({ must: 'not-be', values });
const set: Requirement = { must: 'be-set' };
const unset: Requirement = { must: 'be-unset' };
type Env = Readonly<Record<string, Requirement>>;

const variable = (name: string, value: string) => ({ name, value });
const check = (env: Env, container: Record<string, unknown>, sources: Readonly<Record<string, EnvSource>> = {}) =>
  found('env', [withContainer(container)], { settings: { env }, facts: { sources: new Map(Object.entries(sources)) } });
const said = (...of: Parameters<typeof check>) => check(...of).map(({ message }) => message);

// Demanded by the production checklists of real projects: debug off, documentation off, a mode that is named, and keys that must be there.
describe('a value that production must have', () => {
  const env = { ENABLE_DEBUG: is('false'), ENVIRONMENT: is('production'), SECRET_KEY: set };
  it('is fine where it is there', () => {
    const values = [variable('ENABLE_DEBUG', 'false'), variable('ENVIRONMENT', 'production'), { name: 'SECRET_KEY', valueFrom: { secretKeyRef: { name: 'login', key: 'key' } } }];
    expect(said(env, { env: values })).toEqual([]);
  });
  it('is reported where it is another one or is not there, all at once, with its place', () => {
    expect(check(env, { env: [variable('ENABLE_DEBUG', 'true')] })).toMatchObject([
      {
        rule: 'env', level: 'deny', subject: 'deployment/api', container: 'app', item: 'ENABLE_DEBUG', path: 'spec.template.spec.containers[0].env[0]',
        message: 'Container app of deployment/api has ENABLE_DEBUG set to "true", which must be "false".',
      },
      { item: 'ENVIRONMENT', path: 'spec.template.spec.containers[0]', message: 'Container app of deployment/api does not have the environment variable ENVIRONMENT, which must be "production".' },
      { item: 'SECRET_KEY', message: 'Container app of deployment/api does not have the environment variable SECRET_KEY, which must be set.' },
    ]);
  });
});

describe('a requirement', () => {
  it.each<[string, Requirement, string | undefined, boolean]>([
    ['is', is('false'), 'false', true], ['is, in another case of a switch', is('false'), 'False', true], ['is, in another case of a word', is('production'), 'Production', false],
    ['is one of several', is('info', 'warn'), 'warn', true], ['is none of several', is('info', 'warn'), 'debug', false], ['is, with blanks', is('false'), ' false', false],
    ['is, not set', is('false'), undefined, false], ['is not', isNot('debug', 'trace'), 'info', true], ['is not, but is', isNot('debug', 'trace'), 'trace', false],
    ['is not, not set', isNot('true'), undefined, true], ['set', set, '', true], ['unset', unset, undefined, true], ['unset, but set', unset, '', false],
  ])('%s', (_what, requirement, value, isFine) => {
    expect(said({ V: requirement }, { env: value === undefined ? [] : [variable('V', value)] })).toHaveLength(isFine ? 0 : 1);
  });

  it('names a variable whose name differs in case', () => {
    expect(said({ ENABLE_DEBUG: is('false') }, { env: [variable('enable_debug', 'false')] }))
      .toEqual(['Container app of deployment/api does not have the environment variable ENABLE_DEBUG, which must be "false". It has enable_debug, but names are case-sensitive.']);
  });

  it.each([
    ['REDIS_URL', 'redis://:hunter22@cache:6379'], ['MIRROR', 'http://a.example https://me:hunter22@b.example'], ['JAVA_OPTS', '-Xmx1g -Dstore.password=hunter22'], ['DB', 'Server=db;Password=hunter22'], ['HOOK', 'https://a.example/?token=hunter22'],
  ])('does not show a value with a secret in it: %s=%s', (name, value) => {
    expect(said({ [name]: is('none') }, { env: [variable(name, value)] })).toEqual([`Container app of deployment/api has ${name} set to another value, which must be "none".`]);
  });
  it('does not show a value that may be secret', () => {
    const [message = ''] = said({ API_TOKEN: is('none') }, { env: [variable('API_TOKEN', 'hunter22hunter22')] });
    expect(message).toBe('Container app of deployment/api has API_TOKEN set to another value, which must be "none".');
  });
});

describe('where a variable comes from', () => {
  const settings: EnvSource = { state: 'read', values: { ENABLE_DEBUG: 'true', BINARY: undefined } };
  const login: EnvSource = { state: 'read', values: { TOKEN: undefined } };
  const fromMap = { envFrom: [{ configMapRef: { name: 'settings' } }] };

  it('a ConfigMap, as a whole, with a prefix, or one key of it', () => {
    const env = { ENABLE_DEBUG: is('false') };
    expect(said(env, fromMap, { 'ConfigMap/settings': settings })).toEqual(['Container app of deployment/api has ENABLE_DEBUG set to "true", from the ConfigMap settings, which must be "false".']);
    expect(said({ APP_ENABLE_DEBUG: is('true') }, { envFrom: [{ prefix: 'APP_', configMapRef: { name: 'settings' } }] }, { 'ConfigMap/settings': settings })).toEqual([]);
    expect(said(env, { env: [{ name: 'ENABLE_DEBUG', valueFrom: { configMapKeyRef: { name: 'settings', key: 'ENABLE_DEBUG' } } }] }, { 'ConfigMap/settings': settings })).toHaveLength(1);
  });
  it('`env` wins over `envFrom`, the last of two wins, and later sources win over earlier ones', () => {
    const env = { ENABLE_DEBUG: is('false') };
    expect(said(env, { ...fromMap, env: [variable('ENABLE_DEBUG', 'false')] }, { 'ConfigMap/settings': settings })).toEqual([]);
    expect(said(env, { env: [variable('ENABLE_DEBUG', 'true'), variable('ENABLE_DEBUG', 'false')] })).toEqual([]);
    const both = { envFrom: [{ configMapRef: { name: 'settings' } }, { configMapRef: { name: 'override' } }] };
    expect(said(env, both, { 'ConfigMap/settings': settings, 'ConfigMap/override': { state: 'read', values: { ENABLE_DEBUG: 'false' } } })).toEqual([]);
  });
  it('a Secret is only there or not: its value is never compared, and that is a warning', () => {
    expect(said({ TOKEN: set }, { envFrom: [{ secretRef: { name: 'login' } }] }, { 'Secret/login': login })).toEqual([]);
    expect(check({ TOKEN: is('x') }, { envFrom: [{ secretRef: { name: 'login' } }] }, { 'Secret/login': login })).toMatchObject([
      { level: 'warn', message: 'It cannot be checked that TOKEN is "x" in container app of deployment/api: its value comes from the Secret login and is not known.' },
    ]);
  });
  it('what the account is not allowed to read may set anything, and that is a warning', () => {
    const denied = { 'Secret/login': { state: 'denied' } } as const;
    expect(check({ ENABLE_DEBUG: isNot('true'), KEY: set }, { envFrom: [{ secretRef: { name: 'login' } }] }, denied)).toMatchObject([
      { level: 'warn', message: 'It cannot be checked that ENABLE_DEBUG is not "true" in container app of deployment/api: the Secret login may set it, and could not be read.' },
      { level: 'warn', item: 'KEY' },
    ]);
  });
  it('an optional key that does not exist sets nothing', () => {
    const optional = { env: [{ name: 'DEBUG', valueFrom: { configMapKeyRef: { name: 'settings', key: 'DEBUG', optional: true } } }] };
    expect(said({ DEBUG: unset }, optional, { 'ConfigMap/settings': settings })).toEqual([]);
    expect(said({ DEBUG: unset }, optional, { 'ConfigMap/settings': { state: 'missing' } })).toEqual([]);
  });
  it('fields of the pod, and other variables', () => {
    expect(said({ NODE: set }, { env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] })).toEqual([]);
    expect(said({ MODE: is('production') }, { env: [variable('STAGE', 'production'), variable('MODE', '$(STAGE)')] })).toEqual([]);
    expect(said({ MODE: is('$(STAGE)') }, { env: [variable('MODE', '$$(STAGE)')] })).toEqual([]);
    expect(said({ MODE: is('$(LATER)') }, { env: [variable('MODE', '$(LATER)'), variable('LATER', 'x')] })).toEqual([]);
  });
});

describe('the containers that are looked at', () => {
  const env = { ENABLE_DEBUG: is('false'), LEGACY: unset };
  it('are those that get the image; init containers only for what is forbidden', () => {
    const objects = [workload({ containers: [{ name: 'app' }, { name: 'proxy' }], initContainers: [{ name: 'migrate', env: [variable('LEGACY', '1')] }], deployed: ['app', 'migrate'] })];
    expect(messages('env', objects, { settings: { env } })).toEqual([
      'Init container migrate of deployment/api has the environment variable LEGACY, which must not be set.',
      'Container app of deployment/api does not have the environment variable ENABLE_DEBUG, which must be "false".',
    ]);
  });
  it('are also those of a CronJob', () => {
    expect(found('env', [workload({ kind: 'CronJob', name: 'nightly' })], { settings: { env } })).toMatchObject([{ subject: 'cronjob/nightly', path: 'spec.jobTemplate.spec.template.spec.containers[0]' }]);
  });
});
