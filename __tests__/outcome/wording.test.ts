import { expect, it } from '@jest/globals';
import { messageOf, sentence, shellWord } from '../../src/outcome/wording.js';

it.each([
  ['an error', new Error('no such file'), 'no such file'],
  ['anything else', 'broken', 'broken'],
])('%s says what was thrown', (_what, thrown, words) => {
  expect(messageOf(thrown)).toBe(words);
});

it('sentences get one end, whatever they end with', () => {
  expect(['the pod is gone', 'Is it right?', 'It is away.'].map(sentence)).toEqual(['The pod is gone.', 'Is it right?', 'It is away.']);
});

it('words are printed as they would have to be typed', () => {
  expect(['a=b', 'r:5000/x:1@sha256:0', '', 'a b', '$(id)', "it's", '-n;x'].map(shellWord)).toEqual(
    ['a=b', 'r:5000/x:1@sha256:0', "''", "'a b'", "'$(id)'", `'it'\\''s'`, "'-n;x'"]);
});
