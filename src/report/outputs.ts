import type { Outcome } from '../outcome/outcome.js';
import { planValue } from './json.js';

/** The outputs of the action, by name; those with nothing to say are empty, as steps after this one may read them all. */
export function outputs(outcome: Outcome, reportPath: string): Readonly<Record<string, string>> {
  const changes = outcome.plan?.changes ?? outcome.changes;
  const before = [...new Set(changes.map((change) => change.before))];
  return {
    'verdict': outcome.verdict,
    'cause': outcome.failure?.cause ?? '',
    'stage': outcome.failure?.stage ?? '',
    'image': outcome.image ?? '',
    'digest': outcome.digest ?? '',
    'reference': outcome.reference ?? '',
    // One per line in the rare case that the workloads were not at the same version.
    'previous-reference': before.join('\n'),
    'report': reportPath,
    'plan': outcome.plan ? JSON.stringify(planValue(outcome.plan)) : '',
  };
}
