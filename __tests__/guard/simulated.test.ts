import { describe, expect, it } from '@jest/globals';
import { assessShare, type ShareLimit } from '../../src/guard/assessment.js';
import { followed, noLooks, type Course } from '../../src/guard/course.js';

/*
 * Thousands of watches of versions whose share of errors is known: how often a good one is taken back, and how soon a bad one is
 * noticed. Requests come at random, as in a Poisson process; a look each 10 s at the last 60 s.
 */
const limit: ShareLimit = { fail: 0.05, abort: 0.1, minRequests: 50, bad: 'errors' };
const rule = { failures: 3 };
const [lookEveryS, windowS, watchS] = [10, 60, 300];

// Looking up a global costs more than the rest of a step in the context of a test.
const { imul, round } = Math;

/** The same numbers in each run: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How many of so many happen, each with this chance: a number at random looks up its place in the distribution. */
function binomial(count: number, chance: number): (at: number) => number {
  const upTo: number[] = [];
  let term = (1 - chance) ** count;
  for (let hits = 0; hits <= count; hits += 1) {
    upTo.push((upTo.at(-1) ?? 0) + term);
    term *= (count - hits) / (hits + 1) * chance / (1 - chance);
  }
  return (at) => {
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 1) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** @returns after how many seconds each watch ended in a breach; undefined for those that did not */
function watches(count: number, errorRate: number, perSecond: number): (number | undefined)[] {
  const next = random(round(errorRate * 1000 + perSecond));
  const all = perSecond * lookEveryS;
  const errors = binomial(all, errorRate);
  return Array.from({ length: count }, () => {
    const intervals: { readonly all: number; readonly bad: number }[] = [];
    let course: Course = noLooks;
    for (let at = lookEveryS; at <= watchS; at += lookEveryS) {
      intervals.push({ all, bad: errors(next()) });
      const window = intervals.slice(-windowS / lookEveryS);
      const [requests, bad] = [window.reduce((total, each) => total + each.all, 0), window.reduce((total, each) => total + each.bad, 0)];
      course = followed(course, assessShare(limit, { all: requests, bad, mayBeBad: bad }), rule);
      if (course.breached) return at;
    }
    return undefined;
  });
}

const shareOf = (found: readonly (number | undefined)[]): number => found.filter((each) => each !== undefined).length / found.length;
const timesOf = (found: readonly (number | undefined)[]): number[] => found.map((each) => each ?? Infinity).sort((a, b) => a - b);

describe('of simulated watches of a version', () => {
  it.each([[0.03, 2, 2000], [0.03, 10, 2000], [0.03, 50, 2000], [0.04, 2, 10_000], [0.04, 10, 10_000], [0.04, 50, 2000]])(
    'with %d errors, at %d requests a second, of %d at most 1 %% are breached', (rate, perSecond, count) => {
      expect(shareOf(watches(count, rate, perSecond))).toBeLessThanOrEqual(0.01);
    });
  it.each([[0.07, 10, 0.9], [0.07, 50, 1], [0.1, 2, 0.9], [0.1, 10, 0.99], [0.1, 50, 1], [0.3, 2, 1], [0.3, 50, 1]])(
    'with %d errors, at %d requests a second, at least %d are breached', (rate, perSecond, least) => {
      expect(shareOf(watches(1000, rate, perSecond))).toBeGreaterThanOrEqual(least);
    });
  it('with 30 % errors at 10 requests a second, half are breached within 30 s, and all within 45 s', () => {
    const times = timesOf(watches(10_000, 0.3, 10));
    expect(times[times.length / 2]).toBeLessThanOrEqual(30);
    expect(times.at(-1)).toBeLessThanOrEqual(45);
  });
});
