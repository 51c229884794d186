import type { Config } from '../config/config.js';
import type { Plan, PlanStep } from '../outcome/plan.js';
import type { Existing } from '../image/existing.js';
import type { TagChoice } from '../image/tags.js';
import { setImageCommands } from '../target/set-image/change.js';
import type { Release } from '../record/ledger.js';
import { describeRelease } from '../record/releases.js';
import type { ImageChange } from '../target/set-image/image-change.js';
import { namesAlready } from '../target/set-image/before-change.js';

/** What the plan is made of, besides the settings. */
export interface PlanFacts {
  readonly namespace?: string;
  readonly tags?: TagChoice;
  /** What the image is for, where that is known beforehand. */
  readonly platforms?: readonly string[];
  /** The image of the commit that is there already, so that nothing is built. */
  readonly existing?: Existing;
  readonly targets: readonly ImageChange[];
  /** A command as it would be typed. */
  readonly typed: (args: readonly string[]) => string;
  /** The build as it would be typed. */
  readonly buildCommand?: string;
  /** `deployment/api` → why it is not healthy now. */
  readonly unhealthy: ReadonlyMap<string, string>;
  /** The release that would go back instead of what is not healthy. */
  readonly wayBack?: Release;
  readonly warnings: readonly string[];
}

/** Stands in a plan for the digest that the build will have. */
export const digestOfBuild = '<digest of the build>';

/** The steps of a run, in order. Pure: what a dry run prints is what a real run does. */
export function makePlan(config: Config, facts: PlanFacts): Plan {
  const reference = referenceOf(config, facts);
  const changed = runsThere(facts) ? [] : facts.targets;
  return {
    app: config.app, environment: config.environment, namespace: facts.namespace, reference,
    steps: [...gateSteps(config), ...buildSteps(config, facts), ...rolloutSteps(config, facts), ...tagSteps(config, facts)],
    changes: changed.flatMap((target) => target.containers.map((container) => ({
      workload: target.ref, container: container.name, before: container.before, after: container.after,
    }))),
    rollback: changed.length === 0 ? undefined : rollbackOf(config, facts),
    warnings: facts.warnings,
  };
}

/** The run would end `unchanged`: it sets nothing, and verifies what is there. */
const runsThere = ({ targets, unhealthy }: PlanFacts): boolean => unhealthy.size === 0 && targets.every(namesAlready);

function referenceOf(config: Config, facts: PlanFacts): string | undefined {
  if (config.image === undefined) return undefined;
  if (config.digest !== undefined) return `${config.image}@${config.digest}`;
  return config.build ? `${config.image}:${facts.tags?.deployed ?? ''}@${facts.existing?.digest ?? digestOfBuild}` : undefined;
}

const gateSteps = (config: Config): PlanStep[] =>
  config.gate ? [{ stage: 'test', title: `run the test gate in ${config.gate.workingDirectory}`, commands: config.gate.commands }] : [];

function buildSteps({ build, image }: Config, { tags, platforms = [], existing, buildCommand }: PlanFacts): PlanStep[] {
  if (!build) return [];
  if (existing) return [{ stage: 'build', title: `take ${image}:${existing.tag} (${existing.digest}), which is the image of this commit already; nothing is built`, commands: [] }];
  const known = build.platforms.length > 0 ? build.platforms : platforms;
  const forPlatforms = known.length > 0 ? known.join(', ') : 'the platform of the builder';
  return [{ stage: 'build', title: `build ${image} for ${forPlatforms} and push it as ${tags?.deployed}`, commands: buildCommand ? [buildCommand] : [] }];
}

function rolloutSteps(config: Config, facts: PlanFacts): PlanStep[] {
  if (facts.targets.length === 0) return [];
  const refs = facts.targets.map((target) => target.ref).join(', ');
  const rollout: PlanStep = runsThere(facts)
    ? { stage: 'rollout', title: `verify ${refs} without a change: this digest is set there already`, commands: [] }
    : { stage: 'rollout', title: `set the image of ${refs} and watch`, commands: setImageCommands(facts.targets).map(facts.typed) };
  const smoke: PlanStep[] = config.smoke.length === 0 ? [] : [{
    stage: 'smoke', title: `ask ${config.smoke.length === 1 ? 'a check' : `${config.smoke.length} checks`}: ${config.smoke.map((check) => check.text).join('; ')}`, commands: [],
  }];
  return [rollout, ...smoke];
}

const tagSteps = (config: Config, facts: PlanFacts): PlanStep[] =>
  config.build && facts.tags && facts.tags.mutable.length > 0
    ? [{ stage: 'tags', title: `move ${facts.tags.mutable.join(', ')} to the new image`, commands: [] }] : [];

function rollbackOf(config: Config, { unhealthy, wayBack }: PlanFacts): NonNullable<Plan['rollback']> {
  if (config.rollback === 'off') return { possible: false, reason: '`rollback` is off.' };
  if (unhealthy.size === 0) return { possible: true, reason: 'Every workload is complete and healthy now; its images go back if anything fails.' };
  const broken = [...unhealthy].map(([workload, why]) => `${workload} is not healthy now (${why})`).join('; ');
  if (wayBack) return { possible: true, reason: `${broken}: instead of what is there, the last proven release goes back if anything fails, ${describeRelease(wayBack)}.` };
  return { possible: false, reason: `${broken}: if anything fails, the images that are there now are set again, but there is no healthy version to go back to.` };
}
