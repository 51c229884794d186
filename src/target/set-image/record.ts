import { both } from '../../config/kit/checked.js';
import type { Config, SmokeCheck } from '../../config/config.js';
import { withdraw } from '../../record/history.js';
import { imagesOf, placedImage, placeOf, withRelease, type Ledger, type Release, type ReleasedImage, type RunRecord } from '../../record/ledger.js';
import type { HeldTarget } from './hold.js';
import { recall, type OpenRelease } from './release.js';
import { othersUnderName } from '../../record/repository.js';
import type { ClusterFacts } from './cluster-facts.js';
import type { Run } from '../../workflow/run.js';

/**
 * The ledger as it stands before the first change of a run.
 * @param isFrozen whether the run goes on in spite of a freeze
 * @param repository of the release; that of the settings unless a rollback found it in the record
 * @param goesBackTo of a rollback
 */
export function ledgerBefore(
  run: Run, known: Ledger | undefined, release: OpenRelease, held: readonly HeldTarget[], isFrozen: boolean,
  repository = run.config.image, goesBackTo?: Release,
): Ledger {
  const at = new Date(run.ports.clock.now()).toISOString();
  const before = recall(release);
  // Where a check stands in the settings of this run says nothing to another one.
  const tellable = run.config.smoke.filter((check) => isTellable(run, check)).map(({ at: _, ...check }) => check);
  return {
    schema: 1, app: run.config.app, releases: [...foundRelease(release, known, at, repository), ...(known?.releases ?? [])],
    run: {
      id: run.id, url: run.facts.runUrl, commit: run.facts.commit, actor: run.facts.actor, startedAt: new Date(run.startedAtWall).toISOString(), phase: 'changing',
      targets: release.targets, repository, goesBackTo, held, rollback: run.config.rollback, smoke: tellable,
      before: { ...before, held: before.held.filter((text) => tellable.some((check) => check.text === text)) },
      override: isFrozen ? run.config.freezeOverride : undefined,
    },
  };
}

/**
 * What stands on containers that no release names was made by somebody else, unless it is what the last run failed with;
 * that it is healthy now is all the proof there is. Without it, the first release of a workload could not be gone back from.
 */
function foundRelease({ targets, snapshots }: Pick<OpenRelease, 'targets' | 'snapshots'>, known: Ledger | undefined, at: string, repository: string | undefined): Release[] {
  const named = new Set(known?.releases.flatMap(({ images }) => images.map(placeOf)));
  const set = new Set(imagesOf(known?.run.targets ?? [], 'after').map(placedImage));
  const images = imagesOf(targets, 'before').filter((each) => !named.has(placeOf(each)));
  const unhealthy = new Set(snapshots.filter((each) => each.unhealthy !== undefined).map(({ target }) => target.ref));
  const trusted = images.every((each) => !unhealthy.has(each.workload) && !set.has(placedImage(each)));
  const idle = snapshots.filter(({ isIdle }) => isIdle).map(({ target }) => target.ref).filter((ref) => images.some(({ workload }) => workload === ref));
  return trusted && images[0] ? [{ reference: images[0].image, at, repository, ...asProven(images, idle), images }] : [];
}

/** What was seen to serve is proven, and what nothing ran with is not. */
const asProven = (images: readonly ReleasedImage[], unverified: readonly string[]): Pick<Release, 'proven' | 'unverified'> =>
  ({ proven: images.some(({ workload }) => !unverified.includes(workload)), ...(unverified.length > 0 && { unverified }) });

/** The ledger can be read by whoever may read ConfigMaps: an address with a query or a login, or with anything masked, stays out. */
function isTellable({ ports }: Run, { text, target }: SmokeCheck): boolean {
  const open = target.type === 'service' ? !target.path.includes('?') : !/[?@]/.test(target.url);
  return open && ports.log.redact(text) === text;
}

/**
 * What a run has released, once it is proven as far as that goes. `now` is ms since 1970.
 * @param unverified workloads with which nothing runs
 */
export function releaseOf(record: RunRecord, now: number, unverified: readonly string[] = []): Release {
  const images = imagesOf(record.targets, 'after');
  return {
    reference: images[0]?.image ?? '', commit: record.commit, runUrl: record.url, at: new Date(now).toISOString(), ...asProven(images, unverified),
    repository: record.repository, override: record.override, images,
  };
}

/** The ledger with what its run has released: what a rollback has left is not gone back to by itself any more. */
export function withProven(ledger: Ledger, proven: Release): Ledger {
  const { goesBackTo, targets } = ledger.run;
  return withRelease(goesBackTo ? { ...ledger, releases: withdraw(ledger.releases, goesBackTo, imagesOf(targets, 'before'), proven.at) } : ledger, proven);
}

/**
 * What to say of a first deployment that comes upon the record of another repository: the name of an app is the last part
 * of its image unless it is given, so `shop/api` and `billing/api` are both called `api`.
 */
export function sharedRecord({ app, image }: Pick<Config, 'app' | 'image'>, { ledger, cluster }: Pick<ClusterFacts, 'ledger' | 'cluster'>): string[] {
  const others = image === undefined ? [] : othersUnderName(ledger, image);
  if (others.length === 0) return [];
  return [
    `The record of ${app} in namespace ${cluster.namespace} is of ${both(others)}, and not of ${image}: with the same name they share the record and the lock. `
    + 'Give each an `app` of its own to keep them apart.',
  ];
}
