import { parseReference, sameRepository } from '../image/reference.js';
import { placed, placeOf, type Ledger, type Release, type Content } from './ledger.js';
import type { Config } from '../config/config.js';
import { both } from '../config/kit/checked.js';
import { settingText } from '../outcome/place-words.js';

/*
 * Two apps can have the same name, because without `app` it is the last part of the image. They then share a record and a
 * lock, and the repository tells their releases apart.
 */

const same = (a: string, b: string): boolean => a === b || sameRepository(a, b);

/** Older records do not have the repository, so it is taken from the image, whose name admission may have changed. */
const repositoryOf = (release: Pick<Release, 'repository'>, { version }: Pick<Content, 'version'>): string =>
  release.repository ?? parseReference(version)?.name ?? version;

/** Place → the repository of the newest release that set it. */
function ownersOf(releases: readonly Release[]): ReadonlyMap<string, string> {
  const oldestFirst = [...releases].reverse();
  return new Map(oldestFirst.flatMap((release) => release.contents.map((each) => [placeOf(each), repositoryOf(release, each)] as const)));
}

/** The repositories to which the containers of these releases belong now. */
export const repositoriesIn = (releases: readonly Release[]): string[] =>
  [...ownersOf(releases).values()].filter((each, index, all) => all.findIndex((other) => same(each, other)) === index);

/** The releases of one repository, as far as they concern containers that are still its own. */
export function ofRepository(releases: readonly Release[], repository: string): Release[] {
  const owners = ownersOf(releases);
  const isOwn = (each: Content): boolean => same(owners.get(placeOf(each)) ?? '', repository);
  return releases.filter((release) => release.repository === undefined || same(release.repository, repository))
    .map((release) => ({ ...release, contents: release.contents.filter(isOwn) })).filter(({ contents }) => contents.length > 0);
}

/**
 * Whether a container runs an image of the repository: by its name, or by a digest that one of the releases of the
 * repository put there, as a cluster may pull it under another name.
 * @param own the releases of the repository
 */
export function runsRepository(now: Content, repository: string, own: readonly Release[]): boolean {
  return same(repositoryOf({}, now), repository) || own.some(({ contents }) => contents.some((each) => placed(each) === placed(now)));
}

/** The repositories of the last run of a record. */
export const repositoriesOfRun = ({ run }: Pick<Ledger, 'run'>): string[] =>
  [...new Set(run.after.map((each) => repositoryOf(run, each)))];

/** Repositories under this name in the record, when the one that is given is not among them; empty otherwise. */
export function othersUnderName(ledger: Ledger | undefined, repository: string): string[] {
  if (!ledger) return [];
  const known = [...new Set([...repositoriesIn(ledger.releases), ...repositoriesOfRun(ledger)])];
  return known.some((each) => same(each, repository)) ? [] : known;
}

/** Whether the last run of the record was of this repository, and of no other. */
export const isRunOf = (ledger: Pick<Ledger, 'run'>, repository: string): boolean => repositoriesOfRun(ledger).every((each) => same(each, repository));

/**
 * The warning of a first deployment that finds the record of another repository: without `app`, the name is the last part of
 * the image, so `shop/api` and `billing/api` are both called `api`.
 */
export function sharedRecord({ app, image }: Pick<Config, 'app' | 'image'>, { ledger, namespace }: { readonly ledger: Ledger | undefined; readonly namespace?: string }): string[] {
  const others = image === undefined ? [] : othersUnderName(ledger, image);
  if (others.length === 0) return [];
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  return [
    `The record of ${app}${where} belongs to ${both(others)}, not to ${image}. Apps with the same name share the record and the lock: `
    + `set a different ${settingText('app')} for each.`,
  ];
}
