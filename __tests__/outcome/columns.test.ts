import { expect, it } from '@jest/globals';
import { alignColumns, columnsOf, cutText, wrapText } from '../../src/outcome/columns.js';

it('cuts a text to a width', () => {
  expect([cutText('abc', 3), cutText('abcd', 3), cutText('', 3)]).toEqual(['abc', 'ab…', '']);
});

it('divides a text between words, and never within one', () => {
  expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrapText('https://example.com/long a', 8)).toEqual(['https://example.com/long', 'a']);
  expect(wrapText('', 8)).toEqual(['']);
});

it('aligns columns, cuts what is too wide, and leaves out a column without any text', () => {
  expect(alignColumns(['name', 'age', 'commit'], [['api:1', '', 'Fix the greeting'], ['api:22', '', '']], [10, 10, 8])).toEqual([
    'name    commit', 'api:1   Fix the…', 'api:22',
  ]);
});

it('counts the columns that a text takes, not its characters', () => {
  expect(['abc', 'é', 'e\u0301', '日本', '한글', '✅', '🚀', '✓', '⠋', '…', '→', 'ｆ'].map(columnsOf)).toEqual([3, 1, 1, 4, 4, 2, 2, 1, 1, 1, 1, 2]);
  expect([cutText('日本語', 6), cutText('日本語', 5), cutText('a\tb', 3)]).toEqual(['日本語', '日本…', 'a b']);
  expect(alignColumns(['a', 'b'], [['日本', 'x'], ['abc', 'y']], [9, 9])).toEqual(['a     b', '日本  x', 'abc   y']);
});
