import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { describeProblem } from '../../src/outcome/errors.js';
import { readSettingsText } from '../../src/config/settings-file.js';

const problems = (text: string): readonly string[] => {
  const read = readSettingsText('deploy.yml', text);
  return 'problems' in read ? read.problems.map(describeProblem) : [];
};

/** Nine anchors, each with nine times the one before: nine to the ninth values. */
const bomb = ['a0: &a0 [x, x, x]', ...Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`)].join('\n');

describe('a settings file that is none', () => {
  it.each([
    ['', 'deploy.yml:1:1: settings file: is empty. Write the settings into it, or delete it.'],
    ['# nothing\n', 'deploy.yml:1:1: settings file: is empty. Write the settings into it, or delete it.'],
    ['- a\n', 'deploy.yml:1:1: settings file: has a list instead of settings. Write lines of "name: value".'],
    ['hello\n', 'deploy.yml:1:1: settings file: has a single value instead of settings. Write lines of "name: value".'],
    ['a: 1\n\tb: 2\n', 'deploy.yml:2:1: settings file: is indented with a tab, which YAML does not allow. Use spaces.'],
    ['a: 1\na: 2\n', 'deploy.yml:2:1: settings file: has the key "a" twice. Remove one of them.'],
    ['a:\n  b: 1\n  b: 2\n', 'deploy.yml:3:3: settings file: has the key "b" twice. Remove one of them.'],
    ['a: 1\n---\nb: 2\n', 'deploy.yml:2:1: settings file: has more than one document. Remove everything from the "---" on.'],
    ['a: !secret x\n', 'deploy.yml:1:4: settings file: has a YAML tag, which settings do not support. Put text that starts with "!" in quotes.'],
    ['a: *b\n', 'deploy.yml:1:4: settings file: has the alias "*b", but no anchor of that name before it. Put text that starts with "*" in quotes.'],
    ['[1, 2]: x\n', 'deploy.yml:1:1: settings file: has a key that is not text. Write "name: value".'],
    ['a: &a [*a]\n', 'deploy.yml:1:7: settings file: is nested too deeply. Write the settings with fewer aliases.'],
    ['ok: 1\nb\ufffd: 2\n', 'deploy.yml:2:2: settings file: is not UTF-8 text. Save it as UTF-8.'],
    ['\ufffd\ufffda\0:\0', 'deploy.yml:1:1: settings file: is not UTF-8 text. Save it as UTF-8.'],
    [`a: ${'x'.repeat(256 * 1024)}`, 'deploy.yml: settings file: is 257 KiB large, and the limit is 256 KiB. Is this the right file?'],
    [
      'base: &base {a: 1}\nb:\n  <<: *base\n',
      'deploy.yml:3:3: settings file: has the merge key "<<", which settings do not support. '
      + 'Settings at the top apply to every environment: write only those that differ under `environments:`.',
    ],
  ])('%#: %j', (text, expected) => expect(problems(text)).toEqual([expected]));

  it('says where the YAML breaks', () => {
    expect(problems('image: "x\n')[0]).toMatch(/^deploy\.yml:\d+:\d+: settings file: is not valid YAML here: Missing closing "quote\. Check the indentation/);
    expect(problems('a: b: c\n')[0]).toMatch(/^deploy\.yml:1:4: settings file: is not valid YAML here: /);
  });

  it.each([
    ['an alias bomb', bomb],
    ['lists in lists', '['.repeat(100_000)],
    ['maps in maps', '{a: '.repeat(50_000)],
    ['dashes', '- '.repeat(50_000)],
    ['lines ever deeper', Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['many keys', Array.from({ length: 25_000 }, (_, n) => `${n}: 1`).join('\n')],
  ])('stops at %s', (_, text) => expect(problems(text)[0]).toMatch(/nested too deeply|more than 20000 values|indented|cannot be read as YAML/));

  it('never throws', () => {
    const pieces = fc.constantFrom('a', ':', ' ', '\n', '- ', '[', ']', '{', '}', '&a', '*a', '"', "'", '|', '>', '!', '%', '#', '\t', '?', '<<', '---', '0x1', '~', '\r');
    fc.assert(fc.property(fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')), (text) => {
      const read = readSettingsText('f', text);
      expect('root' in read || read.problems.length > 0).toBe(true);
    }), { numRuns: 1000 });
  });
});

describe('a settings file', () => {
  it('keeps every scalar as it is written, places, and blocks', () => {
    const read = readSettingsText('f', '\ufefftags: [1.20, 0x10]\ntest: |\n  a\n  b\nx: on\ny: true\nz:\n');
    if ('problems' in read) throw new Error(JSON.stringify(read.problems));
    expect(read.root.entries.map(({ key, value }) => [key, value.at.line, value.type])).toEqual([
      ['tags', 1, 'list'], ['test', 2, 'text'], ['x', 5, 'text'], ['y', 6, 'text'], ['z', 7, 'nothing'],
    ]);
    expect(read.root.entries[0]?.value).toMatchObject({ items: [{ type: 'text', text: '1.20' }, { type: 'text', text: '0x10', at: { where: 'tags[1]', line: 1, column: 14 } }] });
    const block = read.root.entries[1]?.value;
    expect(block).toMatchObject({ text: 'a\nb\n', at: { line: 2 } });
    expect(block?.type === 'text' && block.lineAt(1)).toEqual({ where: 'test', file: 'f', line: 4 });
  });

  it.each(['', ' ~', ' null', ' Null # nothing'])('has nothing under a key with "%s"', (text) => {
    const read = readSettingsText('f', `a:${text}\nb: "null"\n`);
    expect('root' in read && read.root.entries.map(({ value }) => value.type)).toEqual(['nothing', 'text']);
  });

  it('follows aliases', () => {
    const read = readSettingsText('f', 'a: &a [x]\nb: *a\n');
    expect('root' in read && read.root.entries[1]?.value).toMatchObject({ type: 'list', items: [{ text: 'x' }], at: { where: 'b', line: 2 } });
  });
});
