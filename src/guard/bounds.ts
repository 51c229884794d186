/*
 * Statistics of proportions: k bad ones of n. A guard never compares k/n itself with a threshold: of 50 requests of a version with
 * 4 % errors, three are errors (6 %) in one of three looks.
 */

/** k bad ones of n; 0 ≤ k ≤ n. */
export interface Counted {
  readonly bad: number;
  readonly all: number;
}

/** One-sided 99 %: of 100 looks at a version exactly at the threshold, one exceeds it by chance. */
const z = 2.326;

/**
 * The least proportion that fits what was counted, 0 to 1; 0 for nothing counted.
 * E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927), formula for the interval of a proportion.
 */
export function lowerBound({ bad, all }: Counted): number {
  if (all === 0) return 0;
  const share = bad / all;
  const zz = z * z;
  const centre = share + zz / (2 * all);
  const spread = z * Math.sqrt((share * (1 - share) + zz / (4 * all)) / all);
  return Math.max(0, (centre - spread) / (1 + zz / all));
}

/**
 * How likely it is by chance alone that the first has as many bad ones as it has, or more, if both are alike: Fisher's exact test of
 * a 2×2 table, one-sided. It needs no minimum of requests, and zeros are nothing special.
 * @returns 0 to 1; 1 when either has counted nothing
 */
export function chanceOfWorse(ours: Counted, theirs: Counted): number {
  const all = ours.all + theirs.all;
  const bad = ours.bad + theirs.bad;
  if (ours.all === 0 || theirs.all === 0 || bad === 0) return 1;
  const most = Math.min(bad, ours.all);
  const fixed = logOfFactorial(bad) + logOfFactorial(all - bad) + logOfFactorial(ours.all) + logOfFactorial(theirs.all) - logOfFactorial(all);
  let chance = 0;
  for (let k = ours.bad; k <= most; k += 1) {
    const term = Math.exp(fixed - logOfFactorial(k) - logOfFactorial(bad - k) - logOfFactorial(ours.all - k) - logOfFactorial(theirs.all - bad + k));
    chance += term;
    // Beyond the most likely count each term is smaller than the one before.
    if (term < chance * 1e-12 && k * all > bad * ours.all) break;
  }
  return Math.min(1, chance);
}

/** ln n!, by Stirling's series from 20 on: https://dlmf.nist.gov/5.11#E1. n is a whole number. */
function logOfFactorial(n: number): number {
  if (n < 20) {
    let product = 1;
    for (let factor = 2; factor <= n; factor += 1) product *= factor;
    return Math.log(product);
  }
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
}
