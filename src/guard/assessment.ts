import { chanceOfWorse, lowerBound } from './bounds.js';
import type { Tally } from './requests.js';

/*
 * What one look at a guard says. It fails only when what was counted does not fit a version that keeps to the limit, and passes only
 * when enough was counted to have noticed one that does not.
 */

export type Assessment =
  | { readonly state: 'pass'; readonly words: string; readonly warns?: boolean }
  | { readonly state: 'fail' | 'abort'; readonly words: string }
  /** It says nothing about the version. `why` completes "unproven: …". */
  | { readonly state: 'unknown' | 'away'; readonly why: string; readonly words?: string };

/** A limit for the share of bad requests. All shares are 0 to 1. */
export interface ShareLimit {
  readonly warn?: number;
  readonly fail: number;
  /** One look is enough. */
  readonly abort?: number;
  /** Fewer requests prove nothing. */
  readonly minRequests: number;
  /** What a bad one is, in the plural: `errors`, `slower than 2 s`. */
  readonly bad: string;
}

/** Less than that is no reason to take a version back, however certain it is. */
const leastDifference = 0.01;
/** One of a hundred looks at two equal versions exceeds it by chance. */
const leastChance = 0.01;

/**
 * @param ours of the new pods
 * @param theirs of the old ones at the same time, which tell a bad version from a bad hour; undefined: none run
 */
export function assessShare(limit: ShareLimit, ours: Tally, theirs?: Tally): Assessment {
  const [certain, possible] = [lowerBound(ours), lowerBound({ all: ours.all, bad: ours.mayBeBad })];
  const isWorse = theirs !== undefined && shareOf(ours) - shareOf(theirs) > leastDifference && chanceOfWorse(ours, theirs) < leastChance;
  const words = wordsOf(limit, ours, theirs);
  const isEnough = ours.all >= limit.minRequests;
  const aborts = limit.abort !== undefined && certain > limit.abort;
  if (isEnough && (certain > limit.fail || isWorse)) {
    if (theirs && lowerBound(theirs) > limit.fail) return { state: 'unknown', why: `the old pods exceed the limit too (${counted(theirs)}), so it is not the new version alone`, words };
    return { state: aborts ? 'abort' : 'fail', words };
  }
  if (!isEnough) return { state: 'unknown', why: `${ours.all} requests, ${limit.minRequests} are needed`, words };
  if (possible > limit.fail) return { state: 'unknown', why: `no bucket of the histogram ends near the limit: between ${ours.bad} and ${ours.mayBeBad} of ${ours.all} requests are ${limit.bad}`, words };
  return { state: 'pass', words, warns: limit.warn !== undefined && certain > limit.warn };
}

const shareOf = ({ bad, all }: Tally): number => (all === 0 ? 0 : bad / all);
const counted = ({ bad, all }: Tally): string => `${bad} of ${all}`;

/** `errors: 31 of 620 requests (5.0 %, at least 3.3 %); of the old pods 2 of 640 (0.3 %)` */
const wordsOf = ({ bad }: ShareLimit, ours: Tally, theirs: Tally | undefined): string =>
  `${bad}: ${counted(ours)} requests (${percent(shareOf(ours))}, at least ${percent(lowerBound(ours))})${theirs ? `; of the old pods ${counted(theirs)} (${percent(shareOf(theirs))})` : ''}`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A limit for a value that is measured, such as the memory of each pod. */
export interface LevelLimit {
  readonly warn?: number;
  readonly fail: number;
  readonly abort?: number;
  /** `12.3 %` */
  readonly format: (value: number) => string;
}

/** @param values of each pod @param of what each is a value of, for the words: `the memory limit` */
export function assessLevel(limit: LevelLimit, values: readonly { readonly pod: string; readonly value: number }[]): Assessment {
  const highest = [...values].sort((a, b) => b.value - a.value)[0];
  if (!highest) return { state: 'unknown', why: 'nothing was measured' };
  const words = `${highest.pod} has ${limit.format(highest.value)}${values.length > 1 ? `, the most of ${values.length} pods` : ''}`;
  if (limit.abort !== undefined && highest.value > limit.abort) return { state: 'abort', words };
  if (highest.value > limit.fail) return { state: 'fail', words };
  return { state: 'pass', words, warns: limit.warn !== undefined && highest.value > limit.warn };
}
