import type { WorkloadRef } from '../config/config.js';
import { lookUp } from '../image/look-up.js';
import { parseReference } from '../image/reference.js';
import { PreflightError } from '../outcome/finding.js';
import type { Outcome } from '../outcome/outcome.js';
import { imagesNow } from '../target/set-image/images-now.js';
import { describeRelease } from '../record/releases.js';
import type { Ledger, Release } from '../record/ledger.js';
import { refText } from '../target/set-image/resolve.js';
import { refuseUnresolvable, wayBackOf } from '../target/set-image/before-change.js';
import { chooseRelease, workloadsOf, type Chosen } from '../target/set-image/choose-release.js';
import { heldByOthers, settleUnfinished, type Settled } from './recover.js';
import { checkChange, unhealthyNow, unlessPrivate } from '../target/set-image/preflight.js';
import { readCluster, readFacts, type ClusterFacts } from '../target/set-image/cluster-facts.js';
import { outcomeOf, type Ending } from './outcome.js';
import { makePlan } from './plan.js';
import { releaseStages, releaseWarnings, type ReleaseState } from './release-stages.js';
import type { Run } from './run.js';
import { runStages } from './stage.js';

interface Facts extends Chosen {
  readonly cluster: ClusterFacts;
  /** `deployment/api` → why it is not healthy now. */
  readonly unhealthy: ReadonlyMap<string, string>;
}

/** Goes back to the release before, as a release of its own: watched, asked, recorded, and undone when it fails. */
export async function rollBack(run: Run): Promise<Outcome> {
  const settled: Settled = {};
  const looked = await runStages<{ facts?: Facts }>(
    [{ name: 'preflight', label: 'preflight', run: async () => ({ facts: await gatherFacts(run, settled) }) }], {}, run.ports.clock, run.startedAt,
  );
  const facts = looked.state.facts;
  try {
    if (looked.failure || !facts) return outcomeOf(run, { failure: looked.failure, spans: looked.spans, warnings: [], recovery: settled.recovery });
    // What is recorded and reported is the commit that is gone back to, not the one that this workflow happens to run at.
    const named = { ...run, facts: { ...run.facts, commit: facts.release.commit } };
    const ending = await execute(named, facts, looked.spans);
    return outcomeOf(named, { ...ending, recovery: ending.recovery ?? settled.recovery });
  } finally {
    await facts?.cluster.cluster.close();
  }
}

async function execute(run: Run, { cluster, release, targets, unhealthy, warnings }: Facts, spans: Ending['spans']): Promise<Ending> {
  const { namespace, typed } = cluster.cluster;
  const plan = makePlan(run.config, { namespace, targets, typed, unhealthy, wayBack: wayBackOf(cluster.ledger, targets, unhealthy), warnings });
  const known: Ending = {
    spans, plan, namespace, reference: release.reference, digest: parseReference(release.reference)?.digest, targets, typed, warnings,
  };
  for (const warning of warnings) run.ports.log.warning(warning);
  run.ports.log.info(`going back to ${describeRelease(release)}`);
  if (run.config.dryRun) return known;
  const stages = releaseStages<ReleaseState>(run, cluster, { goesBackTo: release });
  const planned = stages.stages.filter((stage) => plan.steps.some((step) => step.stage === stage.name));
  const result = await runStages(planned, { targets, reference: release.reference }, run.ports.clock, run.startedAt).finally(() => stages.close());
  return {
    ...known, ...result.state, failure: result.failure, failedUndos: result.failedUndos, spans: [...spans, ...result.spans],
    imagesNow: await imagesNow(cluster.cluster, result.state.targets), warnings: [...new Set([...warnings, ...releaseWarnings(result.state)])],
  };
}

async function gatherFacts(run: Run, settled: Settled): Promise<Facts> {
  const { workloads } = run.config;
  const choose = (ledger: Ledger | undefined): readonly WorkloadRef[] => (workloads.length > 0 ? workloads : workloadsOf(ledger, run.config));
  const opened = await readCluster(run, choose);
  try {
    // What a dead run has left is nothing to go back from: it is finished first.
    const { facts: cluster, recovery } = await settleUnfinished(run, opened, () => readFacts(run, opened.cluster, choose));
    settled.recovery = recovery;
    refusePaused(cluster);
    // It would fail after the rollback, and take back what is better than what is there now.
    refuseUnresolvable(run, cluster);
    const chosen = await chooseRelease(run, cluster);
    const [unread, unhealthy, change] = await Promise.all([
      checkInRegistry(run, chosen.release), unhealthyNow(run, cluster), checkChange(run, cluster, chosen.targets),
    ]);
    if (change.problems.length > 0) throw new PreflightError(change.problems);
    return { cluster, ...chosen, unhealthy, warnings: [...chosen.warnings, ...unread, ...change.warnings] };
  } catch (error) {
    await opened.cluster.close();
    throw error;
  }
}

/** Pausing is what a person does in an emergency: what to do about it has to be said before anything else. */
function refusePaused({ found, ledger }: ClusterFacts): void {
  const held = heldByOthers(ledger);
  const paused = found.filter(({ ref, workload }) => workload?.spec?.paused && !held.has(refText(ref))).map(({ ref }) => refText(ref));
  if (paused.length === 0) return;
  throw new PreflightError(paused.map((ref) => ({
    cause: 'not-deployable', message: `${ref} is paused, so that a rollback of it would change nothing.`,
    hint: `Find out who paused it and why; \`kubectl rollout resume ${ref}\` lets it go on, and then the rollback can.`,
  })));
}

/** In an emergency, what can only become a warning is not waited for any longer. */
const registryAnswersWithinMs = 10_000;

/**
 * What the registry no longer holds cannot be gone back to: a node that has to pull it would find nothing.
 * @returns a warning where that cannot be asked
 */
async function checkInRegistry({ ports, config }: Run, release: Release): Promise<string[]> {
  const images = [...new Set(release.images.map(({ image }) => image))];
  const described = await lookUp(ports, config.login, images, registryAnswersWithinMs);
  const absent = images.filter((_, index) => described[index]?.state === 'absent');
  if (absent.length > 0) {
    throw new PreflightError([{
      cause: 'image-not-found', message: `${absent.join(', ')} is not in the registry any more, so that this release cannot be gone back to.`,
      hint: `${unlessPrivate(config)}Choose another release with \`to\`, or build the commit again. Have the clean-up of the registry keep the images of the last releases.`,
    }]);
  }
  return images.flatMap((image, index) => {
    const found = described[index];
    return found && 'reason' in found ? [`Whether ${image} is still in the registry could not be asked from here: ${found.reason}`] : [];
  });
}
