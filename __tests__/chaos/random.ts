/** A sequence of choices that the same seed makes again, whatever the machine does meanwhile. */
export interface Choices {
  /** At least `from`, at most `to`. */
  whole(from: number, to: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(of: readonly T[]): T;
  /** One of them, each as often as its weight says. */
  weighted<T>(of: readonly (readonly [weight: number, value: T])[]): T;
}

/** Mulberry32: 32 bits of state, good enough to choose tests by. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The choices of one part of a run: parts do not disturb each other, so that they may be made in any order. */
export function choices(seed: number, part: number): Choices {
  const next = numbers(Math.imul(seed, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b));
  const whole = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  const pick = <T>(of: readonly T[]): T => {
    const chosen = of[whole(0, of.length - 1)];
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  };
  return {
    whole, pick,
    chance: (probability) => next() < probability,
    weighted: (of) => {
      let left = next() * of.reduce((sum, [weight]) => sum + weight, 0);
      const found = of.find(([weight]) => (left -= weight) < 0) ?? of.at(-1);
      if (!found) throw new Error('there is nothing to choose from');
      return found[1];
    },
  };
}
