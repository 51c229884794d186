import { describeProblem } from '../outcome/errors.js';
import type { Config } from '../config/config.js';
import type { Outcome, Span } from '../outcome/outcome.js';
import type { Plan } from '../outcome/plan.js';
import type { StageName } from '../outcome/verdict.js';
import { nothingFound, PreflightError, type Finding } from '../outcome/finding.js';
import { runGate } from '../gate/gate.js';
import { resolveTargets } from '../target/set-image/resolve.js';
import { imagesNow } from '../target/set-image/images-now.js';
import type { ImageChange } from '../target/set-image/image-change.js';
import { heldByOthers, settleUnfinished, type Settled } from './recover.js';
import { wayBackOf } from '../target/set-image/before-change.js';
import { readCluster, readFacts, type ClusterFacts } from '../target/set-image/cluster-facts.js';
import { closedNow } from '../policy/freeze.js';
import { readSource } from '../image/source.js';
import { imageStages, readImageFacts, type BuildFacts, type ImageFacts } from './image-stages.js';
import { asDeployError } from './failure.js';
import { preflight, unhealthyNow } from '../target/set-image/preflight.js';
import { outcomeOf, type Ending } from './outcome.js';
import { digestOfBuild, makePlan, type PlanFacts } from './plan.js';
import { sharedRecord } from '../target/set-image/record.js';
import { releaseStages, releaseWarnings, type ReleaseState } from './release-stages.js';
import { deployReference, type Run } from './run.js';
import { runStages, type Stage } from './stage.js';

/** What the stages of a deployment hand on. */
export interface DeployState extends ReleaseState {
  readonly digest?: string;
  readonly tags: readonly string[];
  readonly warnings: readonly string[];
}

interface Facts {
  readonly image: ImageFacts | undefined;
  readonly cluster: ClusterFacts | undefined;
  readonly plan: Plan;
  readonly targets: readonly ImageChange[];
}

/** A whole run: facts, plan, and the stages of the plan. Every end of it is an outcome; it does not reject. */
export async function deploy(given: Run): Promise<Outcome> {
  const settled: Settled & Named = {};
  const looked = await runStages<{ facts?: Facts }>([preflightStage(given, settled)], {}, given.ports.clock, given.startedAt);
  const facts = looked.state.facts;
  // From here on, records and reports name the commit that is built or deployed, whatever the event names.
  const run = { ...given, facts: { ...given.facts, commit: settled.commit ?? given.facts.commit } };
  try {
    if (looked.failure || !facts) return outcomeOf(run, { failure: looked.failure, spans: looked.spans, warnings: [], recovery: settled.recovery });
    const known = { ...endingOf(run, facts, looked.spans), recovery: settled.recovery };
    for (const warning of facts.plan.warnings) run.ports.log.warning(warning);
    return outcomeOf(run, run.config.dryRun ? known : await execute(run, facts, known));
  } finally {
    await facts?.cluster?.cluster.close();
  }
}

/** The commit of what is deployed, once it is known. */
interface Named {
  commit?: string;
}

function preflightStage(run: Run, settled: Settled & Named): Stage<{ facts?: Facts }> {
  return { name: 'preflight', label: 'preflight', run: async () => ({ facts: await gatherFacts(run, settled) }) };
}

/**
 * Reads everything that a plan needs, side by side. All problems are reported at once. Nothing is changed for this release;
 * what another run has left unfinished is finished first, outside of a freeze.
 */
async function gatherFacts(run: Run, settled: Settled & Named): Promise<Facts> {
  const { config } = run;
  const closed = closedNow(run);
  const reading = readSource(run.ports, run.facts, config.build);
  const [checkout, image, cluster] = await Promise.allSettled([
    reading, readImageFacts(run, reading), config.workloads.length > 0 ? readSettled(run, settled) : undefined,
  ]);
  const opened = cluster.status === 'fulfilled' ? cluster.value : undefined;
  try {
    const found = image.status === 'fulfilled' ? image.value : undefined;
    settled.commit = found?.commit ?? (checkout.status === 'fulfilled' ? checkout.value.source?.revision : undefined);
    const { targets, problems } = targetsOf(run, opened, found);
    const looked = opened ? await preflight(run, opened, found, targets) : nothingFound;
    const all = [...closed.problems, ...[image, cluster].flatMap(problemsOf), ...problems, ...looked.problems];
    if (all.length > 0) throw new PreflightError(all);
    const unhealthy = opened ? await unhealthyNow(run, opened) : new Map<string, string>();
    const plan = makePlan(config, {
      ...plannedBuild(found?.build), namespace: opened?.cluster.namespace, targets,
      typed: (args) => opened?.cluster.typed(args) ?? '', unhealthy, wayBack: wayBackOf(opened?.ledger, targets, unhealthy),
      warnings: [...closed.warnings, ...found?.warnings ?? [], ...(opened ? sharedRecord(config, opened) : []), ...looked.warnings],
    });
    return { image: found, cluster: opened, targets, plan };
  } catch (error) {
    await opened?.cluster.close();
    throw error;
  }
}

const plannedBuild = (build: BuildFacts | undefined): Pick<PlanFacts, 'tags' | 'platforms' | 'existing' | 'buildCommand'> =>
  (build ? { tags: build.tags, platforms: build.platforms, existing: build.existing, buildCommand: build.command } : {});

/** The cluster, after what another run was in the middle of has come to its end. */
async function readSettled(run: Run, settled: Settled): Promise<ClusterFacts> {
  const choose = (): Config['workloads'] => run.config.workloads;
  const facts = await readCluster(run, choose);
  try {
    const { facts: asMeant, recovery } = await settleUnfinished(run, facts, () => readFacts(run, facts.cluster, choose));
    settled.recovery = recovery;
    return asMeant;
  } catch (error) {
    await facts.cluster.close();
    throw error;
  }
}

/** Two sides are read at once: when both fail, both are told. What is no error of the user stays what it is. */
function problemsOf(settled: PromiseSettledResult<unknown>): readonly Finding[] {
  if (settled.status === 'fulfilled') return [];
  const error = asDeployError(settled.reason);
  if (error instanceof PreflightError) return error.problems;
  if (error.code === 'cancelled' || error.code === 'unexpected') throw error;
  return [{ cause: error.code, message: error.message, hint: error.hint }];
}

function targetsOf(
  run: Run, facts: ClusterFacts | undefined, image: ImageFacts | undefined,
): { targets: readonly ImageChange[]; problems: readonly Finding[] } {
  const { config } = run;
  if (!facts || config.image === undefined) return { targets: [], problems: [] };
  const after = config.digest === undefined
    ? deployReference(config.image, image?.build?.tags.deployed, image?.build?.existing?.digest ?? digestOfBuild)
    : deployReference(config.image, undefined, config.digest);
  const { targets, problems } = resolveTargets(facts.found, config.image, after, facts.cluster.namespace, heldByOthers(facts.ledger));
  const findings = problems.map((problem) => ({ cause: problem.cause, message: describeProblem({ ...problem, hint: undefined }), hint: problem.hint }));
  return { targets, problems: findings };
}

async function execute(run: Run, facts: Facts, known: Ending): Promise<Ending> {
  const release = facts.cluster && facts.targets.length > 0 ? releaseStages<DeployState>(run, facts.cluster) : undefined;
  const image = facts.image?.build ? imageStages(run, facts.image, facts.image.build) : undefined;
  const stages = [...gateStages(run), ...(image ? [image.build] : []), ...(release?.stages ?? []), ...(image ? [image.tags] : [])]
    .filter((stage) => planned(facts.plan, stage.name));
  const reference = facts.plan.reference?.includes(digestOfBuild) ? undefined : facts.plan.reference;
  const initial: DeployState = { targets: facts.targets, digest: run.config.digest, reference, tags: [], warnings: [] };
  const result = await runStages(stages, initial, run.ports.clock, run.startedAt).finally(() => release?.close());
  const { state } = result;
  return {
    ...known, ...state, recovery: state.recovery ?? known.recovery, failure: result.failure, failedUndos: result.failedUndos,
    spans: [...known.spans, ...result.spans],
    imagesNow: facts.cluster && !state.unchanged ? await imagesNow(facts.cluster.cluster, state.targets) : undefined,
    warnings: [...new Set([...known.warnings, ...state.warnings, ...releaseWarnings(state)])],
  };
}

const planned = (plan: Plan, stage: StageName): boolean => plan.steps.some((step) => step.stage === stage);

const gateStages = ({ ports, config: { gate } }: Run): Stage<DeployState>[] =>
  gate ? [{ name: 'test', label: 'test gate', run: async (state) => runGate(ports, gate).then(() => state) }] : [];

function endingOf(run: Run, facts: Facts, spans: readonly Span[]): Ending {
  return {
    spans, plan: facts.plan, namespace: facts.cluster?.cluster.namespace, reference: facts.plan.reference, digest: run.config.digest, targets: facts.targets,
    imageExisted: facts.image?.build?.existing !== undefined, typed: facts.cluster?.cluster.typed, warnings: facts.plan.warnings,
  };
}
