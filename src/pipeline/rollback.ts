import type { WorkloadRef } from '../config/config.js';
import { ClusterError, ConfigError } from '../outcome/errors.js';
import type { Outcome } from '../outcome/outcome.js';
import { imagesNow } from '../rollout/images.js';
import { previousRelease, type Ledger, type Release, type ReleasedImage } from '../rollout/ledger.js';
import { refText, type FoundWorkload } from '../rollout/resolve.js';
import { undoArguments } from '../rollout/restore.js';
import { containersOf, type Target } from '../rollout/workload.js';
import { readCluster, type ClusterFacts } from './cluster-facts.js';
import { outcomeOf, type Ending } from './outcome.js';
import { makePlan } from './plan.js';
import { releaseStages, type ReleaseState } from './release-stages.js';
import type { Run } from './run.js';
import { runStages } from './stage.js';

interface Facts {
  readonly cluster: ClusterFacts;
  readonly release: Release;
  readonly targets: readonly Target[];
}

/** Goes back to the release before, as a release of its own: watched, asked, recorded, and undone when it fails. */
export async function rollBack(run: Run): Promise<Outcome> {
  const preflight = await runStages<{ facts?: Facts }>(
    [{ name: 'preflight', label: 'preflight', run: async () => ({ facts: await gatherFacts(run) }) }], {}, run.ports.clock, run.startedAt,
  );
  const facts = preflight.state.facts;
  try {
    if (preflight.failure || !facts) return outcomeOf(run, { failure: preflight.failure, spans: preflight.spans, warnings: [] });
    return outcomeOf(run, await execute(run, facts, preflight.spans));
  } finally {
    await facts?.cluster.cluster.close();
  }
}

async function execute(run: Run, { cluster, release, targets }: Facts, spans: Ending['spans']): Promise<Ending> {
  const plan = makePlan(run.config, { namespace: cluster.cluster.namespace, targets, typed: cluster.cluster.typed, unhealthy: new Map(), warnings: [] });
  const known: Ending = {
    spans, plan, namespace: cluster.cluster.namespace, reference: release.reference, digest: digestOf(release.reference), targets,
    undoCommands: undoArguments(targets).map(cluster.cluster.typed), warnings: [],
  };
  run.ports.log.info(`going back to ${describeRelease(release)}`);
  if (run.config.dryRun) return known;
  const stages = releaseStages<ReleaseState>(run, cluster, { withdraws: true });
  const result = await runStages(stages.stages.filter((stage) => plan.steps.some((step) => step.stage === stage.name)), { targets, reference: release.reference }, run.ports.clock, run.startedAt);
  await stages.close();
  return {
    ...known, failure: result.failure, spans: [...spans, ...result.spans], unchanged: result.state.unchanged, undone: result.state.undone, recovery: result.state.recovery,
    imagesNow: await imagesNow(cluster.cluster, targets),
  };
}

const digestOf = (reference: string): string | undefined => /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];

async function gatherFacts(run: Run): Promise<Facts> {
  const cluster = await readCluster(run, (ledger) => (run.config.workloads.length > 0 ? run.config.workloads : workloadsOf(ledger)));
  try {
    const release = previousRelease(cluster.ledger?.releases ?? [], imagesOfFound(cluster.found));
    if (!release) throw nothingToGoBackTo(run, cluster);
    return { cluster, release, targets: targetsFor(release, cluster.found, cluster.cluster.namespace) };
  } catch (error) {
    await cluster.cluster.close();
    throw error;
  }
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
  return new ClusterError('config-invalid', `There is no proven release to go back to. ${list}`, {
    hint: 'A release is recorded when a deployment by this action has been proven good. Check `app` and `namespace`, or deploy an earlier digest with the `rollout` action.',
  });
}

const describeRelease = (release: Release): string =>
  `${release.reference} of ${release.at}${release.commit ? `, commit ${release.commit.slice(0, 12)}` : ''}${release.withdrawnAt ? ', withdrawn' : release.proven ? '' : ', never proven'}`;
