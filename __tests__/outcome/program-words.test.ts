import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wordsOf } from '../../src/outcome/program-words.js';

describe('what a program said of its failure', () => {
  it.each([
    ['error: context "a" does not exist\n', 'context "a" does not exist'],
    ['Error in configuration: \n* unable to read client-cert a for u\n* unable to read client-key b for u\n', 'Error in configuration: unable to read client-cert a for u; unable to read client-key b for u'],
    ['Warning: old\nerror: unknown flag: --x\nSee \'kubectl proxy --help\' for usage.\n', 'unknown flag: --x'],
    ['E1129 04:28:02.098364   29995 memcache.go:265] "Unhandled Error" err="couldn\'t get \\"a\\": no"\nError from server (Forbidden): unknown\n', 'Error from server (Forbidden): unknown'],
    ['E1129 04:28:02.098364   29995 memcache.go:265] "Unhandled Error" err="couldn\'t get \\"a\\": no"\n', 'couldn\'t get "a": no'],
    ['the same\nthe same\n', 'the same'],
    ['', ''],
  ])('%j', (stderr, words) => expect(wordsOf(stderr)).toBe(words));

  it('leaves no line out without saying so, and is one line', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{3,12}$/).filter((word) => word !== 'error' && word !== 'usage'), { maxLength: 30 }), (lines) => {
      const words = wordsOf(lines.join('\n'));
      expect(words).not.toContain('\n');
      const shown = lines.filter((line) => words.split('; ').includes(line));
      if (lines.length <= 12) expect(shown).toEqual(lines);
      else expect(words).toMatch(new RegExp(`; and ${lines.length - 12} more lines$`));
    }));
  });
});
