import { ClusterError } from '../../outcome/errors.js';
import type { List, Service, Workload } from '../../kubernetes/client/objects.js';
import { apiPath, resources, workloadResource } from '../../kubernetes/client/resources.js';
import { PreflightError, type Finding } from '../../outcome/finding.js';
import { unresolvable } from '../../check/smoke/preflight.js';
import { digestOf, sameRepository } from '../../image/reference.js';
import { describeWave, pausedDeployment, whyNotProvedFirst } from './pause.js';
import { areGood, lastGood } from '../../record/history.js';
import type { Ledger, Release } from '../../record/ledger.js';
import type { OpenRelease } from './open-release.js';
import { becomesAnother, describeRewriting, foresee } from './rewritten.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import { type ImageChange, contentsOf, type PausedDeployment } from './image-change.js';
import type { Ports } from '../../ports/ports.js';
import type { ClusterFacts, Given } from './facts.js';
import type { SmokeCheck } from '../../config/config.js';

/* What is read and decided of a release between taking the lock and changing the first image. */

/** The Services as they are now: the tests and the build may have taken minutes. */
export const readServices = async ({ cluster }: ClusterFacts): Promise<readonly Service[]> =>
  (await cluster.api.get<List<Service>>(apiPath(resources.services, cluster.namespace))).items ?? [];

/**
 * Ends a run whose smoke checks name a Service or a port that does not exist (any more): after the change they would only fail.
 * @throws PreflightError config-invalid; nothing has been changed
 */
export function refuseUnresolvable(checks: readonly SmokeCheck[], { cluster, services }: Pick<ClusterFacts, 'cluster' | 'services'>): void {
  const problems = unresolvable(services, cluster.namespace, checks);
  if (problems.length > 0) throw new PreflightError(problems);
}

/** The changes with what their workloads hold now: minutes may have passed since they were planned, and another run ended. */
export async function readAgain(
  { cluster }: ClusterFacts, ports: Pick<Ports, 'cancelled' | 'log'>, changes: readonly ImageChange[],
): Promise<{ changes: ImageChange[]; workloads: Workload[] }> {
  const found = await Promise.all(changes.map(async (change) => {
    const workload = await cluster.api.find<Workload>(workloadResource[change.kind], cluster.namespace, change.name);
    const containers = workload ? containersOf(change.kind, workload) : [];
    const missing = change.containers.find(({ name }) => !containers.some(({ container }) => container.name === name));
    if (!workload || missing) throw new ClusterError('superseded', `${change.ref} ${workload ? `lost its container ${missing?.name}` : 'was deleted'} after the run had begun.`);
    if (workload.spec?.paused) throw new ClusterError('superseded', `${change.ref} was paused by somebody else after the run had begun.`);
    const imageOf = (name: string): string | undefined => containers.find(({ container }) => container.name === name)?.container.image;
    const now = change.containers.map((each) => ({ ...each, before: imageOf(each.name) ?? each.before, becomes: undefined }));
    return { change: { ...change, uid: workload.metadata?.uid ?? '', containers: now }, workload };
  }));
  const workloads = found.map(({ workload }) => workload);
  const foreseen = await foresee(cluster, found.map(({ change }) => change), workloads, ports.cancelled);
  for (const sentence of describeRewriting(foreseen)) ports.log.info(sentence);
  const replaced = replacedImages(foreseen);
  if (replaced.length > 0) throw new PreflightError(replaced);
  return { changes: foreseen, workloads };
}

/** Where admission would make another image of the one that is wanted. */
export const replacedImages = (changes: readonly ImageChange[]): Finding[] => changes.flatMap(({ ref, containers }) =>
  containers.filter(becomesAnother).map(({ name, after, becomes }): Finding => ({
    cause: 'not-deployable', message: `Container ${name} of ${ref} would become ${becomes} when it is set to ${after}: admission replaces it by another image.`,
    hint: 'Have the mutating webhook keep the digest, or deploy the image that it sets.',
  })));

/**
 * Ends a run that was planned from other images than those that are there now: what to go back to was chosen by them.
 * @throws ClusterError superseded; nothing has been changed
 */
export function asPlanned(planned: readonly ImageChange[], changes: readonly ImageChange[]): void {
  const differences = contentsOf(planned, 'before').flatMap((each, index) => {
    const now = contentsOf(changes, 'before')[index]?.version;
    return now === each.version ? [] : [`container ${each.part} of ${each.subject} held ${each.version} when the release to go back to was chosen, and holds ${now} now`];
  });
  if (differences.length === 0) return;
  throw new ClusterError('superseded', `Something else was deployed meanwhile: ${differences.join('; ')}. Nothing was changed.`, {
    hint: 'Look whether what is there now is what you wanted. If not, run the rollback again: it goes back from there.',
  });
}

/** The release that goes back instead of what is there now and is not healthy; undefined where nothing better is known. */
export const wayBackOf = (ledger: Ledger | undefined, changes: readonly ImageChange[], unhealthy: ReadonlyMap<string, unknown>): Release | undefined =>
  lastGood(ledger?.releases ?? [], contentsOf(changes, 'before'), new Set(unhealthy.keys()));

/** What was broken before cannot be proven to be back: then the last proven release is what a rollback goes to. */
export function withWayBack(release: OpenRelease, ledger: Ledger | undefined): OpenRelease {
  const broken = release.snapshots.filter(({ unhealthy }) => unhealthy !== undefined);
  if (broken.length === 0) return release;
  const good = wayBackOf(ledger, release.changes, new Map(broken.map(({ change, unhealthy }) => [change.ref, unhealthy])));
  for (const { change, unhealthy } of broken) {
    release.ports.log.info(`${change.ref} is not healthy now (${unhealthy}): a rollback would go to ${good ? `the last proven release, ${good.reference}` : 'what is there now, and could not be proven to serve'}`);
  }
  const back = (ref: string, name: string): string | undefined => good?.contents.find((image) => image.subject === ref && image.part === name)?.version;
  const changes = release.changes.map((change) => {
    const containers = change.containers.map((each) => ({ ...each, back: back(change.ref, each.name) }));
    const isBroken = broken.some((each) => each.change.ref === change.ref) && !areGood(ledger?.releases ?? [], contentsOf([change], 'before'));
    return { ...change, containers, ...(isBroken && containers.every((each) => each.back === undefined) ? { nothingGood: true } : {}) };
  });
  return { ...release, changes, snapshots: release.snapshots.map((snapshot, index) => ({ ...snapshot, change: changes[index] ?? snapshot.change })) };
}

/** Every container names the digest already, and every workload is complete and healthy. */
export function runsAlready(release: OpenRelease): boolean {
  return release.snapshots.every(({ change, unhealthy }) => unhealthy === undefined && namesAlready(change));
}

/** Every container of the target names the digest that it is to get. */
export const namesAlready = ({ containers }: ImageChange): boolean => containers.every(({ before, after, becomes }) =>
  digestOf(before) !== undefined && digestOf(before) === digestOf(after) && (sameRepository(before, after) || before === becomes));

/** The workloads that are proved first; what that means for each is said before anything changes. */
export function provedFirst({ config, ports }: Given, release: OpenRelease): PausedDeployment[] {
  // What is held must be able to go back: without a rollback it could only be left paused, or let go on though it is bad.
  if (!config.proveFirst || config.smoke.length === 0 || config.rollback === 'off') return [];
  return release.changes.flatMap((change) => {
    const { workload } = release.watched.world.view(change);
    const reason = whyNotProvedFirst(change, workload, release.services, config.smoke);
    ports.log.info(reason === undefined && workload ? describeWave(change, workload) : `${change.ref} is not proved first: ${reason}`);
    return reason === undefined && workload ? [pausedDeployment(change, workload)] : [];
  });
}
