import type { Config } from '../config/config.js';
import { describeTarget } from '../config/notify-targets.js';
import type { Plan } from '../outcome/plan.js';
import type { OpenTarget, Proposal } from '../target/target.js';
import type { Migration } from './migration.js';
import type { Stage } from './stage.js';

/** What the plan is made of, besides the settings. */
export interface PlanFacts {
  readonly reference?: string;
  readonly stages: readonly Stage[];
  readonly target?: OpenTarget;
  readonly proposal?: Proposal;
  readonly migration?: Pick<Migration, 'rollback'>;
  readonly warnings: readonly string[];
}

/** The plan of a run: the steps of the same stages that a real run executes. Pure. */
export function makePlan(config: Pick<Config, 'app' | 'environment' | 'notify'>, { reference, stages, target, proposal, migration, warnings }: PlanFacts): Plan {
  const changes = proposal && !proposal.isThere ? proposal.rows : [];
  const rollback = proposal && (migration?.rollback(proposal.rollback) ?? proposal.rollback);
  return {
    app: config.app, environment: config.environment, namespace: target?.namespace, reference,
    steps: stages.flatMap(({ steps }) => steps), changes, rollback: changes.length === 0 ? undefined : rollback, warnings,
    notifications: config.notify.map(describeTarget),
  };
}
