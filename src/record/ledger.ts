import { digestOf } from '../image/reference.js';

/**
 * The record of the last run and of the last releases, kept where the target lives. It is written before each change that
 * it describes, so whoever finds it knows what may have been done. It holds no secret: names, versions, times.
 */
export interface Ledger {
  readonly schema: 2;
  readonly app: string;
  readonly run: RunRecord;
  /** Newest first. */
  readonly releases: readonly Release[];
}

/**
 * How far the last run came. All that this version knows: a record in another phase was left by a later version, in the
 * middle of something or not.
 *
 * - `in-progress`: something may have been changed.
 * - `interrupted`: the run was cancelled in the middle of a change that was not answered, and wants it undone.
 * - `restoring`: the undo was started; no change of the run is under way any more.
 * - `verified`: the new version serves. `restored`: the version before serves again. `unverified`: neither could be shown.
 */
export const phases = ['in-progress', 'interrupted', 'restoring', 'verified', 'restored', 'unverified'] as const;
export type Phase = (typeof phases)[number];

export interface RunRecord {
  /** Tells this run from every other one. */
  readonly id: string;
  readonly url?: string;
  readonly commit?: string;
  readonly actor?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly phase: Phase;
  /** Names of the waves that were started, in order. Each is written before the wave changes anything. */
  readonly marks: readonly string[];
  /** What the target needs to finish or undo this run. */
  readonly target: TargetRecord;
  /** What was there before the run, and what it sets: for whoever compares without knowing the kind of target. */
  readonly before: readonly Content[];
  readonly after: readonly Content[];
  /** That of the settings: the images may be named otherwise, and two apps may share this record. */
  readonly repository?: string;
  /** Why the run went on in spite of a freeze. */
  readonly override?: string;
  /** Where a rollback goes: what it leaves is withdrawn once it is verified, also by whoever finishes it. */
  readonly goesBackTo?: Release;
  /** `off`: whoever finishes the run leaves what it has set. */
  readonly rollback: 'auto' | 'off';
  /** Texts of the smoke checks of that run: those of a later one may name a later version. */
  readonly checks: readonly string[];
  /** How many more it had, which hold what must stay hidden; absent for none. */
  readonly unrecordedChecks?: number;
  /** Those of them that passed before the change: only these can show that the version before is back. */
  readonly passedBefore: readonly string[];
}

/** What one kind of target has recorded. Nobody else looks into it. */
export interface TargetRecord {
  /** Name of the kind, as in `TargetKind.kind`. */
  readonly kind: string;
  /** Version of the shape of `recorded`: one that the kind does not know was left by a later version. */
  readonly schema: number;
  /** JSON. */
  readonly recorded: unknown;
}

/** What was at the target together, and whether it was ever seen to serve. */
export interface Release {
  /** `name[:tag][@digest]` of the first content. */
  readonly reference: string;
  readonly commit?: string;
  readonly runUrl?: string;
  /** ISO 8601; empty for what is known by its name alone. */
  readonly at: string;
  readonly verified: boolean;
  /** Subjects with which nothing ran when it was released. With all of them, the release is not verified, and may be gone back to all the same. */
  readonly unverified?: readonly string[];
  /** That of the run that made it. */
  readonly repository?: string;
  /** Why it was released in spite of a freeze. */
  readonly override?: string;
  /** Of the parts that it set, and of no others: what stood beside them is what earlier releases say. */
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
  /** When somebody went back from this version in this place, ISO 8601: it is not gone back to by itself any more. */
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

/** A run that is recorded as being in the middle, though nobody is there who could be: its lock was free. */
export const isUnfinished = (ledger: Ledger | undefined): ledger is Ledger => ledger !== undefined && unfinished.has(ledger.run.phase);
const unfinished: ReadonlySet<Phase> = new Set(['in-progress', 'interrupted', 'restoring']);

export const inPhase = (ledger: Ledger, phase: Phase): Ledger => ({ ...ledger, run: { ...ledger.run, phase } });
/** The ledger with one more wave, to be written before it is started. */
export const withMark = (ledger: Ledger, mark: string): Ledger => ({ ...ledger, run: { ...ledger.run, marks: [...ledger.run.marks, mark] } });

/** Of each repository: one that is released often is not to push out another of the same name. */
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
 * The ledger after a run has been verified: its release is put in front. What it names may be gone back to again. An
 * older release of the same images is dropped, unless one between needs it to tell what stood beside its own images.
 */
export function withRelease(ledger: Ledger, release: Release): Ledger {
  const places = (contents: readonly Content[]): Set<string> => new Set(contents.map(placeOf));
  const isNeeded = (known: Release, index: number): boolean =>
    ledger.releases.slice(0, index).some((between) => known.contents.some((each) => !places(between.contents).has(placeOf(each))));
  const served = new Set(release.contents.map(placed));
  const others = ledger.releases
    .filter((known, index) => !sameContents(known.contents, release.contents) || isNeeded(known, index))
    .map((known) => ({ ...known, contents: known.contents.map((each) => (served.has(placed(each)) ? { ...each, withdrawnAt: undefined } : each)) }));
  return { ...ledger, releases: keptOf([release, ...others]) };
}
