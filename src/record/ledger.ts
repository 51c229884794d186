import { digestOf } from '../image/reference.js';
import type { HeldTarget } from '../target/set-image/hold.js';
import { workloadKinds, type Config, type SmokeCheck, type WorkloadKind } from '../config/config.js';
import { imageSet, type ImageChange } from '../target/set-image/image-change.js';

/**
 * The record of the last run and of the last releases, in a ConfigMap beside the workloads. It is written before each
 * change that it describes, so that whoever finds it knows what may have been done. It holds no secret: images, names,
 * times.
 */
export interface Ledger {
  readonly schema: 1;
  readonly app: string;
  readonly run: RunRecord;
  /** Newest first. */
  readonly releases: readonly Release[];
}

/** All that this version knows. A record in another one was left by a later version, in the middle of something or not. */
const phases = ['changing', 'proven', 'stopped', 'restoring', 'restored', 'left'] as const;
export type Phase = (typeof phases)[number];

export interface RunRecord {
  /** Tells this run from every other one. */
  readonly id: string;
  readonly url?: string;
  readonly commit?: string;
  readonly actor?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /**
   * changing: the images may have been set. stopped: the run was cancelled in the middle of that, and wants the old ones
   * back. restoring: they may have been put back; no change of the images is under way any more.
   * proven: the new version serves. restored: the old one serves again. left: neither could be proven.
   */
  readonly phase: Phase;
  readonly targets: readonly ImageChange[];
  /** That of the settings: the images may be named otherwise, and two apps may share this record. */
  readonly repository?: string;
  /** Why the run went on in spite of a freeze. */
  readonly override?: string;
  /** Where a rollback goes: what it leaves is withdrawn once it is proven, also by whoever finishes it. */
  readonly goesBackTo?: Release;
  /** Deployments that the run holds for a moment: whoever finishes it lets them go. */
  readonly held: readonly HeldTarget[];
  /** `off`: whoever finishes the run leaves the images as they are. */
  readonly rollback: Config['rollback'];
  /** The checks of that run: those of a later one may name a later version. */
  readonly smoke: readonly SmokeCheck[];
  /** What can prove that the old version is back, as it was before the change. */
  readonly before: {
    /** Smoke checks that held. */
    readonly held: readonly string[];
    /** `deployment/api:app` → digests that ran. */
    readonly running: Readonly<Record<string, readonly string[]>>;
  };
}

/** A set of images that was on the workloads, and whether it was ever proven to serve. */
export interface Release {
  readonly reference: string;
  readonly commit?: string;
  readonly runUrl?: string;
  /** ISO 8601. */
  readonly at: string;
  readonly proven: boolean;
  /** Workloads with which nothing ran when it was released. With all of them, the release is not proven, and may be gone back to all the same. */
  readonly unverified?: readonly string[];
  /** That of the run that made it. */
  readonly repository?: string;
  /** Why it was released in spite of a freeze. */
  readonly override?: string;
  /** Of the containers that it set, and of no others: what stood beside them is what earlier releases say. */
  readonly images: readonly ReleasedImage[];
}

export interface ReleasedImage {
  /** `deployment/api`. */
  readonly workload: string;
  readonly container: string;
  readonly image: string;
  /** When somebody went back from this image on this workload, ISO 8601: it is not gone back to by itself any more. */
  readonly withdrawnAt?: string;
}

/** The container of a released image, and the image in it. */
export const placeOf = ({ workload, container }: ReleasedImage): string => `${workload}/${container}`;
/** The same for the same image in the same container: by its digest, whatever registry or tag it is named with beside it. */
export const placedImage = (each: ReleasedImage): string => `${placeOf(each)}=${digestOf(each.image) ?? each.image}`;

/** The images of these workloads before or after a run, as a release. */
export const imagesOf = (targets: readonly ImageChange[], which: 'before' | 'after'): ReleasedImage[] =>
  targets.flatMap((target) => target.containers.map((container) => ({ workload: target.ref, container: container.name, image: which === 'after' ? imageSet(container) : container.before })));

/** Whether two releases put the same images on the same workloads. */
export const sameImages = (a: readonly ReleasedImage[], b: readonly ReleasedImage[]): boolean => {
  const key = (images: readonly ReleasedImage[]): string => images.map(placedImage).sort().join('\n');
  return key(a) === key(b);
};

/** Of each repository: one that is released often is not to push out another of the same name. */
export const releasesKept = 20;
/** A ConfigMap holds 1 MiB at most; the ledger stays far below, so that a write never fails for its size. */
const maxLedgerBytes = 512 * 1024;

/** It has a later schema, or a run in a phase that this version does not know. */
export function isOfLaterVersion(text: string): boolean {
  try {
    const { schema, run } = JSON.parse(text) as { readonly schema?: unknown; readonly run?: { readonly phase?: unknown } | null };
    return (typeof schema === 'number' && schema > 1) || (isText(run?.phase) && !phases.includes(run.phase as Phase));
  } catch {
    return false;
  }
}

/** A ledger that somebody edited by hand or that a later version wrote is no ledger: undefined. */
export function parseLedger(text: string | undefined): Ledger | undefined {
  try {
    const ledger = JSON.parse(text ?? '') as Ledger;
    return ledger.schema === 1 && isRun(ledger.run) && Array.isArray(ledger.releases) && ledger.releases.every(isRelease) ? ledger : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrAbsent = (value: unknown): boolean => value === undefined || isText(value);

const isRun = (run: RunRecord): boolean =>
  isText(run.id) && isTextOrAbsent(run.repository) && (run.goesBackTo === undefined || isRelease(run.goesBackTo)) && phases.includes(run.phase) && (run.rollback === 'auto' || run.rollback === 'off') && run.targets.every(isTarget) && run.held.every(isHeld) && run.smoke.every(isCheck) &&
  run.before.held.every(isText) &&
  Object.values(run.before.running).every((digests) => digests.every(isText));

const isHeld = ({ ref, minReadySeconds }: HeldTarget): boolean => isText(ref) && Number.isInteger(minReadySeconds);

const isCheck = (check: SmokeCheck): boolean =>
  isText(check.text) && check.statuses.every(Number.isInteger) && (check.target.type === 'url' ? isText(check.target.url) : isText(check.target.name) && isText(check.target.path));

const isTarget = (target: ImageChange): boolean =>
  workloadKinds.includes(target.kind) &&
  [target.ref, target.kind, target.name, target.uid].every(isText) && target.containers.every((each) => [each.name, each.before, each.after, each.becomes ?? '', each.back ?? ''].every(isText));

const isRelease = (release: Release): boolean =>
  isText(release.at) && isText(release.reference) && isTextOrAbsent(release.repository) && release.images.every(isReleasedImage);

const isReleasedImage = ({ workload, container, image }: ReleasedImage): boolean =>
  [workload, container, image].every(isText) && workloadKinds.includes(workload.split('/')[0] as WorkloadKind);

/** Of each repository those that are kept, in their order. */
function keptOf(releases: readonly Release[]): Release[] {
  const counts = new Map<string | undefined, number>();
  return releases.filter(({ repository }) => {
    const count = (counts.get(repository) ?? 0) + 1;
    counts.set(repository, count);
    return count <= releasesKept;
  });
}

/** As JSON, with as many releases as fit. */
export function formatLedger(ledger: Ledger): string {
  const releases = keptOf(ledger.releases);
  for (let kept = releases.length; ; kept = Math.floor(kept / 2)) {
    const text = JSON.stringify({ ...ledger, releases: releases.slice(0, kept) }, undefined, 1);
    if (kept === 0 || Buffer.byteLength(text) <= maxLedgerBytes) return text;
  }
}

/**
 * The ledger after a run has been proven good: its release is put in front. What it names may be gone back to again. An
 * older release of the same images is dropped, unless one between needs it to tell what stood beside its own images.
 */
export function withRelease(ledger: Ledger, release: Release): Ledger {
  const places = (images: readonly ReleasedImage[]): Set<string> => new Set(images.map(placeOf));
  const isNeeded = (known: Release, index: number): boolean =>
    ledger.releases.slice(0, index).some((between) => known.images.some((each) => !places(between.images).has(placeOf(each))));
  const served = new Set(release.images.map(placedImage));
  const others = ledger.releases
    .filter((known, index) => !sameImages(known.images, release.images) || isNeeded(known, index))
    .map((known) => ({ ...known, images: known.images.map((each) => (served.has(placedImage(each)) ? { ...each, withdrawnAt: undefined } : each)) }));
  return { ...ledger, releases: keptOf([release, ...others]) };
}

export const inPhase = (ledger: Ledger, phase: RunRecord['phase']): Ledger => ({ ...ledger, run: { ...ledger.run, phase } });
