import { digestOf } from '../image/reference.js';
import type { MigrationRecord } from './migration.js';

/**
 * The record of the last run and of the last releases, kept where the target lives. It is written before each change that it
 * describes, so a later process knows what may have been changed. It holds no secrets: only names, versions and times.
 */
export interface Ledger {
  readonly schema: 2;
  readonly app: string;
  readonly run: RunRecord;
  /** Newest first. */
  readonly releases: readonly Release[];
  /** How the last runs ended, newest first; absent in the records of earlier versions. No run depends on it. */
  readonly past?: readonly PastRun[];
  /** Migrations that no verified release has yet, oldest first: the database may be ahead of what is deployed. */
  readonly ahead?: readonly MigrationRecord[];
  /** The last migration that the database was seen to have. */
  readonly head?: string;
}

/**
 * How far the last run got. A record with another phase was written by a later version of the action.
 *
 * - `in-progress`: something may have been changed.
 * - `interrupted`: the run was cancelled during a change that was not answered, and wants it undone.
 * - `restoring`: the rollback was started; no change of the run is in flight any more.
 * - `verified`: the new version is verified. `restored`: the previous version is. `unverified`: neither could be verified.
 */
export const phases = ['in-progress', 'interrupted', 'restoring', 'verified', 'restored', 'unverified'] as const;
export type Phase = (typeof phases)[number];

export interface RunRecord {
  /** Unique to this run. */
  readonly id: string;
  readonly url?: string;
  readonly commit?: string;
  readonly actor?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly phase: Phase;
  /** ISO 8601: right before the first change. */
  readonly changedAt?: string;
  /** ISO 8601: when the commit was made, if the checkout knows it. */
  readonly committedAt?: string;
  /** Names of the waves that were started, in order. Each is written before the wave changes anything. */
  readonly marks: readonly string[];
  /** What the target needs to finish or undo this run. */
  readonly target: TargetRecord;
  /** The versions before the run, and those that it sets, readable without knowing the kind of target. */
  readonly before: readonly Content[];
  readonly after: readonly Content[];
  /** From the settings: the cluster may name the images differently, and two apps may share this record. */
  readonly repository?: string;
  /** Why the run went on in spite of a freeze. */
  readonly override?: string;
  /** Why it rolls back. */
  readonly reason?: string;
  /** The release that a rollback restores. Once that is verified, also by a later process, what it replaced is withdrawn. */
  readonly goesBackTo?: Release;
  /** `off`: a process that finishes the run does not restore anything. */
  readonly rollback: 'auto' | 'off';
  /** Texts of the smoke checks of that run: those of a later one may name a later version. */
  readonly checks: readonly string[];
  /** How many more it had, which hold what must stay hidden; absent for none. */
  readonly unrecordedChecks?: number;
  /** Those that passed before the change: only these can verify the restored version. */
  readonly passedBefore: readonly string[];
}

/** A run that had changed something, and is over. */
export interface PastRun {
  readonly id: string;
  /** The phase in which it ended. One that this version does not know is left out of all figures. */
  readonly result: string;
  /** ISO 8601, both: right before its first change, and when its result was known. */
  readonly changedAt: string;
  readonly endedAt: string;
  readonly commit?: string;
  readonly committedAt?: string;
  readonly repository?: string;
  /** The cause of a failure. */
  readonly cause?: string;
  /** It was a rollback to an earlier release. */
  readonly wentBack?: boolean;
}

/** What one kind of target has recorded. It is opaque to everything else. */
export interface TargetRecord {
  /** Name of the kind, as in `TargetKind.kind`. */
  readonly kind: string;
  /** Version of the shape of `recorded`: one that the kind does not know was left by a later version. */
  readonly schema: number;
  /** JSON. */
  readonly recorded: unknown;
}

/** Versions that were released together, and whether they were verified. */
export interface Release {
  /** `name[:tag][@digest]` of the first content. */
  readonly reference: string;
  readonly commit?: string;
  readonly runUrl?: string;
  /** ISO 8601; empty for what is known by its name alone. */
  readonly at: string;
  readonly verified: boolean;
  /** Subjects that nothing ran with when it was released. If these are all, the release is not verified, but a rollback to it is allowed. */
  readonly unverified?: readonly string[];
  /** That of the run that made it. */
  readonly repository?: string;
  /** Why it was released in spite of a freeze. */
  readonly override?: string;
  /** Why the release before it was rolled back. */
  readonly reason?: string;
  /** Those that were applied for it, oldest first. */
  readonly migrations?: readonly MigrationRecord[];
  /** The last migration that the database had when it was verified; absent where that is not known. */
  readonly head?: string;
  /** Only the parts that it set. The versions of the others are in earlier releases. */
  readonly contents: readonly Content[];
}

/** One version in one place: the image of a container of a workload, the revision of a chart. */
export interface Content {
  /** `deployment/api`. */
  readonly subject: string;
  /** Of the subject: a container; empty where it has no parts. */
  readonly part: string;
  /** An image reference, or whatever the target calls its versions. */
  readonly version: string;
  /** When a rollback replaced this version in this place, ISO 8601: it is no longer chosen automatically. */
  readonly withdrawnAt?: string;
}

/** The place of a content. */
export const placeOf = ({ subject, part }: Content): string => `${subject}/${part}`;
/** The same for the same version in the same place: an image by its digest, whatever registry or tag it is named with. */
export const placed = (each: Content): string => `${placeOf(each)}=${digestOf(each.version) ?? each.version}`;

/** Whether two releases put the same versions in the same places. */
export const sameContents = (a: readonly Content[], b: readonly Content[]): boolean => {
  const key = (contents: readonly Content[]): string => contents.map(placed).sort().join('\n');
  return key(a) === key(b);
};

/** A run that is recorded as unfinished. Since its lock was free, it was interrupted. */
export const isUnfinished = (ledger: Ledger | undefined): ledger is Ledger => ledger !== undefined && unfinished.has(ledger.run.phase);
const unfinished: ReadonlySet<Phase> = new Set(['in-progress', 'interrupted', 'restoring']);

export const inPhase = (ledger: Ledger, phase: Phase): Ledger => ({ ...ledger, run: { ...ledger.run, phase } });
/** Runs that are remembered: a hundred take 35 kB. */
export const pastKept = 100;

/**
 * The ledger of a run that is over. A run that ends twice, as when its post step finishes what it could not, is remembered with
 * its last result.
 * @param now ms since 1970
 * @param cause of the failure
 */
export function ended(ledger: Ledger, phase: Phase, now: number, cause?: string): Ledger {
  const { run, past = [] } = ledger;
  const { id, changedAt = run.startedAt, commit, committedAt, repository } = run;
  const before = past.find((each) => each.id === id);
  const entry: PastRun = {
    id, result: phase, changedAt, endedAt: new Date(now).toISOString(), commit, committedAt, repository, cause: cause ?? before?.cause,
    ...(run.goesBackTo && { wentBack: true }),
  };
  return { ...inPhase(ledger, phase), past: [entry, ...past.filter((each) => each !== before)].slice(0, pastKept) };
}

/** The ledger with one more wave, to be written before it is started. */
export const withMark = (ledger: Ledger, mark: string): Ledger => ({ ...ledger, run: { ...ledger.run, marks: [...ledger.run.marks, mark] } });

/** For each repository, so one that is released often does not push out another with the same app name. */
export const releasesKept = 20;

/** Of each repository the releases that are kept, in their order. */
export function keptOf(releases: readonly Release[]): Release[] {
  const counts = new Map<string | undefined, number>();
  return releases.filter(({ repository }) => {
    const count = (counts.get(repository) ?? 0) + 1;
    counts.set(repository, count);
    return count <= releasesKept;
  });
}

/**
 * The ledger after a run was verified: its release comes first, and its versions are no longer withdrawn. An older release of
 * the same versions is dropped, unless a release in between needs it for the versions beside its own.
 */
export function withRelease(ledger: Ledger, release: Release): Ledger {
  const places = (contents: readonly Content[]): Set<string> => new Set(contents.map(placeOf));
  const isNeeded = (known: Release, index: number): boolean =>
    ledger.releases.slice(0, index).some((between) => known.contents.some((each) => !places(between.contents).has(placeOf(each))));
  const served = new Set(release.contents.map(placed));
  const isKept = (known: Release, index: number): boolean => !sameContents(known.contents, release.contents) || isNeeded(known, index);
  // What was applied for a version is not applied again when it is deployed again.
  const dropped = ledger.releases.filter((known, index) => !isKept(known, index));
  const migrations = [...dropped, release].flatMap((each) => each.migrations ?? []);
  const others = ledger.releases
    .filter(isKept)
    .map((known) => ({ ...known, contents: known.contents.map((each) => (served.has(placed(each)) ? { ...each, withdrawnAt: undefined } : each)) }));
  return { ...ledger, releases: keptOf([migrations.length > 0 ? { ...release, migrations } : release, ...others]) };
}
