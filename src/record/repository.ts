import { parseReference, sameRepository } from '../image/reference.js';
import { placedImage, placeOf, type Ledger, type Release, type ReleasedImage } from './ledger.js';

/*
 * Two apps can meet under one name: it is the last part of the image unless `app` is given. They share a record and a
 * lock then, and what tells their releases apart is the repository that the run was given.
 */

const same = (a: string, b: string): boolean => a === b || sameRepository(a, b);

/** Records from before the repository was noted say it by the image; admission may have changed the name of that. */
const repositoryOf = (release: Pick<Release, 'repository'>, { image }: Pick<ReleasedImage, 'image'>): string =>
  release.repository ?? parseReference(image)?.name ?? image;

/** Container → the repository of the newest release that set it. */
function ownersOf(releases: readonly Release[]): ReadonlyMap<string, string> {
  const oldestFirst = [...releases].reverse();
  return new Map(oldestFirst.flatMap((release) => release.images.map((each) => [placeOf(each), repositoryOf(release, each)] as const)));
}

/** The repositories to which the containers of these releases belong now. */
export const repositoriesIn = (releases: readonly Release[]): string[] =>
  [...ownersOf(releases).values()].filter((each, index, all) => all.findIndex((other) => same(each, other)) === index);

/** The releases of one repository, as far as they concern containers that are still its own. */
export function ofRepository(releases: readonly Release[], repository: string): Release[] {
  const owners = ownersOf(releases);
  const isOwn = (each: ReleasedImage): boolean => same(owners.get(placeOf(each)) ?? '', repository);
  return releases.filter((release) => release.repository === undefined || same(release.repository, repository))
    .map((release) => ({ ...release, images: release.images.filter(isOwn) })).filter(({ images }) => images.length > 0);
}

/**
 * Whether a container runs an image of the repository: by its name, or by a digest that one of the releases of the
 * repository put there, as a cluster may pull it under another name.
 * @param own the releases of the repository
 */
export function runsRepository(now: ReleasedImage, repository: string, own: readonly Release[]): boolean {
  return same(repositoryOf({}, now), repository) || own.some(({ images }) => images.some((each) => placedImage(each) === placedImage(now)));
}

/** The repositories of the last run of a record. */
export const repositoriesOfRun = ({ run }: Pick<Ledger, 'run'>): string[] =>
  [...new Set(run.targets.flatMap(({ containers }) => containers.map(({ after }) => repositoryOf(run, { image: after }))))];

/** Repositories under this name in the record, when the one that is given is not among them; empty otherwise. */
export function othersUnderName(ledger: Ledger | undefined, repository: string): string[] {
  if (!ledger) return [];
  const known = [...new Set([...repositoriesIn(ledger.releases), ...repositoriesOfRun(ledger)])];
  return known.some((each) => same(each, repository)) ? [] : known;
}

/** Whether the last run of the record was of this repository, and of no other. */
export const isRunOf = (ledger: Pick<Ledger, 'run'>, repository: string): boolean => repositoriesOfRun(ledger).every((each) => same(each, repository));
