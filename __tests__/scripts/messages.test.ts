import { describe, expect, it } from '@jest/globals';
import { messagesOf, messageTable } from '../../scripts/generate/messages.mjs';

const textsOf = (source: string) => messagesOf('a.ts', source).map(({ text }) => text);

describe('the messages of a file', () => {
  it.each<[string, string, readonly string[]]>([
    ['a text of two words', `throw new Error('no such file');`, ['no such file']],
    ['what is filled in, by its name', 'log(`pod ${pod.name} is gone`);', ['pod {pod.name} is gone']],
    ['what is filled in, without its code when that is long', 'log(`it has ${names.length > 0 ? names.join() : other}, not more`);', ['it has {…}, not more']],
    ['a setting, as a workflow names it', 'log(`set ${settingText("to")} or ${settingText("tags", tag)}`);', ['set `to` or `tags: …`']],
    ['pieces that are joined', `const a = 'one and ' + name + ' and ' + \`two \${b}\`;`, ['one and {name} and two {b}']],
    ['a text within another', 'log(`it failed${why ? ` because of ${why}` : ""}, the last time`);', ['it failed{…}, the last time', ' because of {why}']],
    ['a text within a sum', 'const a = `${words.map((word) => `the word ${word}`)}` + name;', ['the word {word}']],
    ['a property of an object', `const a = { hint: 'Look here.', key: 'word' };`, ['Look here.']],
    ['no single words, numbers or sums', `const a = 'word' + 1; const b = 'a-b.c'; const c = 1 + 2;`, []],
    ['no types, no imports', `import a from 'a b'; type A = 'one two'; export * from 'c d';`, []],
  ])('%s', (_, source, expected) => expect(textsOf(source)).toEqual(expected));

  it('say where they stand', () => expect(messagesOf('a.ts', `\n\nlog('this is it');`)).toEqual([{ line: 3, text: 'this is it' }]));
});

it('lists them file by file, one on a line, and only files that have any', () => {
  const files = [{ path: 'a.ts', text: `log('two\\nlines here');log('more words')` }, { path: 'b.ts', text: '' }, { path: 'c.ts', text: `log('the last')` }];
  expect(messageTable(files)).toBe('a.ts\n  two⏎lines here\n  more words\n\nc.ts\n  the last\n');
});
