import { placed, placeOf, type Release, type Content } from './ledger.js';

/*
 * Reconstructs earlier states of the app from the list of releases, newest first. A release names only the places that it
 * set. The version of every other place is that of the newest earlier release that set it.
 */

/** The releases as far as they concern these subjects. */
export const ofSubjects = (releases: readonly Release[], refs: ReadonlySet<string>): Release[] =>
  releases.map((release) => ({ ...release, contents: release.contents.filter(({ subject }) => refs.has(subject)) }))
    .filter(({ contents }) => contents.length > 0);

/** Whether these are the current versions. A container that no longer exists is ignored, unless it is the only one. */
export function isThere(contents: readonly Content[], now: readonly Content[]): boolean {
  const held = new Map(now.map((each) => [placeOf(each), placed(each)]));
  const known = contents.filter((each) => held.has(placeOf(each)));
  return known.length > 0 && known.every((each) => held.get(placeOf(each)) === placed(each));
}

/**
 * The app as it was at a release, limited to the places that this release or a later one set: a rollback does not change
 * other places.
 */
export function asOf(releases: readonly Release[], release: Release): Release {
  const index = releases.indexOf(release);
  const touched = new Set(releases.slice(0, index + 1).flatMap(({ contents }) => contents.map(placeOf)));
  return index === -1 ? release : put(releases.slice(index), release, (each) => touched.has(placeOf(each)));
}

/** The newest version of each place. It is verified if every release that set one of them is, or had nothing to verify it with. */
function put(releases: readonly Release[], as: Release, concerns: (content: Content) => boolean): Release {
  const contents = new Map<string, Content>();
  const repositories = new Set<string | undefined>();
  const unverified = new Set<string>();
  let verified = true;
  for (const release of releases) {
    const added = release.contents.filter((each) => concerns(each) && !contents.has(placeOf(each)));
    for (const each of added) contents.set(placeOf(each), each);
    if (added.length > 0) repositories.add(release.repository);
    for (const { subject } of added) if (release.unverified?.includes(subject)) unverified.add(subject);
    // A version that nothing ran with is not verified, but it did not fail either.
    if (added.length > 0 && !release.verified && !release.unverified) verified = false;
  }
  const [repository] = repositories.size === 1 ? repositories : [];
  return { ...as, verified, repository, contents: [...contents.values()], unverified: unverified.size > 0 ? [...unverified] : undefined };
}

/** None of its versions is withdrawn, and all of them were verified where anything ran. */
const isGood = ({ verified, contents }: Release): boolean => verified && contents.every(({ withdrawnAt }) => withdrawnAt === undefined);

/**
 * The release to roll back to: the newest good one that is not the current version. If the current version is a release,
 * only older ones count. Together with `withdraw`, repeated rollbacks go further back each time instead of back and forth.
 * @returns the state at that time, with the versions that earlier releases had set beside its own
 */
export function previousRelease(releases: readonly Release[], now: readonly Content[]): Release | undefined {
  const states = releases.map((release) => asOf(releases, release));
  const current = states.findIndex(({ contents }) => isThere(contents, now));
  return states.slice(current + 1).find((state) => isGood(state) && !isThere(state.contents, now));
}

/**
 * The good release to restore when the current version is not healthy. Undefined if there is none, or if the unhealthy version
 * was verified before: then its images are not the cause.
 * @param now the images of the workloads that are going to be changed; only these are restored
 * @param broken those of them that are not healthy
 */
export function lastGood(releases: readonly Release[], now: readonly Content[], broken: ReadonlySet<string>): Release | undefined {
  const suspects = new Set(now.filter((each) => broken.has(each.subject) && !areGood(releases, [each])).map(placeOf));
  const places = new Set(now.map(placeOf));
  return releases.map((release, index) => put(releases.slice(index), release, (each) => places.has(placeOf(each))))
    .find((state) => isGood(state) && state.contents.some((each) => suspects.has(placeOf(each)) && !state.unverified?.includes(each.subject)));
}

/** Whether each of these versions was verified and is not withdrawn. */
export function areGood(releases: readonly Release[], contents: readonly Content[]): boolean {
  const verified = releases.filter((release) => release.verified)
    .flatMap((release) => release.contents.filter(({ subject }) => !release.unverified?.includes(subject)));
  const good = new Set(verified.filter(({ withdrawnAt }) => withdrawnAt === undefined).map(placed));
  return contents.every((each) => good.has(placed(each)));
}

/** The releases after this one. If it is not in the list, its time decides. */
function since(releases: readonly Release[], release: Release): readonly Release[] {
  const itself = releases.findIndex(({ at, reference }) => at === release.at && reference === release.reference);
  const before = itself === -1 ? releases.findIndex(({ at }) => Date.parse(at) <= Date.parse(release.at)) : itself;
  return before === -1 ? releases : releases.slice(0, before);
}

/**
 * The releases after a rollback to one of them, on the workloads that it names. The versions that were replaced, and those of
 * the releases in between, are withdrawn in every release that has them.
 * @param before the versions before the rollback
 */
export function withdraw(releases: readonly Release[], to: Release, before: readonly Content[], at: string): Release[] {
  const wanted = new Map(to.contents.map((each) => [placeOf(each), placed(each)]));
  const passed = [...before, ...since(releases, to).flatMap(({ contents }) => contents)];
  const left = new Set(passed.filter((each) => (wanted.get(placeOf(each)) ?? placed(each)) !== placed(each)).map(placed));
  const mark = (each: Content): Content => (left.has(placed(each)) ? { ...each, withdrawnAt: each.withdrawnAt ?? at } : each);
  return releases.map((release) => ({ ...release, contents: release.contents.map(mark) }));
}

/** The workloads that later releases set and for which no record is as old as this release. */
export function notAsOld(releases: readonly Release[], release: Release): string[] {
  const wanted = new Set(release.contents.map(placeOf));
  return [...new Set(since(releases, release).flatMap(({ contents }) => contents.filter((each) => !wanted.has(placeOf(each))).map(({ subject }) => subject)))];
}
