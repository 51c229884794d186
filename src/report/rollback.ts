import type { RollbackReport } from '../outcome/outcome.js';
import { duration } from './format.js';

/** How the rollback went: what was done, and how long it took until it was proven. */
export function rollbackSentences(rollback: RollbackReport): readonly string[] {
  const { restoredAfterMs, verifiedAfterMs, notes } = rollback;
  return [
    ...restoredAfterMs === undefined ? [] : [`The old images were put back ${duration(restoredAfterMs)} after the failure was found.`],
    ...verifiedAfterMs === undefined ? [] : [`They were seen to serve ${duration(verifiedAfterMs)} later.`],
    ...notes,
  ];
}
