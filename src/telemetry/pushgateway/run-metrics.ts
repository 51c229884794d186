import type { Outcome } from '../../outcome/outcome.js';
import { isSuccess, verdictTable, verdicts } from '../../outcome/verdict.js';
import type { Family, Labels } from './exposition.js';

/** What is known of a run besides its outcome. */
export interface MeasuredRun {
  readonly action: string;
  /** Whether it deploys to a target. One that only tests or builds has a job of its own, because it is not a deployment. */
  readonly deploys: boolean;
}

/**
 * The group of a run: the last deployment of an app to an environment, or the last build. It is made of what every run knows,
 * however early it failed.
 */
export const groupOf = ({ app, environment }: Pick<Outcome, 'app' | 'environment'>, { deploys }: MeasuredRun): { readonly job: string; readonly labels: Labels } =>
  ({ job: deploys ? 'deploy' : 'build', labels: { app, ...(environment !== undefined && { environment }) } });

const seconds = (ms: number): number => Math.round(ms) / 1000;

/**
 * The figures of a run. `deploy_last_success_timestamp_seconds` is pushed by successful runs alone, and a push replaces only metrics of
 * the names in it, so it outlives the failures after it.
 */
export function runMetrics(outcome: Outcome, { action }: MeasuredRun): readonly Family[] {
  const { verdict, failure, startedAt, durationMs, rollback } = outcome;
  const endedAt = startedAt + durationMs;
  const possible = verdicts.filter((each) => verdictTable[each].actions.includes(action));
  return [
    {
      name: 'deploy_run_info', help: 'The last run: its action, its verdict, and why and where it failed.',
      samples: [{
        labels: { action, verdict, cause: failure?.cause ?? '', stage: failure?.stage ?? '', target: outcome.target ?? '', namespace: outcome.namespace ?? '', commit: outcome.commit ?? '', digest: outcome.digest ?? '' }, value: 1,
      }],
    },
    { name: 'deploy_run_success', help: 'Whether the last run succeeded.', samples: [{ value: isSuccess(verdict) ? 1 : 0 }] },
    { name: 'deploy_run_verdict', help: 'The verdict of the last run: 1 for it, 0 for the others.', samples: possible.map((each) => ({ labels: { verdict: each }, value: each === verdict ? 1 : 0 })) },
    { name: 'deploy_run_rollback', help: 'Whether the last run had to restore the previous version, successfully or not.', samples: [{ value: rollback ? 1 : 0 }] },
    { name: 'deploy_run_start_timestamp_seconds', help: 'When the last run started.', samples: [{ value: seconds(startedAt) }] },
    { name: 'deploy_run_end_timestamp_seconds', help: 'When the last run ended.', samples: [{ value: seconds(endedAt) }] },
    { name: 'deploy_run_duration_seconds', help: 'How long the last run took.', samples: [{ value: seconds(durationMs) }] },
    { name: 'deploy_stage_duration_seconds', help: 'How long each stage of the last run took.', samples: stageSamples(outcome, ({ startMs, endMs }) => seconds(endMs - startMs)) },
    { name: 'deploy_stage_success', help: 'Whether each stage of the last run succeeded.', samples: stageSamples(outcome, ({ result }) => (result === 'ok' ? 1 : 0)) },
    ...isSuccess(verdict) ? [{ name: 'deploy_last_success_timestamp_seconds', help: 'When a run succeeded last.', samples: [{ value: seconds(endedAt) }] }] : [],
  ];
}

/** One sample for each stage. Of one that ran twice, the later one counts: two equal samples are an error. */
function stageSamples({ timeline }: Outcome, valueOf: (span: Outcome['timeline'][number]) => number): Family['samples'] {
  const values = new Map(timeline.map((span) => [span.stage, valueOf(span)]));
  return [...values].map(([stage, value]) => ({ labels: { stage }, value }));
}
