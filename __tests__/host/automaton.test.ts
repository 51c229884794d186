import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createAutomaton, type Pattern } from '../../src/host/automaton.js';

/** The places of the text that are covered by what was found. */
function covered(patterns: readonly Pattern[], text: string): string {
  const places = new Array<string>(text.length).fill('.');
  createAutomaton(patterns).scan(text, (start, end) => places.fill('x', start, end));
  return places.join('');
}

/** The same, by looking for each pattern at each place. */
function expected(patterns: readonly Pattern[], text: string): string {
  const places = new Array<string>(text.length).fill('.');
  for (const { text: pattern, partFrom = pattern.length } of patterns) {
    for (let start = 0; start < text.length; start += 1) {
      let length = 0;
      while (length < pattern.length && text[start + length] === pattern[length]) length += 1;
      if (length > 0 && length >= Math.min(partFrom, pattern.length)) places.fill('x', start, start + length);
    }
  }
  return places.join('');
}

const steps = (patterns: readonly Pattern[], text: string): number => createAutomaton(patterns).scan(text, () => undefined);
const whole = (texts: readonly string[]): readonly Pattern[] => texts.map((text) => ({ text }));

describe('the automaton', () => {
  it('finds patterns in one another, at the ends, and over one another', () => {
    expect(covered(whole(['he', 'she', 'his', 'hers']), 'ushers his')).toBe('.xxxxx.xxx');
    expect(covered(whole(['abcd', 'bc']), 'xbcx abcd')).toBe('.xx..xxxx');
    expect(covered(whole(['aaa']), 'aaaa')).toBe('xxxx');
  });

  it('finds long patterns with the same head, and beginnings of them', () => {
    const head = 'the same head of all of them: ';
    const patterns = Array.from({ length: 50 }, (_, index) => ({ text: `${head}${index}.`, partFrom: index < 25 ? head.length + 1 : undefined }));
    expect(covered(patterns, `${head}49.`)).toBe('x'.repeat(head.length + 3));
    expect(covered(patterns, `${head}4`)).toBe('x'.repeat(head.length + 1));
    expect(covered(patterns, `${head}?`)).toBe('.'.repeat(head.length + 1));
  });

  it('finds nothing where only the beginning and the end are those of a pattern', () => {
    expect(covered(whole(['äababaaäaä', 'aäababaaäb']), 'aäababaaäbä')).toBe('xxxxxxxxxx.');
  });

  it('finds what looking at each place finds', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'ä'), minLength: 1, maxLength: 40 });
    fc.assert(fc.property(fc.array(word, { maxLength: 12 }), fc.array(word, { maxLength: 6 }), fc.string({ unit: fc.constantFrom('a', 'b', 'c') }), (patterns, parts, filling) => {
      // Texts that have the patterns in them, and their beginnings.
      const text = [...patterns, ...parts].flatMap((part, index) => [part.slice(0, 1 + (index * 7) % part.length), filling.slice(0, index % 3)]).join('');
      expect(covered(whole(patterns), text)).toBe(expected(whole(patterns), text));
    }), { numRuns: 300 });
  });

  it.each<[string, (size: number) => readonly string[], (size: number) => string]>([
    ['ordinary text and random patterns', (count) => Array.from({ length: count }, (_, index) => `secret-${index * 7919}-${'abcdef'.repeat(40)}`), (size) => 'an ordinary line of a log, secret-7 and more of it\n'.repeat(size)],
    ['patterns that are beginnings of one another, in a text of nothing else', (count) => Array.from({ length: count }, (_, index) => 'a'.repeat(index + 1)), (size) => 'a'.repeat(size * 50)],
    ['a long pattern that overlaps itself', (count) => ['ab'.repeat(count * 100)], (size) => 'ab'.repeat(size * 25)],
    ['ends of one another', (count) => Array.from({ length: count }, (_, index) => `${'xyz'.repeat(index + 1)}!`), (size) => 'xyz'.repeat(size * 17)],
    ['many with one head', (count) => Array.from({ length: count }, (_, index) => `${'head'.repeat(30)}${index}`), (size) => 'head'.repeat(size * 12)],
  ])('takes steps with the text, not with the patterns: %s', (_, patterns, text) => {
    const [few, many] = [whole(patterns(20)), whole(patterns(400))];
    const perCharacter = steps(many, text(100)) / text(100).length;
    expect(perCharacter).toBeLessThan(20);
    expect(steps(many, text(800)) / text(800).length).toBeLessThan(perCharacter * 1.5);
    expect(perCharacter).toBeLessThan((steps(few, text(100)) / text(100).length) * 4);
  });
});
