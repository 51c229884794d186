import { alignColumns } from '../outcome/columns.js';
import { shortCommit, shortNames } from '../outcome/short-name.js';
import { isThere } from './history.js';
import type { Release, Content } from './ledger.js';

/** `name@sha256:… of 2026-11-21T10:00:00Z, commit 1a2b3c4d5e6f, verified`. */
export const describeRelease = (release: Release): string =>
  `${release.reference}${release.at && ` of ${release.at}`}${release.commit ? `, commit ${release.commit.slice(0, 12)}` : ''}, ${wordOf(release)}`;

function wordOf({ verified, contents, unverified = [] }: Release): string {
  if (contents.some(({ withdrawnAt }) => withdrawnAt !== undefined)) return 'withdrawn';
  if (contents.length > 0 && contents.every(({ subject }) => unverified.includes(subject))) return 'not verified: nothing ran with it';
  return `${verified ? 'verified' : 'never verified'}${unverified.length > 0 ? `, except ${unverified.join(', ')} (nothing ran)` : ''}`;
}

/** What a table of releases needs beside them. */
export interface ReleaseTableFacts {
  /** The versions that are deployed. */
  readonly now: readonly Content[];
  /** ms since 1970. */
  readonly at: number;
  /** Commit → first line of its message, of those that the checkout knows. */
  readonly subjects: ReadonlyMap<string, string>;
}

/**
 * The releases that a rollback can restore, newest first, as a table of at most 100 columns:
 * `api:feee270  2 min ago  Fix the greeting  verified  ← now`.
 */
export function releaseTable(releases: readonly Release[], { now, at, subjects }: ReleaseTableFacts): readonly string[] {
  if (releases.length === 0) return [];
  const names = shortNames(releases.map(({ reference }) => reference));
  const rows = releases.map((release, index) => [
    names[index] ?? '', ago(at - Date.parse(release.at)), commitCell(release, names[index] ?? '', subjects), wordOf(release),
    isThere(release.contents, now) ? '← now' : '',
  ]);
  return alignColumns(['release', 'age', 'commit', '', ''], rows, [26, 11, 26, 24, 5]);
}

/** What the commit says; without its message, its digits where the name does not have them already. */
function commitCell({ commit = '' }: Release, name: string, subjects: ReadonlyMap<string, string>): string {
  const short = shortCommit(commit);
  return subjects.get(commit) ?? (name.includes(short) ? '' : short);
}

const units: readonly (readonly [string, number])[] = [['days', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]];

/** `2 min ago`: in the largest unit of which at least two are full. */
export function ago(ms: number): string {
  if (!Number.isFinite(ms)) return '';
  const [unit, size] = units.find(([, each]) => ms >= 2 * each) ?? ['s', 1000];
  return `${Math.max(0, Math.floor(ms / size))} ${unit} ago`;
}

/** `api:feee270 (2 min ago, verified)`, for a sentence. */
export const shortReleases = (releases: readonly Release[], at: number): readonly string[] => {
  const names = shortNames(releases.map(({ reference }) => reference));
  return releases.map((release, index) => `${names[index]} (${[ago(at - Date.parse(release.at)), wordOf(release)].filter(Boolean).join(', ')})`);
};
