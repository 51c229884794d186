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
import type { Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import type { Config, SmokeCheck } from '../../config/config.js';

/* What a release reads and decides between acquiring the lock and changing the first image. */

/** The current Services: the tests and the build may have taken minutes. */
export const readServices = async ({ cluster }: ClusterFacts): Promise<readonly Service[]> =>
  (await cluster.api.get<List<Service>>(apiPath(resources.services, cluster.namespace))).items ?? [];

/**
 * Fails a run whose smoke checks name a Service or a port that does not exist (any more), before the change.
 * @throws PreflightError config-invalid; nothing has been changed
 */
export function refuseUnresolvable(checks: readonly SmokeCheck[], { cluster, services }: Pick<ClusterFacts, 'cluster' | 'services'>): void {
  const problems = unresolvable(services, cluster.namespace, checks);
  if (problems.length > 0) throw new PreflightError(problems);
}

/** The changes with the current images of their workloads: since the plan, minutes may have passed and another run may have finished. */
export async function readAgain(
  { cluster }: ClusterFacts, ports: Pick<Ports, 'cancelled' | 'log'>, changes: readonly ImageChange[],
): Promise<{ changes: ImageChange[]; workloads: Workload[] }> {
  const found = await Promise.all(changes.map(async (change) => {
    const workload = await cluster.api.find<Workload>(workloadResource[change.kind], cluster.namespace, change.name);
    const containers = workload ? containersOf(change.kind, workload) : [];
    const missing = change.containers.find(({ name }) => !containers.some(({ container }) => container.name === name));
    if (!workload || missing) throw new ClusterError('superseded', `${change.ref} ${workload ? `lost its container ${missing?.name}` : 'was deleted'} after the run had started.`);
    if (workload.spec?.paused) throw new ClusterError('superseded', `${change.ref} was paused by someone else after the run had started.`);
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

/** Containers whose image admission would replace by another one. */
export const replacedImages = (changes: readonly ImageChange[]): Finding[] => changes.flatMap(({ ref, containers }) =>
  containers.filter(becomesAnother).map(({ name, after, becomes }): Finding => ({
    cause: 'not-deployable', message: `Setting container ${name} of ${ref} to ${after} would result in ${becomes}: admission replaces the image.`,
    hint: 'Configure the mutating webhook to keep the digest, or deploy the image that it sets.',
  })));

/** The release to restore instead of the current version, which is not healthy; undefined if no better one is known. */
export const wayBackOf = (ledger: Ledger | undefined, changes: readonly ImageChange[], unhealthy: ReadonlyMap<string, unknown>): Release | undefined =>
  lastGood(ledger?.releases ?? [], contentsOf(changes, 'before'), new Set(unhealthy.keys()));

/** A version that was broken before cannot be verified: then a rollback restores the last verified release. */
export function withWayBack(release: OpenRelease, ledger: Ledger | undefined): OpenRelease {
  const broken = release.snapshots.filter(({ unhealthy }) => unhealthy !== undefined);
  if (broken.length === 0) return release;
  const good = wayBackOf(ledger, release.changes, new Map(broken.map(({ change, unhealthy }) => [change.ref, unhealthy])));
  for (const { change, unhealthy } of broken) {
    release.ports.log.info(`${change.ref} is not healthy now (${unhealthy}): a rollback would restore ${good ? `the last verified release, ${good.reference}` : 'the current version, which could not be verified'}`);
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

/** Without a rollback a bad release could only be left paused, or continued although it is bad. */
const provesFirst = ({ proveFirst, smoke, rollback, migrate }: Config): boolean =>
  proveFirst && smoke.length > 0 && rollback === 'auto' && (migrate?.undo !== false || migrate.force);

/** Whether the first pods of a workload are checked before the others. */
export const isProvedFirst = (config: Config, change: ImageChange, workload: Workload | undefined, services: readonly Service[]): boolean =>
  provesFirst(config) && whyNotProvedFirst(change, workload, services, config.smoke) === undefined;

/** The workloads whose first pods are checked before the others; what that means for each is logged before anything changes. */
export function provedFirst({ config, ports }: Given, release: OpenRelease): PausedDeployment[] {
  if (!provesFirst(config)) return [];
  return release.changes.flatMap((change) => {
    const { workload } = release.watched.world.view(change);
    const reason = whyNotProvedFirst(change, workload, release.services, config.smoke);
    ports.log.info(reason === undefined && workload ? describeWave(change, workload) : `The first pods of ${change.ref} are not checked before the others: ${reason}`);
    return reason === undefined && workload ? [pausedDeployment(change, workload)] : [];
  });
}
