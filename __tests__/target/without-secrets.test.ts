import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { withoutSecrets } from '../../src/target/without-secrets.js';
import { anyCharacter } from '../any-character.js';

const token = 'ghp_0123456789abcdefABCDEF0123456789abcd';
const env = (...pairs: readonly (readonly [string, string])[]) => ({ env: pairs.map(([name, value]) => ({ name, value })) });
const alone = (value: unknown): unknown => withoutSecrets(value, value)[0];

describe('what is shown of an object', () => {
  it.each<[string, unknown, unknown]>([
    ['values of variables that stay the same', env(['A', 'b'], ['EMPTY', '']), env(['A', '***'], ['EMPTY', ''])],
    ['values of a Secret', { kind: 'Secret', data: { a: 'YQ==' }, stringData: { b: 'c' }, type: 'Opaque' }, { kind: 'Secret', data: { a: '***' }, stringData: { b: '***' }, type: 'Opaque' }],
    ['options of a command', { args: ['--user=me', '--password=hunter2x', '--token', token, '-v'] }, { args: ['--user=me', '--password=***', '--token', '***', '-v'] }],
    ['words of a script', { command: ['sh', '-c', `TOKEN=${token} run --x`] }, { command: ['sh', '-c', '*** run --x'] }],
    ['headers', { httpHeaders: [{ name: 'Authorization', value: 'Bearer abc' }, { name: 'Accept', value: 'x' }] }, { httpHeaders: [{ name: 'Authorization', value: '***' }, { name: 'Accept', value: 'x' }] }],
    ['logins in addresses', { url: 'postgres://me:pa55@db/app?x', proxy: `https://${token}@x` }, { url: 'postgres://me:***@db/app?x', proxy: 'https://***@x' }],
    ['annotations by their names and looks', { annotations: { 'x/api-key': 'abcdefgh', 'x/y': token } }, { annotations: { 'x/api-key': '***', 'x/y': '***' } }],
  ])('hides %s', (_, value, shown) => expect(alone(value)).toEqual(shown));

  it.each<[string, unknown]>([
    ['names and references', { secretName: 'tls', secretKeyRef: { name: 'db', key: 'password' }, imagePullSecrets: [{ name: 'regcred' }], serviceAccountName: 'x', automountServiceAccountToken: true }],
    ['images', { image: `ghcr.io/acme/api:${'a1'.repeat(20)}@sha256:${'ab12'.repeat(16)}` }],
    ['commits and hashes', { labels: { 'app/commit': 'a1'.repeat(20), 'pod-template-hash': '5d8f7c9b4f5d8f7c9b4f5d8f7c9b4f5d8f7c9b4f' } }],
    ['other values', { replicas: 3, paused: false, none: null, list: [1, 'a'], path: '/var/run/secrets' }],
  ])('shows %s', (_, value) => expect(alone(value)).toEqual(value));

  it('shows values of variables that change, unless they are secret', () => {
    expect(withoutSecrets(env(['LOG', 'info'], ['DB_PASSWORD', 'old-one'], ['SAME', 'x']), env(['SAME', 'x'], ['LOG', 'debug'], ['DB_PASSWORD', 'new-one'], ['NEW', 'y'])))
      .toEqual([env(['LOG', 'info'], ['DB_PASSWORD', '*** (old)'], ['SAME', '***']), env(['SAME', '***'], ['LOG', 'debug'], ['DB_PASSWORD', '*** (new)'], ['NEW', 'y'])]);
  });
  it('shows that something secret differs', () => {
    const data = (text: string) => ({ kind: 'Secret', data: { a: text } });
    expect(withoutSecrets(data('MQ=='), data('Mg=='))).toEqual([data('*** (old)'), data('*** (new)')]);
    expect(withoutSecrets({ args: ['--password=hunter2x'] }, { args: ['--password=hunter3x'] })).toEqual([{ args: ['--password=*** (old)'] }, { args: ['--password=*** (new)'] }]);
  });
  it('never holds the value of a variable that is secret by its name, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter, minLength: 12 }), fc.string({ unit: anyCharacter }), (secret, other) => {
      fc.pre(!/^\s|\s$/.test(secret) && !secret.startsWith('~') && !secret.includes('://') && !secret.includes('*'));
      const shown = JSON.stringify(withoutSecrets({ containers: [{ name: 'a', ...env(['API_TOKEN', secret]) }] }, { containers: [{ name: 'a', ...env(['API_TOKEN', other]) }] }));
      expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
    }));
  });
});
