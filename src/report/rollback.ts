import type { Outcome } from '../outcome/outcome.js';
import { duration } from './format.js';

/** How the rollback went: what was done, and how long it took to verify it. It does not claim more than was verified. */
export function rollbackSentences({ rollback, nothingRuns, unverified = [] }: Pick<Outcome, 'rollback' | 'nothingRuns' | 'unverified'>): readonly string[] {
  if (!rollback) return [];
  const { restoredAfterMs, verifiedAfterMs, notes } = rollback;
  const which = unverified.length > 0 ? 'Where anything runs, it' : restoredAfterMs === undefined ? 'The previous version' : 'It';
  return [
    ...restoredAfterMs === undefined ? [] : [`The previous version was restored ${duration(restoredAfterMs)} after the failure was detected.`],
    ...verifiedAfterMs === undefined || nothingRuns ? [] : [`${which} was verified ${duration(verifiedAfterMs)} ${restoredAfterMs === undefined ? 'after the failure was detected' : 'later'}.`],
    ...notes,
  ];
}
