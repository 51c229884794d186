import type { Occasion } from '../config/config.js';
import type { Outcome } from '../outcome/outcome.js';
import { isSuccess } from '../outcome/verdict.js';

/** `critical`: a person must act. `warning`: the deployment failed, and nothing that served before is broken by it. */
export type Severity = 'critical' | 'warning' | 'success';

export function severityOf({ verdict }: Pick<Outcome, 'verdict'>): Severity {
  if (isSuccess(verdict)) return 'success';
  return verdict === 'rollback-failed' ? 'critical' : 'warning';
}

type Ended = Pick<Outcome, 'verdict' | 'failure' | 'lastRun' | 'rollback'>;

/** Whether it is the first success after a failed run, as far as the record of the app knows. */
export const isRecovery = ({ verdict, lastRun }: Ended): boolean => isSuccess(verdict) && lastRun?.failed === true;

/** Cancelled before anything was changed: who cancelled it knows, and nobody else needs to. */
const isCalledOff = ({ verdict, failure }: Ended): boolean => verdict === 'failed' && failure?.cause === 'cancelled';

/**
 * Whether someone who wants to be notified of these ends is notified of this one: not of a dry run, and not of a run whose post
 * step goes on, because that notifies of the final end.
 */
export function concerns(on: readonly Occasion[], outcome: Ended): boolean {
  if (outcome.verdict === 'planned' || outcome.rollback?.continued) return false;
  return on.some((occasion) => isOn(occasion, outcome));
}

function isOn(occasion: Occasion, outcome: Ended): boolean {
  const severity = severityOf(outcome);
  switch (occasion) {
    case 'always': return true;
    case 'success': return severity === 'success';
    case 'critical': return severity === 'critical';
    case 'warning': return severity === 'warning' && !isCalledOff(outcome);
    case 'failure': return severity !== 'success' && !isCalledOff(outcome);
    case 'recovery': return isRecovery(outcome);
    default: return occasion === outcome.verdict;
  }
}
