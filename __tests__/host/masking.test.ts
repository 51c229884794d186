import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formsOf } from '../../src/host/forms.js';
import { createLineSplitter } from '../../src/host/lines.js';
import { createMasking, shortestHidden, type Masking } from '../../src/host/masking.js';
import { anyCharacter } from '../any-character.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const pem = '-----BEGIN KEY-----\nMIIabcd\n{\n+/==x\n-----END KEY-----\n';

describe('masking', () => {
  it.each<[string, string, string, string]>([
    ['as it is', 's3cret/+ "x"', 'a s3cret/+ "x" b', 'a *** b'],
    ['base64', 's3cret!', `auth ${base64('s3cret!')}`, 'auth ***'],
    ['base64 without its padding', 's3cret!', `auth ${base64('s3cret!').replaceAll('=', '')}`, 'auth ***'],
    ['base64 with a line end', 's3cret', `auth ${base64('s3cret\n')}`, 'auth ***'],
    ['in a URL', 'p@ss w/rd', 'https://u:p%40ss%20w%2Frd@host', 'https://u:***@host'],
    ['in a URL, small letters', 'p@ss w/rd', 'https://u:p%40ss%20w%2frd@host', 'https://u:***@host'],
    ['in a form', 'p@ss w/rd', 'q=p%40ss+w%2Frd', 'q=***'],
    ['in JSON', 'a"b\\c', JSON.stringify({ p: 'a"b\\c' }), '{"p":"***"}'],
    ['a line of a key', pem, 'read MIIabcd ok', 'read *** ok'],
    ['a key in JSON', pem, JSON.stringify({ k: pem }), '{"k":"***"}'],
    ['a short secret', 'ab1x', 'cab1x', 'c***'],
    ['in JSON of Go', 'a<b>&c', '{"p":"a\\u003cb\\u003e\\u0026c"}', '{"p":"***"}'],
    ['in JSON inside of JSON', 'a"b\\c', JSON.stringify(JSON.stringify({ p: 'a"b\\c' })), '"{\\"p\\":\\"***\\"}"'],
    ['in HTML', 'a<b>&\'"', '<p>a&lt;b&gt;&amp;&#39;&quot;</p>', '<p>***</p>'],
    ['in quotes of a shell', 'it\'s s3cret', 'login -p \'it\'\\\'\'s s3cret\'', 'login -p \'***\''],
    ['in hex', 's3cret!', `0x${Buffer.from('s3cret!').toString('hex')}`, '0x***'],
    ['in hex, capitals', 's3cret!/', Buffer.from('s3cret!/').toString('hex').toUpperCase(), '***'],
    ['with stars in it', 'a***b***c', 'a***b***c***', '******'],
    ['with signs of regular expressions', '(a+)+$[x', 'is (a+)+$[x?', 'is ***?'],
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

  it('hides a password in a Secret of Kubernetes that holds a login', () => {
    for (const user of ['u', 'us', 'use', 'user']) {
      const masking = createMasking();
      masking.add('a-long-password');
      const shown = masking.redact(base64(JSON.stringify({ auths: { 'ghcr.io': { auth: base64(`${user}:a-long-password`) } } })));
      expect(shown).toContain('***');
      const left = shown.split('***').map((part) => Buffer.from(part, 'base64').toString()).join('');
      expect(left).not.toContain(base64(`${user}:a-long-password`).slice(8, -8));
    }
  });

  it.each([64, 76])('hides each line of its base64, %d characters wide', (width) => {
    const masking = createMasking();
    const secret = Array.from({ length: 300 }, (_, index) => String.fromCharCode(33 + (index * 7919) % 90)).join('');
    masking.add(secret);
    const lines = base64(`${secret}\n`).match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
    expect(lines.map((line) => masking.redact(line)).filter((line) => line !== '***' && line.length >= 8)).toEqual([]);
  });

  it('leaves short lines of a key alone, as they say nothing', () => {
    const masking = createMasking();
    masking.add(pem);
    expect(masking.forRunner()).toEqual(['-----BEGIN KEY-----', 'MIIabcd', '+/==x', '-----END KEY-----']);
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
    masking.add('s3cret');
    masking.add(' \n ');
    expect(masking.forRunner()).toEqual(['s3cret']);
    masking.add('s3cret');
    expect(masking.forRunner()).toEqual([]);
    expect(masking.redact(' x ')).toBe(' x ');
  });

  it('hides what is left of a long secret where a text was cut', () => {
    const secret = Array.from({ length: 300 }, (_, index) => (index * 7919).toString(36)).join('');
    const masking = createMasking();
    masking.add(secret);
    expect(masking.redact(`log: ${secret.slice(0, 200)}… (cut)`)).toBe('log: ***… (cut)');
    expect(masking.redact(`log: ${base64(secret).slice(0, 100)}`)).toBe('log: ***');
    expect(masking.redact(secret.slice(0, 20))).toBe(secret.slice(0, 20));
    masking.add('hunter2-hunter2-hunter2');
    expect(masking.redact('it says hunter2-hunter2-hu…')).toBe('it says ***…');
    expect(masking.redact('it says hunter2-hunt…')).toBe('it says hunter2-hunt…');
  });

  it('hides a line of 64 KiB that the log cuts', () => {
    const secret = Buffer.from(Array.from({ length: 60_000 }, (_, index) => (index * 31) % 251)).toString('base64');
    const masking = createMasking();
    masking.add(secret);
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(masking.redact(line)));
    splitter.push(Buffer.from(`key=${secret}\n`));
    expect(lines).toEqual(['key=*** … (line cut at 64 KiB)']);
  });

  it('hides a document as a whole, and leaves its lines', () => {
    const masking = createMasking();
    const config = 'kind: Config\nusers:\n- name: deployer\n  user: {token: abcdef123456}';
    masking.add(config, 'document');
    masking.add('abcdef123456');
    expect(masking.redact(`a\n${config}\nb`)).toBe('a\n***\nb');
    expect(masking.redact(JSON.stringify({ config }))).toBe('{"config":"***"}');
    expect(masking.redact(`a ${base64(`${config}\n`)} b`)).toBe('a *** b');
    expect(masking.redact('kind: Config\nusers:\n- name: deployer')).toBe('kind: Config\nusers:\n- name: deployer');
    expect(masking.forRunner()).toEqual(['abcdef123456']);
  });
});

describe('what is too short or too common', () => {
  it.each(['x', '1', 'abc', '   x ', '****', '********'])('%j is not hidden, and said to be so', (secret) => {
    const masking = createMasking();
    masking.add(secret);
    expect([masking.hides(secret), masking.redact(`a ${secret} b`), masking.forRunner()]).toEqual([false, `a ${secret} b`, []]);
  });

  it('leaves words whole that are no secret, and hides the rest', () => {
    const masking = createMasking();
    masking.keep(['deployed', 'deployment/api', 'sha256:']);
    for (const secret of ['deploy', 'deployed-by-me', 'ment/api']) masking.add(secret);
    expect(['deploy', 'deployed-by-me', 'ment/api', 'api-token'].map((secret) => masking.hides(secret))).toEqual([false, true, false, true]);
    expect(masking.redact('deployed: deployment/api, deploy deployed-by-me')).toBe('deployed: deployment/api, *** ***');
    expect(masking.forRunner()).toEqual(['deployed-by-me']);
  });

  it('leaves a digest whole in which a short secret stands by chance, and no secret that looks like one', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
    const masking = createMasking();
    masking.add('789a');
    expect(masking.redact(`api@${digest} 789a`)).toBe(`api@${digest} ***`);
    masking.add(digest);
    expect(masking.redact(`api@${digest}`)).toBe('api@***');
  });
});

/** Secrets as people have them, and as nobody has: 1 byte to 64 KiB, in one another, of stars, line ends and anything. */
const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...'abcXYZ019') }, { weight: 2, arbitrary: fc.constantFrom(...'*\n\r+/=\\^$.|?()[]{}"\' %') },
  { weight: 1, arbitrary: anyCharacter },
);
const short = fc.string({ unit: character, minLength: 1, maxLength: 40 });
const large = fc.tuple(short, fc.integer({ min: 1, max: 64 * 1024 })).map(([part, size]) => part.repeat(Math.ceil(size / part.length)).slice(0, size));
const secrets = fc.oneof(
  { weight: 6, arbitrary: fc.array(short, { minLength: 1, maxLength: 12 }) },
  { weight: 2, arbitrary: fc.array(short, { minLength: 200, maxLength: 200 }) },
  { weight: 1, arbitrary: fc.array(large, { minLength: 1, maxLength: 2 }) },
  // Beginnings and ends of one another.
  { weight: 3, arbitrary: fc.tuple(short, fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }))
    .map(([text, cuts]) => cuts.flatMap((cut) => [text.slice(cut), text.slice(0, cut)]).filter((part) => part !== '')) },
);

const of = (texts: readonly string[]): Masking => {
  const masking = createMasking();
  for (const text of texts) masking.add(text);
  return masking;
};

/** The forms that a reader would know the secret by. */
const readable = (secret: string): readonly string[] => formsOf(secret.trim()).readable.filter((form) => form.trim().length >= shortestHidden && !/^\**$/.test(form.trim()));

describe('masking, whatever the secrets are', () => {
  it('leaves nothing of them in a text', () => {
    fc.assert(fc.property(secrets, fc.array(short, { maxLength: 4 }), (texts, between) => {
      const masking = of(texts);
      const text = [...texts.flatMap((secret, index) => [between[index % 4] ?? ' ', secret]), JSON.stringify(texts)].join('');
      const shown = masking.redact(text);
      expect(texts.filter((secret) => masking.hides(secret)).flatMap(readable).filter((form) => shown.includes(form))).toEqual([]);
    }), { numRuns: 25 });
  });

  it('leaves a text whole in which none of them stands', () => {
    fc.assert(fc.property(secrets, (texts) => {
      const text = 'Деплой готов: ни одной тайны здесь нет.';
      expect(of(texts.filter((secret) => !/[\u0400-\u04ff]/.test(secret))).redact(text)).toBe(text);
    }), { numRuns: 25 });
  });

  it('hides each line of them, however the output is cut into chunks', () => {
    fc.assert(fc.property(secrets, fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 20 }), (texts, sizes) => {
      const masking = of(texts);
      const lines: string[] = [];
      const splitter = createLineSplitter((line) => lines.push(masking.redact(line)));
      const bytes = Buffer.from(texts.map((text) => `a ${text} b\n`).join(''));
      for (let [at, chunk] = [0, 0]; at < bytes.length; at += sizes[chunk % sizes.length] ?? 1, chunk += 1) {
        splitter.push(bytes.subarray(at, at + (sizes[chunk % sizes.length] ?? 1)));
      }
      splitter.end();
      const shown = lines.join('\n');
      expect(masking.forRunner().filter((secret) => masking.hides(secret) && shown.includes(secret))).toEqual([]);
    }), { numRuns: 20 });
  });

  it('keeps what is to be kept, whatever of it is secret', () => {
    const kept = ['rolled-back', 'deployment/api', 'ghcr.io/acme/api:1.4.2', '/home/runner/work/_temp/deploy-report-4711.json'];
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...kept), fc.nat(40), fc.nat(40)), { maxLength: 8 }), secrets, (parts, others) => {
      const masking = of([...others, ...parts.map(([word, from, to]) => word.slice(from, to))]);
      masking.keep(kept);
      const text = kept.join('\u0400');
      expect(masking.redact(text)).toBe(text);
    }), { numRuns: 25 });
  });
});
