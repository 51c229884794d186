import { placedImage, placeOf, type Release, type ReleasedImage } from './ledger.js';

/*
 * What the list of releases, newest first, says of earlier times. A release names the containers that it set, which need
 * not be all of the app. So the app as it was when a release had been made is put together: of each container the image
 * that this release, or else the newest one before it, had put there.
 */

/** The releases as far as they concern these workloads. */
export const ofWorkloads = (releases: readonly Release[], refs: ReadonlySet<string>): Release[] =>
  releases.map((release) => ({ ...release, images: release.images.filter(({ workload }) => refs.has(workload)) })).filter(({ images }) => images.length > 0);

/** Whether these images are there now. A container that is gone tells nothing, unless there is no other. */
export function isThere(images: readonly ReleasedImage[], now: readonly ReleasedImage[]): boolean {
  const held = new Map(now.map((each) => [placeOf(each), placedImage(each)]));
  const known = images.filter((each) => held.has(placeOf(each)));
  return known.length > 0 && known.every((each) => held.get(placeOf(each)) === placedImage(each));
}

/**
 * The app as it was when a release had been made, as far as that release or a later one has set it since: what nobody
 * has touched in the meantime is not this release's to put back.
 */
export function asOf(releases: readonly Release[], release: Release): Release {
  const index = releases.indexOf(release);
  const touched = new Set(releases.slice(0, index + 1).flatMap(({ images }) => images.map(placeOf)));
  return index === -1 ? release : put(releases.slice(index), release, (each) => touched.has(placeOf(each)));
}

/** Of each container the newest image. It is proven when every release is that has put one of them there, or had nothing to prove it by. */
function put(releases: readonly Release[], as: Release, concerns: (image: ReleasedImage) => boolean): Release {
  const images = new Map<string, ReleasedImage>();
  const repositories = new Set<string | undefined>();
  const unverified = new Set<string>();
  let proven = true;
  for (const release of releases) {
    const added = release.images.filter((each) => concerns(each) && !images.has(placeOf(each)));
    for (const each of added) images.set(placeOf(each), each);
    if (added.length > 0) repositories.add(release.repository);
    for (const { workload } of added) if (release.unverified?.includes(workload)) unverified.add(workload);
    // What nothing ran with is not proven, and nothing speaks against it either.
    if (added.length > 0 && !release.proven && !release.unverified) proven = false;
  }
  const [repository] = repositories.size === 1 ? repositories : [];
  return { ...as, proven, repository, images: [...images.values()], unverified: unverified.size > 0 ? [...unverified] : undefined };
}

/** Nobody went back from any of its images, and all of them have been seen to serve, where anything ran. */
const isGood = ({ proven, images }: Release): boolean => proven && images.every(({ withdrawnAt }) => withdrawnAt === undefined);

/**
 * The release to go back to: the newest one which is good and is not what is there now. When what is there is itself a
 * release, only older ones count. Together with `withdraw` this goes further back each time, and not to and fro.
 * @returns as it was then, with what earlier releases had put beside its own images
 */
export function previousRelease(releases: readonly Release[], now: readonly ReleasedImage[]): Release | undefined {
  const states = releases.map((release) => asOf(releases, release));
  const current = states.findIndex(({ images }) => isThere(images, now));
  return states.slice(current + 1).find((state) => isGood(state) && !isThere(state.images, now));
}

/**
 * The good release to put back when what is there now is broken. Undefined when there is none, and when what is broken
 * is itself proven: then it suffers from something else than its images.
 * @param now the images of the workloads that are going to be changed; what is to be put back concerns no others
 * @param broken those of them that are not healthy
 */
export function lastGood(releases: readonly Release[], now: readonly ReleasedImage[], broken: ReadonlySet<string>): Release | undefined {
  const suspects = new Set(now.filter((each) => broken.has(each.workload) && !areGood(releases, [each])).map(placeOf));
  const places = new Set(now.map(placeOf));
  return releases.map((release, index) => put(releases.slice(index), release, (each) => places.has(placeOf(each))))
    .find((state) => isGood(state) && state.images.some((each) => suspects.has(placeOf(each)) && !state.unverified?.includes(each.workload)));
}

/** Whether each of these images has been seen to serve, and nobody went back from it since. */
export function areGood(releases: readonly Release[], images: readonly ReleasedImage[]): boolean {
  const proven = releases.filter((release) => release.proven)
    .flatMap((release) => release.images.filter(({ workload }) => !release.unverified?.includes(workload)));
  const good = new Set(proven.filter(({ withdrawnAt }) => withdrawnAt === undefined).map(placedImage));
  return images.every((each) => good.has(placedImage(each)));
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
export function withdraw(releases: readonly Release[], to: Release, before: readonly ReleasedImage[], at: string): Release[] {
  const wanted = new Map(to.images.map((each) => [placeOf(each), placedImage(each)]));
  const passed = [...before, ...since(releases, to).flatMap(({ images }) => images)];
  const left = new Set(passed.filter((each) => (wanted.get(placeOf(each)) ?? placedImage(each)) !== placedImage(each)).map(placedImage));
  const mark = (each: ReleasedImage): ReleasedImage => (left.has(placedImage(each)) ? { ...each, withdrawnAt: each.withdrawnAt ?? at } : each);
  return releases.map((release) => ({ ...release, images: release.images.map(mark) }));
}

/** The workloads that later releases have set, and of which nothing is recorded that is as old as this one. */
export function notAsOld(releases: readonly Release[], release: Release): string[] {
  const wanted = new Set(release.images.map(placeOf));
  return [...new Set(since(releases, release).flatMap(({ images }) => images.filter((each) => !wanted.has(placeOf(each))).map(({ workload }) => workload)))];
}
