import { isThere } from './history.js';
import type { Release, ReleasedImage } from './ledger.js';

/** `name@sha256:… of 2026-11-21T10:00:00Z, commit 1a2b3c4d5e6f, proven`. */
export const describeRelease = (release: Release): string =>
  `${release.reference} of ${release.at}${release.commit ? `, commit ${release.commit.slice(0, 12)}` : ''}, ${wordOf(release)}`;

function wordOf({ proven, images, unverified = [] }: Release): string {
  if (images.some(({ withdrawnAt }) => withdrawnAt !== undefined)) return 'withdrawn';
  if (images.length > 0 && images.every(({ workload }) => unverified.includes(workload))) return 'not verified: nothing ran with it';
  return `${proven ? 'proven' : 'never proven'}${unverified.length > 0 ? `, but nothing ran of ${unverified.join(', ')}` : ''}`;
}

/** What could be gone back to, newest first, for the log. */
export const listReleases = (releases: readonly Release[], now: readonly ReleasedImage[]): string[] =>
  releases.map((release) => (isThere(release.images, now) ? `* ${describeRelease(release)} (is there now)` : `  ${describeRelease(release)}`));
