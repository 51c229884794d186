import type { WorkloadRef } from '../config/config.js';
import { lookUp } from '../image/look-up.js';
import { parseReference } from '../image/reference.js';
import { PreflightError } from '../preflight/finding.js';
import { ClusterError, ConfigError } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import { imagesNow } from '../rollout/images.js';
import { describeRelease, listReleases, namedRelease } from '../rollout/releases.js';
import { previousRelease, type Ledger, type Release, type ReleasedImage } from '../rollout/ledger.js';
import { refText, type FoundWorkload } from '../rollout/resolve.js';
import { containersOf, type Target } from '../rollout/workload.js';
import { heldByOthers, settleUnfinished, type Settled } from './recover.js';
import { unhealthyNow, unlessPrivate } from './preflight.js';
import { readCluster, readFacts, type ClusterFacts } from './cluster-facts.js';
import { outcomeOf, type Ending } from './outcome.js';
import { makePlan } from './plan.js';
import { releaseStages, type ReleaseState } from './release-stages.js';
import type { Run } from './run.js';
import { runStages } from './stage.js';

interface Facts {
  readonly cluster: ClusterFacts;
  readonly release: Release;
  readonly targets: readonly Target[];
  readonly warnings: readonly string[];
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
    const ending = await execute(run, facts, looked.spans);
    return outcomeOf(run, { ...ending, recovery: ending.recovery ?? settled.recovery });
  } finally {
    await facts?.cluster.cluster.close();
  }
}

async function execute(run: Run, { cluster, release, targets, warnings }: Facts, spans: Ending['spans']): Promise<Ending> {
  const { namespace, typed } = cluster.cluster;
  const plan = makePlan(run.config, { namespace, targets, typed, unhealthy: unhealthyNow(cluster.found), warnings });
  const known: Ending = {
    spans, plan, namespace: cluster.cluster.namespace, reference: release.reference, digest: parseReference(release.reference)?.digest, targets, typed, warnings,
  };
  for (const warning of warnings) run.ports.log.warning(warning);
  run.ports.log.info(`going back to ${describeRelease(release)}`);
  if (run.config.dryRun) return known;
  // What is recorded is the commit that is gone back to, not the one that this workflow happens to run at.
  const stages = releaseStages<ReleaseState>({ ...run, facts: { ...run.facts, commit: release.commit } }, cluster, { withdraws: true });
  const planned = stages.stages.filter((stage) => plan.steps.some((step) => step.stage === stage.name));
  const result = await runStages(planned, { targets, reference: release.reference }, run.ports.clock, run.startedAt).finally(() => stages.close());
  return {
    ...known, ...result.state, failure: result.failure, spans: [...spans, ...result.spans],
    imagesNow: await imagesNow(cluster.cluster, result.state.targets),
  };
}

async function gatherFacts(run: Run, settled: Settled): Promise<Facts> {
  const choose = (ledger: Ledger | undefined): readonly WorkloadRef[] => (run.config.workloads.length > 0 ? run.config.workloads : workloadsOf(ledger));
  const opened = await readCluster(run, choose);
  try {
    // What a dead run has left is nothing to go back from: it is finished first.
    const { facts: cluster, recovery } = await settleUnfinished(run, opened, () => readFacts(run, opened.cluster, choose));
    settled.recovery = recovery;
    const now = imagesOfFound(cluster.found);
    const releases = ofWorkloads(cluster.ledger?.releases ?? [], new Set(cluster.found.map(({ ref }) => refText(ref))));
    refusePaused(cluster);
    for (const line of listReleases(releases, now)) run.ports.log.info(line);
    const release = run.config.to === undefined ? previousRelease(releases, now) : await namedRelease(run.config.to, releases, cluster);
    if (!release) throw nothingToGoBackTo(run, cluster);
    const warnings = await checkInRegistry(run, release);
    return { cluster, release, warnings, targets: targetsFor(release, cluster.found, cluster.cluster.namespace) };
  } catch (error) {
    await opened.cluster.close();
    throw error;
  }
}

/** The releases as far as they concern these workloads: the others are not asked for, and stay as they are. */
const ofWorkloads = (releases: readonly Release[], refs: ReadonlySet<string>): Release[] =>
  releases.map((release) => ({ ...release, images: release.images.filter(({ workload }) => refs.has(workload)) })).filter(({ images }) => images.length > 0);

/** Pausing is what a person does in an emergency: what to do about it has to be said before anything else. */
function refusePaused({ found, ledger }: ClusterFacts): void {
  const held = heldByOthers(ledger);
  const paused = found.filter(({ ref, workload }) => workload?.spec?.paused && !held.has(refText(ref))).map(({ ref }) => refText(ref));
  if (paused.length === 0) return;
  throw new PreflightError(paused.map((ref) => ({
    cause: 'config-invalid', message: `${ref} is paused, so that a rollback of it would change nothing.`,
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

/** Every workload that a recorded release names. */
function workloadsOf(ledger: Ledger | undefined): WorkloadRef[] {
  const refs = new Set((ledger?.releases ?? []).flatMap((release) => release.images.map((image) => image.workload)));
  return [...refs].map((ref) => {
    const [kind, name] = ref.split('/');
    return { kind: kind as WorkloadRef['kind'], name: name ?? '' };
  });
}

const imagesOfFound = (found: readonly FoundWorkload[]): ReleasedImage[] =>
  found.flatMap(({ ref, workload }) => (workload ? containersOf(ref.kind, workload) : []).map(({ container }) => ({
    workload: refText(ref), container: container.name ?? '', image: container.image ?? '',
  })));

function targetsFor(release: Release, found: readonly FoundWorkload[], namespace: string): Target[] {
  const now = imagesOfFound(found);
  const missing = release.images.filter((image) => !now.some((each) => each.workload === image.workload && each.container === image.container));
  if (missing.length > 0) {
    throw new ConfigError(missing.map(({ workload, container }) => ({
      where: `workload ${workload}`, message: `has no container ${container} in namespace ${namespace} any more, and the release of ${release.at} had one`,
      hint: 'Deploy a commit that fits the workloads as they are now.',
    })));
  }
  const refs = [...new Set(release.images.map((image) => image.workload))];
  return refs.flatMap((ref) => {
    const entry = found.find((each) => refText(each.ref) === ref);
    return entry?.workload ? [{
      ref, kind: entry.ref.kind, name: entry.ref.name, uid: entry.workload.metadata?.uid ?? '',
      containers: release.images.filter((image) => image.workload === ref).map((image) => ({
        name: image.container, after: image.image, before: now.find((each) => each.workload === ref && each.container === image.container)?.image ?? '',
      })),
    }] : [];
  });
}

function nothingToGoBackTo(run: Run, { ledger, cluster }: ClusterFacts): ClusterError {
  const known = (ledger?.releases ?? []).map(describeRelease);
  const list = known.length === 0 ? `There is no record of a release of ${run.config.app} in namespace ${cluster.namespace}.` : `Known releases of ${run.config.app}: ${known.join('; ')}.`;
  const wanted = run.config.to === undefined ? 'There is no proven release to go back to.' : `No release fits \`to: ${run.config.to}\`.`;
  return new ClusterError('config-invalid', `${wanted} ${list}`, {
    hint: 'A release is recorded when a deployment by this action has been proven good. Check `app` and `namespace`, or deploy an earlier digest with the `rollout` action.',
  });
}
