import { noRequests, sum, type Tallies, type Tally } from './requests.js';

/* From counters, which only grow while a process lives, to what was counted between two looks. */

/** What one pod has counted by one moment. */
export interface PodCounts {
  /** Its uid. */
  readonly pod: string;
  /** How often its container was started again: each time it counts from 0. */
  readonly restarts: number;
  /** When its page was read, ms. */
  readonly at: number;
  readonly tallies: Tallies;
}

/** What was counted since the look before, or why that is not known. */
export type Since =
  | { readonly state: 'counted'; readonly since: Tally }
  /** Nothing to compare with yet, or the same page again. */
  | { readonly state: 'first' | 'same' }
  /** Several processes answer in turn, each with counters of its own: what they say cannot be added. */
  | { readonly state: 'backwards' };

/**
 * @param before the look before at this pod
 * @param isNew the pod was created after the first look, so it has counted from 0 since
 */
export function since(before: PodCounts | undefined, now: PodCounts, isNew: boolean): Since {
  if (!before) return isNew ? { state: 'counted', since: total(now.tallies) } : { state: 'first' };
  if (now.at === before.at) return { state: 'same' };
  if (now.restarts > before.restarts) return { state: 'counted', since: total(now.tallies) };
  const grown = [...now.tallies].map(([key, tally]) => grownBy(before.tallies.get(key) ?? noRequests, tally));
  return grown.some((each) => each.all < 0 || each.bad < 0 || each.mayBeBad < 0) ? { state: 'backwards' } : { state: 'counted', since: grown.reduce(sum, noRequests) };
}

const total = (tallies: Tallies): Tally => [...tallies.values()].reduce(sum, noRequests);
const grownBy = (before: Tally, now: Tally): Tally => ({ all: now.all - before.all, bad: now.bad - before.bad, mayBeBad: now.mayBeBad - before.mayBeBad });
