import type { LastRun } from '../outcome/outcome.js';
import type { Ledger } from './ledger.js';
import { isRunOf } from './repository.js';

/**
 * The run that the record names as the last one, and whether it failed. A run that was interrupted counts as failed until
 * another run has confirmed its version.
 * @param repository of the app: a run of another one that shares the record is not the last run of this app
 */
export function lastRunOf(ledger: Ledger | undefined, repository: string | undefined): LastRun | undefined {
  if (!ledger || (repository !== undefined && !isRunOf(ledger, repository))) return undefined;
  const { phase, url, startedAt } = ledger.run;
  return { failed: phase !== 'verified', runUrl: url, startedAt };
}
