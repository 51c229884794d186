import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../src/outcome/errors.js';
import { parseTexts } from './parse-texts.js';

const workloads = { image: 'acme/api', workloads: 'deployment/api' };
const file = 'environments:\n  production: {}\n  live-eu:\n    production-environment: true\n  preview:\n    transient-environment: true\n    github-deployments: off\n';
const github = (inputs: Readonly<Record<string, string>>, text = file) => parseTexts({ action: 'deploy', inputs: { ...workloads, 'github-token': 'ghs_1', ...inputs }, text }).config.github;

describe('what is recorded on GitHub', () => {
  it.each<[Readonly<Record<string, string>>, object | undefined]>([
    [{ environment: 'production' }, { token: 'ghs_1', deployments: 'if-allowed', production: true, transient: false }],
    [{ environment: 'live-eu' }, { token: 'ghs_1', deployments: 'if-allowed', production: true, transient: false }],
    [{ environment: 'preview' }, { token: 'ghs_1', deployments: 'off', production: false, transient: true }],
    [{ 'environment': 'preview', 'github-deployments': 'auto', 'production-environment': 'true' }, { token: 'ghs_1', deployments: 'auto', production: true, transient: true }],
    [{ 'environment': 'production', 'production-environment': 'false', 'github-deployments': 'off' }, { token: 'ghs_1', deployments: 'off', production: false, transient: false }],
    [{}, { token: 'ghs_1', deployments: 'if-allowed', production: false, transient: false }],
    [{ 'environment': 'production', 'github-token': ' ' }, undefined],
  ])('with %j', (inputs, expected) => expect(github(inputs)).toEqual(expected));

  it.each([['109986525349', '109986525349'], ['', undefined], ['1.09986525349E+11', undefined]])('knows the job with the number %j as %s', (given, job) => {
    expect(github({ 'environment': 'production', 'job-id': given })).toMatchObject({ job });
  });

  it.each([['prod', true], ['Live', true], ['PRODUCTION', true], ['production-eu', true], ['product', false], ['staging', false]])('takes an environment named %s for production: %s', (environment, production) => {
    expect(github({ environment }, `environments: { ${environment}: {} }`)).toMatchObject({ production });
  });

  it.each<[Readonly<Record<string, string>>, string, string]>([
    [{ 'github-deployments': 'on' }, file, 'input github-deployments: is "on", but must be auto or off'],
    [{ 'production-environment': 'yes' }, file, 'input production-environment: is "yes", but must be true or false'],
    [{ 'github-token': 'a\nb' }, file, 'input github-token: has 2 lines, but must have one'],
    [{}, 'job-id: 815\n', 'job-id: cannot be set in the settings file'],
    [{}, 'github-token: ghp_1\n', 'github-token: cannot be set in the settings file'],
  ])('with %j is refused', (inputs, text, message) => {
    let thrown: unknown;
    try {
      github(inputs, text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigError);
    expect((thrown as ConfigError).message).toContain(message);
    expect((thrown as ConfigError).message).not.toContain('ghp_1');
  });
});
