import { describe, expect, it } from '@jest/globals';
import { bad, good } from '../../src/config/kit/checked.js';
import { content, password, ReferencedSecrets, secretAddress, token } from '../../src/config/referenced-secrets.js';
import type { SecretReference } from '../../src/config/values/secret-reference.js';
import { describeProblem } from '../../src/outcome/errors.js';

const inFile = (variable: string): SecretReference => ({ variable, at: { where: 'databases.shop.password', file: 'deploy.yml', line: 3, column: 5 } });
const fromInput = (variable: string): SecretReference => ({ variable, at: { where: 'input url' } });
const port = secretAddress((text) => (/^\d+$/.test(text) ? good(Number(text)) : bad('is not a port', 'Write a number.')), (text) => [text]);
const hint = 'Set it under `env:` of the step (with a reusable workflow under `secrets:` of the job), from a secret that exists and that this run is allowed to read.';
const texts = ({ secrets }: ReferencedSecrets): readonly string[] => secrets.map(({ text }) => text);

describe('a secret that is named as env:NAME', () => {
  it.each([
    ['of a file as it is', content, ' a\nb \n'],
    ['of a password without the end of its line', password, ' a\nb '],
    ['of a token without spaces around it', token, 'a\nb'],
  ])('has the text %s, which is hidden', (_, form, expected) => {
    const secrets = new ReferencedSecrets({ KEY: ' a\nb \n' });
    expect(secrets.needed(inFile('KEY'), form)).toBe(expected);
    expect([secrets.secrets, secrets.problems, secrets.warnings]).toEqual([[{ text: expected, kind: 'value', of: 'databases.shop.password' }], [], []]);
  });
  it.each([['not set', {}], ['empty', { KEY: '' }], ['blank', { KEY: ' \n' }]])('is a problem where it is needed and %s, and a warning where only a part is left out', (_, env) => {
    const secrets = new ReferencedSecrets(env);
    expect([secrets.needed(inFile('KEY'), content), secrets.optional(inFile('KEY'), token, 'no metrics are sent')]).toEqual([undefined, undefined]);
    const message = 'deploy.yml:3:5: databases.shop.password: the environment variable KEY is not set or empty';
    expect(secrets.problems.map(describeProblem)).toEqual([`${message}. ${hint}`]);
    expect(secrets.warnings.map(describeProblem)).toEqual([`${message}, so no metrics are sent. ${hint}`]);
    expect(secrets.secrets).toEqual([]);
  });
  it('is hidden as a whole where it is not understood, and not in the message', () => {
    const secrets = new ReferencedSecrets({ PORT: ' hunter2 \n', OTHER: '80\n' });
    expect([secrets.needed(inFile('PORT'), port), secrets.optional(inFile('PORT'), port, 'Slack is not notified'), secrets.needed(inFile('OTHER'), port)]).toEqual([undefined, undefined, 80]);
    expect(secrets.problems.map(describeProblem)).toEqual(['deploy.yml:3:5: databases.shop.password: the environment variable PORT is not a port. Write a number.']);
    expect(secrets.warnings.map(describeProblem)).toEqual(['deploy.yml:3:5: databases.shop.password: the environment variable PORT is not a port, so Slack is not notified. Write a number.']);
    expect(texts(secrets)).toEqual([' hunter2 ', 'hunter2', ' hunter2 ', 'hunter2', '80']);
  });
  it('is not named where it was given as an input: what looks like a name can be the secret', () => {
    const secrets = new ReferencedSecrets({});
    secrets.needed(fromInput('hunter2'), password);
    expect(secrets.problems.map(describeProblem)).toEqual([`input url: its environment variable is not set or empty. ${hint}`]);
  });
});
