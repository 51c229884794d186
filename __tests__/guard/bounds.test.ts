import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chanceOfWorse, lowerBound } from '../../src/guard/bounds.js';

describe('the least proportion that fits', () => {
  it('is where the counted share is 2.326 standard deviations above it', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 10_000 }), (a, b) => {
      const [bad, all] = [Math.min(a, b), Math.max(a, b)];
      const bound = lowerBound({ bad, all });
      expect((bad / all - bound) / Math.sqrt(bound * (1 - bound) / all)).toBeCloseTo(2.326, 6);
    }));
  });
  it('is nothing for nothing, and never above what was counted', () => {
    expect(lowerBound({ bad: 0, all: 0 })).toBe(0);
    fc.assert(fc.property(fc.nat(100_000), fc.nat(100_000), (a, b) => {
      const counted = { bad: Math.min(a, b), all: Math.max(a, b) };
      const bound = lowerBound(counted);
      expect(bound).toBeGreaterThanOrEqual(0);
      expect(bound).toBeLessThanOrEqual(counted.all === 0 ? 0 : counted.bad / counted.all + 1e-12);
    }));
  });
  it('comes closer to the proportion the more is counted', () => {
    const bounds = [50, 500, 5000, 50_000].map((all) => lowerBound({ bad: all / 10, all }));
    expect([...bounds].sort((a, b) => a - b)).toEqual(bounds);
    expect(bounds.at(-1)).toBeGreaterThan(0.096);
  });
});

describe('the chance that one is worse', () => {
  it('is the share of all tables with the same sums that are as bad or worse', () => {
    const counted = fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 40 })).map(([a, b]) => ({ bad: Math.min(a, b), all: Math.max(a, b) }));
    fc.assert(fc.property(counted, counted, (ours, theirs) => {
      const [bad, all] = [ours.bad + theirs.bad, ours.all + theirs.all];
      let worse = 0n;
      for (let k = ours.bad; k <= Math.min(bad, ours.all); k += 1) worse += choose(bad, k) * choose(all - bad, ours.all - k);
      expect(chanceOfWorse(ours, theirs)).toBeCloseTo(bad === 0 ? 1 : Number(worse * 10n ** 15n / choose(all, ours.all)) / 1e15, 8);
    }));
  });
  it('is certain to be chance when nothing is bad or nothing was counted', () => {
    const [none, nothing, some] = [{ bad: 0, all: 100 }, { bad: 0, all: 0 }, { bad: 3, all: 5 }];
    expect([chanceOfWorse(none, none), chanceOfWorse(nothing, some), chanceOfWorse(some, nothing)]).toEqual([1, 1, 1]);
  });
  it('is a chance, and the sum of both directions is at least 1', () => {
    const counted = fc.tuple(fc.nat(400), fc.nat(400)).map(([a, b]) => ({ bad: Math.min(a, b), all: Math.max(a, b) }));
    fc.assert(fc.property(counted, counted, (ours, theirs) => {
      const [there, back] = [chanceOfWorse(ours, theirs), chanceOfWorse(theirs, ours)];
      expect(there).toBeGreaterThanOrEqual(0);
      expect(there).toBeLessThanOrEqual(1);
      expect(there + back).toBeGreaterThanOrEqual(1 - 1e-6);
    }));
  });
});

/** How many ways there are to choose k of n. */
function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let ways = 1n;
  for (let step = 1; step <= k; step += 1) ways = ways * BigInt(n - k + step) / BigInt(step);
  return ways;
}
