import type { Outcome } from '../outcome/outcome.js';
import { duration } from './format.js';

/** How the rollback went: what was done, and how long it took until it was proven. Of what nothing runs with it claims nothing. */
export function rollbackSentences({ rollback, nothingRuns, unverified = [] }: Pick<Outcome, 'rollback' | 'nothingRuns' | 'unverified'>): readonly string[] {
  if (!rollback) return [];
  const { restoredAfterMs, verifiedAfterMs, notes } = rollback;
  const which = unverified.length > 0 ? 'Where anything runs, they' : 'They';
  return [
    ...restoredAfterMs === undefined ? [] : [`The old images were put back ${duration(restoredAfterMs)} after the failure was found.`],
    ...verifiedAfterMs === undefined || nothingRuns ? [] : [`${which} were seen to serve ${duration(verifiedAfterMs)} later.`],
    ...notes,
  ];
}
