import type { Outcome } from '../outcome/outcome.js';
import { duration } from './format.js';

/** How the rollback went: what was done, and how long it took until it was proven. Of what nothing verified it claims nothing. */
export function rollbackSentences({ rollback, nothingRuns, unverified = [] }: Pick<Outcome, 'rollback' | 'nothingRuns' | 'unverified'>): readonly string[] {
  if (!rollback) return [];
  const { restoredAfterMs, verifiedAfterMs, notes } = rollback;
  const which = unverified.length > 0 ? 'Where anything runs, it' : restoredAfterMs === undefined ? 'What was there before' : 'It';
  return [
    ...restoredAfterMs === undefined ? [] : [`The previous version was restored ${duration(restoredAfterMs)} after the failure was found.`],
    ...verifiedAfterMs === undefined || nothingRuns ? [] : [`${which} was seen to serve ${duration(verifiedAfterMs)} ${restoredAfterMs === undefined ? 'after the failure was found' : 'later'}.`],
    ...notes,
  ];
}
