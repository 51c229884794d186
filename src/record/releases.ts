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

/** The releases that a rollback can restore, newest first, for the log. */
export const listReleases = (releases: readonly Release[], now: readonly Content[]): string[] =>
  releases.map((release) => (isThere(release.contents, now) ? `* ${describeRelease(release)} (current)` : `  ${describeRelease(release)}`));
