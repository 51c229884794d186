import { placed, placeOf, type Release, type Content } from './ledger.js';

/*
 * What the list of releases, newest first, says of earlier times. A release names the places that it set, which need not
 * be all of the app. So the app as it was when a release had been made is put together: of each place the version that
 * this release, or else the newest one before it, had put there.
 */

/** The releases as far as they concern these subjects. */
export const ofSubjects = (releases: readonly Release[], refs: ReadonlySet<string>): Release[] =>
  releases.map((release) => ({ ...release, contents: release.contents.filter(({ subject }) => refs.has(subject)) }))
    .filter(({ contents }) => contents.length > 0);

/** Whether these images are there now. A container that is gone tells nothing, unless there is no other. */
export function isThere(contents: readonly Content[], now: readonly Content[]): boolean {
  const held = new Map(now.map((each) => [placeOf(each), placed(each)]));
  const known = contents.filter((each) => held.has(placeOf(each)));
  return known.length > 0 && known.every((each) => held.get(placeOf(each)) === placed(each));
}

/**
 * The app as it was when a release had been made, as far as that release or a later one has set it since: what nobody
 * has touched in the meantime is not this release's to put back.
 */
export function asOf(releases: readonly Release[], release: Release): Release {
  const index = releases.indexOf(release);
  const touched = new Set(releases.slice(0, index + 1).flatMap(({ contents }) => contents.map(placeOf)));
  return index === -1 ? release : put(releases.slice(index), release, (each) => touched.has(placeOf(each)));
}

/** Of each place the newest version. It is verified when every release is that has put one of them there, or had nothing to verify it by. */
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
    // What nothing ran with is not verified, and nothing speaks against it either.
    if (added.length > 0 && !release.verified && !release.unverified) verified = false;
  }
  const [repository] = repositories.size === 1 ? repositories : [];
  return { ...as, verified, repository, contents: [...contents.values()], unverified: unverified.size > 0 ? [...unverified] : undefined };
}

/** Nobody went back from any of its images, and all of them have been seen to serve, where anything ran. */
const isGood = ({ verified, contents }: Release): boolean => verified && contents.every(({ withdrawnAt }) => withdrawnAt === undefined);

/**
 * The release to go back to: the newest one which is good and is not what is there now. When what is there is itself a
 * release, only older ones count. Together with `withdraw` this goes further back each time, and not to and fro.
 * @returns as it was then, with what earlier releases had put beside its own images
 */
export function previousRelease(releases: readonly Release[], now: readonly Content[]): Release | undefined {
  const states = releases.map((release) => asOf(releases, release));
  const current = states.findIndex(({ contents }) => isThere(contents, now));
  return states.slice(current + 1).find((state) => isGood(state) && !isThere(state.contents, now));
}

/**
 * The good release to put back when what is there now is broken. Undefined when there is none, and when what is broken
 * is itself proven: then it suffers from something else than its images.
 * @param now the images of the workloads that are going to be changed; what is to be put back concerns no others
 * @param broken those of them that are not healthy
 */
export function lastGood(releases: readonly Release[], now: readonly Content[], broken: ReadonlySet<string>): Release | undefined {
  const suspects = new Set(now.filter((each) => broken.has(each.subject) && !areGood(releases, [each])).map(placeOf));
  const places = new Set(now.map(placeOf));
  return releases.map((release, index) => put(releases.slice(index), release, (each) => places.has(placeOf(each))))
    .find((state) => isGood(state) && state.contents.some((each) => suspects.has(placeOf(each)) && !state.unverified?.includes(each.subject)));
}

/** Whether each of these images has been seen to serve, and nobody went back from it since. */
export function areGood(releases: readonly Release[], contents: readonly Content[]): boolean {
  const proven = releases.filter((release) => release.verified)
    .flatMap((release) => release.contents.filter(({ subject }) => !release.unverified?.includes(subject)));
  const good = new Set(proven.filter(({ withdrawnAt }) => withdrawnAt === undefined).map(placed));
  return contents.every((each) => good.has(placed(each)));
}

/** The releases that were made after this one. Its own place, when it is not in the list, is told by its time. */
function since(releases: readonly Release[], release: Release): readonly Release[] {
  const itself = releases.findIndex(({ at, reference }) => at === release.at && reference === release.reference);
  const before = itself === -1 ? releases.findIndex(({ at }) => Date.parse(at) <= Date.parse(release.at)) : itself;
  return before === -1 ? releases : releases.slice(0, before);
}

/**
 * The releases after somebody went back to one of them, on the workloads that it names. The images that were left, and
 * those of the releases since that were passed over, are withdrawn, in whichever release they stand.
 * @param before the images that were there
 */
export function withdraw(releases: readonly Release[], to: Release, before: readonly Content[], at: string): Release[] {
  const wanted = new Map(to.contents.map((each) => [placeOf(each), placed(each)]));
  const passed = [...before, ...since(releases, to).flatMap(({ contents }) => contents)];
  const left = new Set(passed.filter((each) => (wanted.get(placeOf(each)) ?? placed(each)) !== placed(each)).map(placed));
  const mark = (each: Content): Content => (left.has(placed(each)) ? { ...each, withdrawnAt: each.withdrawnAt ?? at } : each);
  return releases.map((release) => ({ ...release, contents: release.contents.map(mark) }));
}

/** The workloads that later releases have set, and of which nothing is recorded that is as old as this one. */
export function notAsOld(releases: readonly Release[], release: Release): string[] {
  const wanted = new Set(release.contents.map(placeOf));
  return [...new Set(since(releases, release).flatMap(({ contents }) => contents.filter((each) => !wanted.has(placeOf(each))).map(({ subject }) => subject)))];
}
