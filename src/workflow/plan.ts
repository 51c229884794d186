import type { Config } from '../config/config.js';
import type { Existing } from '../image/existing.js';
import type { TagChoice } from '../image/tags.js';
import type { Plan, PlanStep } from '../outcome/plan.js';
import type { OpenTarget, Proposal } from '../target/target.js';
import type { Stage } from './stage.js';

/** What the plan is made of, besides the settings. */
export interface PlanFacts {
  readonly reference?: string;
  readonly stages: readonly Stage[];
  readonly target?: OpenTarget;
  readonly proposal?: Proposal;
  readonly warnings: readonly string[];
}

/** The plan of a run: the steps of the same stages that a real run executes. Pure. */
export function makePlan(config: Pick<Config, 'app' | 'environment'>, { reference, stages, target, proposal, warnings }: PlanFacts): Plan {
  const changes = proposal && !proposal.isThere ? proposal.rows : [];
  return {
    app: config.app, environment: config.environment, namespace: target?.namespace, reference,
    steps: stages.flatMap(({ steps }) => steps), changes, rollback: changes.length === 0 ? undefined : proposal?.rollback, warnings,
  };
}

/** What is known of a build beforehand. */
export interface BuildPlan {
  readonly tags: TagChoice;
  /** Platforms of the image; empty if they are only known once it is built. */
  readonly platforms: readonly string[];
  /** The image of the commit, if it already exists; then nothing is built. */
  readonly existing?: Existing;
  /** The build command as it would be typed. */
  readonly command: string;
}

export function buildStep(image: string, { tags, platforms, existing, command }: BuildPlan): PlanStep {
  if (existing) return { stage: 'build', title: `use ${image}:${existing.tag} (${existing.digest}), which is already the image of this commit; nothing is built`, commands: [] };
  const forPlatforms = platforms.length > 0 ? platforms.join(', ') : 'the platform of the builder';
  return { stage: 'build', title: `build ${image} for ${forPlatforms} and push it as ${tags.deployed}`, commands: [command] };
}
