import { describe, expect, it } from '@jest/globals';
import { advance, announce, item, left, place, roughly, secondsLeft, sinceBegin, type Item } from '../../sandbox/agenda.mjs';

const build = (name: string, seconds: number): Item => ({ name, title: name, seconds, compiles: true, about: `compiles ${name}` });
const other = (name: string, seconds: number): Item => ({ name, title: name, seconds, compiles: false, about: `does ${name}` });
const items = [other('packages', 10), build('large', 300), build('small', 100), other('start', 20)];

describe('what is left of a first start', () => {
  it('is everything at its beginning', () => expect(secondsLeft(items, 0, 0, 0)).toBe(430));

  it('is measured by how fast this machine compiles', () => {
    expect(secondsLeft(items, 1, 0.5, 150)).toBe(150 + 100 + 20);
    // Much slower: what is left to compile takes longer, and starting does not.
    expect(secondsLeft(items, 1, 0.5, 530)).toBe(3 * (150 + 100) + 20);
    expect(secondsLeft(items, 2, 0, 640)).toBe(2 * 100 + 20);
  });

  it('is not much changed by how the first packages go', () => expect(secondsLeft(items, 1, 0, 20)).toBe(1.5 * 400 + 20));

  it('does not take the wait for a lock as a sign of a slow machine', () => expect(secondsLeft(items, 1, 0, 0)).toBe(420));

  it('needs no compiling', () => expect(secondsLeft([other('packages', 10), other('start', 20)], 0, 0.5, 0)).toBe(25));

  it('is nothing at its end', () => expect(secondsLeft(items, 4, 0, 500)).toBe(0));

  it.each([[0, 'about 10 s'], [3, 'about 10 s'], [42, 'about 50 s'], [90, 'about 90 s'], [91, 'about 2 min'], [448, 'about 8 min']])('%d s is %s', (seconds, text) => {
    expect(roughly(seconds)).toBe(text);
  });
});

describe('the agenda', () => {
  it('names the item that is being done, and estimates the whole', async () => {
    // Not at the edge of a minute: the time that passes meanwhile counts.
    expect(announce([other('packages', 10), build('large', 280), build('small', 90), other('start', 20)])).toBe([
      'First start: 4 steps, about 7 min. Later starts take about 10 s.',
      '  1. packages: does packages (about 10 s)',
      '  2. large: compiles large (about 5 min on two idle cores)',
      '  3. small: compiles small (about 90 s on two idle cores)',
      '  4. start: does start (about 20 s)',
    ].join('\n'));
    await item('packages', async () => expect(place()).toBe('[1/4] '));
    await item('large', async () => {
      expect(place()).toBe('[2/4] ');
      expect(left()).toBe(' (about 7 min left)');
      // Compiled in no time, and so will be most of the rest.
      advance(1);
      expect(left()).toBe(' (about 40 s left)');
    });
    await item('start', async () => expect(place()).toBe('[4/4] '));
    expect([place(), left()]).toEqual(['', '']);
    expect(sinceBegin()).toBeGreaterThanOrEqual(0);
  });

  it('numbers nothing where there is one thing to do', async () => {
    announce([build('helm', 94)]);
    await item('helm', async () => expect([place(), left()]).toEqual(['', ' (about 2 min left)']));
    expect(sinceBegin()).toBeUndefined();
  });

  it('does what is not on it as well', async () => {
    announce(items);
    expect(await item('something else', () => Promise.resolve(7))).toBe(7);
  });
});
