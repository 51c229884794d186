import { describe, expect, it } from '@jest/globals';
import type { ParsedConfig } from '../../src/config/parse.js';
import { ConfigError, describeProblem } from '../../src/outcome/errors.js';
import { parseTexts } from './parse-texts.js';

const path = '.github/deploy.yml';
const parse = (pushgateway: string, env: Readonly<Record<string, string>> = {}): ParsedConfig =>
  parseTexts({ action: 'deploy', inputs: {}, text: `test: npm test\nmetrics:\n  pushgateway: ${pushgateway}\n`, facts: { env } });
const problems = (pushgateway: string): readonly string[] => {
  try {
    parse(pushgateway);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(describeProblem);
  }
};

describe('the setting `metrics`', () => {
  it('names a Pushgateway, with its login if it has one', () => {
    expect(parse('{ url: https://push.acme.example/prefix/ }').config.pushgateway).toEqual({ url: 'https://push.acme.example/prefix/' });
    const { config, secrets, warnings } = parse('{ url: http://push:9091, username: ci, password: "env:PUSH" }', { PUSH: 'hunter2hunter2\n' });
    expect([config.pushgateway, warnings]).toEqual([{ url: 'http://push:9091/', login: { username: 'ci', password: 'hunter2hunter2' } }, []]);
    expect(secrets.map(({ text }) => text)).toEqual(['hunter2hunter2', Buffer.from('ci:hunter2hunter2').toString('base64')]);
  });
  it('is left out, with a warning, where its password is not set: no run fails for it', () => {
    const { config, warnings } = parse('{ url: https://push.acme.example, username: ci, password: "env:PUSH" }');
    expect(config.pushgateway).toBeUndefined();
    expect(warnings.map(describeProblem)).toEqual([
      `${path}:3:64: metrics.pushgateway.password: the environment variable PUSH is not set or empty, so no metrics are sent. Set it under \`env:\` of the step (with a reusable workflow under \`secrets:\` of the job), from a secret that exists and that this run is allowed to read.`,
    ]);
  });
  it.each<readonly [string, readonly (string | RegExp)[]]>([
    ['{ username: ci }', [`${path}:2:1: metrics: has no \`pushgateway.url\`. Give a URL.`]],
    ['{ url: push.acme.example }', [`${path}:3:18: metrics.pushgateway.url: is not a URL. Write https://HOST/PATH.`]],
    ['{ url: "http://push.acme.example" }', [/^.*:3:18: metrics\.pushgateway\.url: is an address without TLS outside of a private network\. Use https/]],
    ['{ url: "https://me:pw@push.acme.example" }', [/^.*:3:18: metrics\.pushgateway\.url: has a user name or password in its URL/]],
    ['{ url: https://push.acme.example, password: hunter2 }', [/^.*metrics\.pushgateway\.password: is not "env:NAME", and the value of a secret does not belong in a file/]],
    ['{ uri: https://push.acme.example }', [/^.*metrics\.pushgateway: unknown key "uri". Did you mean "url"\?$/]],
  ])('is refused as %s', (given, messages) => {
    expect(problems(given)).toEqual(messages.map((message) => (typeof message === 'string' ? message : expect.stringMatching(message))));
    expect(problems(given).join()).not.toMatch(/hunter2|me:pw/);
  });
});
