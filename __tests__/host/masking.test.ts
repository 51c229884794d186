import { describe, expect, it } from '@jest/globals';
import { createMasking } from '../../src/host/masking.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const pem = '-----BEGIN KEY-----\nMIIabcd\n{\n+/==x\n-----END KEY-----\n';

describe('masking', () => {
  it.each<[string, string, string, string]>([
    ['as it is', 's3cret/+ "x"', 'a s3cret/+ "x" b', 'a *** b'],
    ['base64', 's3cret', `auth ${base64('s3cret')}`, 'auth ***'],
    ['base64 with a line end', 's3cret', `auth ${base64('s3cret\n')}`, 'auth ***'],
    ['in a URL', 'p@ss w/rd', 'https://u:p%40ss%20w%2Frd@host', 'https://u:***@host'],
    ['in a URL, small letters', 'p@ss w/rd', 'https://u:p%40ss%20w%2frd@host', 'https://u:***@host'],
    ['in a form', 'p@ss w/rd', 'q=p%40ss+w%2Frd', 'q=***'],
    ['in JSON', 'a"b\\c', JSON.stringify({ p: 'a"b\\c' }), '{"p":"***"}'],
    ['a line of a key', pem, 'read MIIabcd ok', 'read *** ok'],
    ['a key in JSON', pem, JSON.stringify({ k: pem }), '{"k":"***"}'],
    ['a short secret', 'ab', 'cab', 'c***'],
    ['around white space', ' s3cret\n', 'is s3cret.', 'is ***.'],
  ])('hides a value: %s', (_, secret, text, shown) => {
    const masking = createMasking();
    masking.add(secret);
    expect(masking.redact(text)).toBe(shown);
  });

  it('hides a password inside the base64 of a login', () => {
    for (const user of ['u', 'us', 'use', 'user']) {
      const masking = createMasking();
      masking.add('a-long-password');
      const shown = masking.redact(base64(`${user}:a-long-password`));
      expect(Buffer.from(shown.replace('***', ''), 'base64').toString()).not.toContain('passw');
    }
  });

  it('leaves short lines of a key alone, as they say nothing', () => {
    const masking = createMasking();
    expect(masking.add(pem)).toEqual(['-----BEGIN KEY-----', 'MIIabcd', '+/==x', '-----END KEY-----']);
    expect(masking.redact('a { b')).toBe('a { b');
  });

  it('hides the longer of two values that overlap', () => {
    const masking = createMasking();
    masking.add('pass');
    masking.add('password');
    expect(masking.redact('a password')).toBe('a ***');
  });

  it('gives a value to the runner once', () => {
    const masking = createMasking();
    expect(masking.add('s3cret')).toEqual(['s3cret']);
    expect(masking.add('s3cret')).toEqual([]);
    expect(masking.add(' \n ')).toEqual([]);
    expect(masking.redact(' x ')).toBe(' x ');
  });
});
