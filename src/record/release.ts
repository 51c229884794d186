import { withdraw } from './history.js';
import { ended, placed, placeOf, withRelease, type Content, type Ledger, type Release, type RunRecord } from './ledger.js';

/* How a run becomes a release that a rollback can restore. */

/** A version before a run, and its health. */
export interface Standing {
  readonly subject: string;
  readonly contents: readonly Content[];
  /** Why it was not healthy; undefined when it was. */
  readonly unhealthy?: string;
  /** Nothing ran with it, so its health says nothing about the version. */
  readonly isIdle: boolean;
}

/**
 * Versions that no release names were deployed by someone else, unless the last run failed with them. Their health now is
 * the only evidence; without such a release, the first deployment could not be rolled back.
 * @param at ISO 8601
 */
export function foundRelease(standing: readonly Standing[], known: Ledger | undefined, at: string, repository: string | undefined): Release[] {
  const named = new Set(known?.releases.flatMap(({ contents }) => contents.map(placeOf)));
  const lastSet = new Set(known?.run.after.map(placed));
  const unnamed = standing.map((each) => ({ ...each, contents: each.contents.filter((content) => !named.has(placeOf(content))) }))
    .filter((each) => each.contents.length > 0);
  const contents = unnamed.flatMap((each) => each.contents);
  const isTrusted = unnamed.every(({ unhealthy }) => unhealthy === undefined) && contents.every((each) => !lastSet.has(placed(each)));
  const idle = unnamed.filter(({ isIdle }) => isIdle).map(({ subject }) => subject);
  return isTrusted && contents[0] ? [{ reference: contents[0].version, at, repository, ...seenToServe(contents, idle), contents }] : [];
}

/** A version that something ran with is verified. */
const seenToServe = (contents: readonly Content[], unverified: readonly string[]): Pick<Release, 'verified' | 'unverified'> =>
  ({ verified: contents.some(({ subject }) => !unverified.includes(subject)), ...(unverified.length > 0 && { unverified }) });

/**
 * The ledger once its run is verified: what it set is the newest release, and what a rollback replaced is no longer chosen
 * automatically.
 * @param now ms since 1970
 * @param unverified subjects with which nothing runs
 */
export function withVerified(ledger: Ledger, now: number, unverified: readonly string[]): Ledger {
  const { run, ahead, ...kept } = ledger;
  const release: Release = { ...releaseOf(run, now, unverified), ...ahead && { migrations: ahead }, ...ledger.head !== undefined && { head: ledger.head } };
  const releases = run.goesBackTo ? withdraw(ledger.releases, run.goesBackTo, run.before, release.at) : ledger.releases;
  return withRelease({ ...ended({ ...kept, run }, 'verified', now), releases }, release);
}

const releaseOf = (run: RunRecord, now: number, unverified: readonly string[]): Release => ({
  reference: run.after[0]?.version ?? '', commit: run.commit, runUrl: run.url, at: new Date(now).toISOString(), ...seenToServe(run.after, unverified),
  repository: run.repository, override: run.override, reason: run.reason, contents: run.after,
});
