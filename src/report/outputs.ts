import type { Outcome } from '../outcome/outcome.js';
import type { PullRequestCheck } from '../outcome/pull-request.js';
import { dataOutputs } from './data.js';
import { planValue } from './json.js';

/** The outputs that later steps rely on, for when the rest could not be rendered. */
export const bareOutputs = ({ verdict, failure, image, digest, reference, environmentUrl }: Outcome, reportPath: string): Readonly<Record<string, string>> => ({
  verdict, 'cause': failure?.cause ?? '', 'stage': failure?.stage ?? '', 'image': image ?? '', 'digest': digest ?? '', 'reference': reference ?? '',
  'previous-reference': '', 'environment-url': environmentUrl ?? '', 'report': reportPath, 'plan': '',
});

/** The outputs of the action, by name. One without a value is empty, because later steps may read any of them. */
export function outputs(outcome: Outcome, reportPath: string): Readonly<Record<string, string>> {
  return {
    ...bareOutputs(outcome, reportPath),
    // One per line in the rare case that the workloads were not at the same version.
    'previous-reference': outcome.previous.join('\n'),
    'plan': outcome.plan ? JSON.stringify(planValue(outcome.plan)) : outcome.check ? plansText(outcome.check) : '',
    ...outcome.data && dataOutputs(outcome.data),
    ...outcome.check && { 'comment-url': outcome.commentUrl ?? '' },
  };
}

/** The plan of the only environment, or of each by its name. */
function plansText({ environments }: PullRequestCheck): string {
  const [only, ...others] = environments;
  if (others.length === 0) return only?.plan ? JSON.stringify(planValue(only.plan)) : '';
  return JSON.stringify(Object.fromEntries(environments.map(({ environment = '', plan }) => [environment, plan ? planValue(plan) : null])));
}
