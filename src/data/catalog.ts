import type { BackupChoice } from '../config/values/backup-choice.js';
import { both } from '../config/kit/checked.js';
import { didYouMean } from '../config/kit/did-you-mean.js';
import { textOf } from '../ports/http.js';
import { StoreError, type ObjectStore, type StoredObject } from '../store/store.js';
import { DataError } from './error.js';
import { manifestNames, readManifest, type Manifest } from './manifest.js';

/** A backup whose manifest can be read, with what it takes in the store. */
export interface CatalogedBackup {
  readonly database: string;
  readonly name: string;
  /** The moment that it shows, ms since 1970. */
  readonly at: number;
  readonly manifest: Manifest;
  /** Its objects in the store, with its manifest. Each has the name that the manifest gives it, and some may be missing. */
  readonly objects: readonly StoredObject[];
}

/** All that is known of a store. */
export interface Catalog {
  /** Newest first. */
  readonly backups: readonly CatalogedBackup[];
  /** Those of other apps and environments that keep their backups in the same place, newest first: never chosen, counted or removed. */
  readonly others: readonly CatalogedBackup[];
  /** What has a manifest that cannot be used, and why, as a sentence. */
  readonly unreadable: readonly { readonly database: string; readonly name: string; readonly reason: string }[];
  /** Objects of this action that belong to no backup: of a run that was interrupted, or of one that is in progress. */
  readonly leftovers: readonly StoredObject[];
  /** Objects that this action has not written. */
  readonly strangers: number;
}

export interface CatalogOptions {
  readonly signal: AbortSignal;
  /** Only the backups of this database; all of them unless given. */
  readonly database?: string;
  /** Only what was backed up for this app and this environment is of `backups`; all of it unless given. */
  readonly origin?: Owner;
  /** Public key, PEM: then a manifest that is not signed with its private key cannot be used. */
  readonly signedBy?: string;
}

interface Owner {
  readonly app: string;
  /** Of the settings file, if it has any. */
  readonly environment?: string;
}

/** Whether an object of this name is written by this action: its store takes it, and the settings the name of its database. For `openStore`. */
export const isBackupObject = (name: string): boolean =>
  /^[a-z0-9-]{1,40}\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-[0-9a-f]{1,40}\/(?!\.{1,2}$)[\w.=@+-]{1,200}$/.test(name);

/** Manifests that are read beside each other. */
const beside = 16;
/** A manifest has the rows of every table. Bytes. */
const largest = 16 * 1024 * 1024;

/**
 * Reads the manifests of a store: they are the backups. What others keep in the same place is not touched.
 * @throws StoreError when the store cannot be listed or read; DataError config-invalid for a public key that is none
 */
export async function readCatalog(store: ObjectStore, { signal, database, origin, signedBy }: CatalogOptions): Promise<Catalog> {
  const folders = new Map<string, StoredObject[]>();
  let strangers = 0;
  for await (const object of store.list(database === undefined ? '' : `${database}/`, signal)) {
    if (!isBackupObject(object.name)) {
      strangers += 1;
      continue;
    }
    const folder = object.name.slice(0, object.name.lastIndexOf('/'));
    folders.set(folder, [...folders.get(folder) ?? [], object]);
  }
  const read = await inParallel([...folders.values()], beside, (objects) => readBackup(store, objects, signedBy, signal));
  const all = read.flatMap(({ backup }) => backup ?? []).sort((a, b) => b.at - a.at || byText(b.name, a.name) || byText(a.database, b.database));
  const isOwn = ({ manifest: { origin: of } }: CatalogedBackup): boolean => !origin || (of.app === origin.app && of.environment === origin.environment);
  return {
    backups: all.filter(isOwn), others: all.filter((backup) => !isOwn(backup)),
    unreadable: read.flatMap(({ unreadable }) => unreadable ?? []), leftovers: read.flatMap(({ leftovers }) => leftovers ?? []), strangers,
  };
}

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

interface ReadBackup {
  readonly backup?: CatalogedBackup;
  readonly unreadable?: Catalog['unreadable'][number];
  readonly leftovers?: readonly StoredObject[];
}

/** @param objects those in the folder of one backup */
async function readBackup(store: ObjectStore, objects: readonly StoredObject[], signedBy: string | undefined, signal: AbortSignal): Promise<ReadBackup> {
  const found = objects.find(({ name }) => manifestNames(name));
  const of = found && manifestNames(found.name);
  if (!of) return { leftovers: objects };
  try {
    const manifest = readManifest(await textOf({ body: store.get(found.name, signal) }, largest), of, signedBy);
    const known = [found.name, ...manifest.objects.map(({ name }) => name)];
    const [own, others] = [objects.filter(({ name }) => known.includes(name)), objects.filter(({ name }) => !known.includes(name))];
    return { backup: { ...of, at: Date.parse(manifest.snapshotAt), manifest, objects: own }, leftovers: others };
  } catch (error) {
    // Removed by another run since it was listed.
    if (error instanceof StoreError && error.trouble === 'missing') return {};
    const isOfManifest = (error instanceof StoreError && error.trouble === 'corrupt') || (error instanceof DataError && error.code === 'restore-failed');
    if (!isOfManifest) throw error;
    return { unreadable: { ...of, reason: `${error.message}${error instanceof StoreError ? '.' : ''}` } };
  }
}

/** The results in the order of the items. After the first error no other work is begun. */
async function inParallel<T, R>(items: readonly T[], count: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    try {
      while (next < items.length) {
        const index = next;
        next += 1;
        results[index] = await work(items[index] as T);
      }
    } catch (error) {
      next = items.length;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker));
  return results;
}

/** Whether all objects of a backup are in the store, with the sizes that they were stored with. The missing ones, by their names. */
export const missingObjects = ({ manifest, objects }: CatalogedBackup): readonly string[] =>
  manifest.objects.filter(({ name, stored }) => !objects.some((object) => object.name === name && object.bytes === stored.bytes)).map(({ name }) => name);

/** So much the clocks of two machines may differ, ms. */
const clocksDifferMs = 600_000;

/** Whether it can be of the past. One that is not was made while a clock was wrong, and would be the newest one for years. */
export const isPast = ({ at }: Pick<CatalogedBackup, 'at'>, now: number): boolean => at <= now + clocksDifferMs;

/** What is wanted, and from where. */
export interface Choosing {
  readonly database: string;
  readonly choice: BackupChoice;
  /** Of the store. */
  readonly address: string;
  /** ms since 1970. */
  readonly now: number;
}

/**
 * The backup that is meant. With `latest` and a time, it is one that was restored for its verification, or at least read to its end,
 * whose objects are all there. One of another app or environment is only chosen by its name.
 * @throws DataError restore-failed with the backups that exist
 */
export function chooseBackup({ backups, others, unreadable }: Catalog, { database, choice, address, now }: Choosing): CatalogedBackup {
  const isOfIt = (each: { readonly database: string }): boolean => each.database === database;
  const [all, foreign, broken] = [backups.filter(isOfIt), others.filter(isOfIt), unreadable.filter(isOfIt)];
  if (choice.by === 'name') {
    const found = [...all, ...foreign].find(({ name }) => name === choice.name);
    if (found) return complete(found, address);
    const reason = broken.find(({ name }) => name === choice.name)?.reason;
    if (reason !== undefined) throw new DataError('restore-failed', reason, { hint: existing(all) });
    const near = didYouMean(choice.name, all.map(({ name }) => name));
    throw new DataError('restore-failed', `${address} has no backup ${choice.name} of ${database}.`, { hint: `${near === undefined ? '' : `Did you mean ${near}? `}${existing(all)}` });
  }
  const candidates = all.filter((each) => missingObjects(each).length === 0 && (choice.by === 'latest' ? isPast(each, now) : each.at < choice.before));
  const [newest] = candidates;
  if (newest) return newest;
  const when = choice.by === 'time' ? ` before ${new Date(choice.before).toISOString().replace('.000', '')}` : '';
  const more = broken.length > 0 ? ` ${broken.length} cannot be read: ${broken[0]?.reason}` : '';
  const hint = all.length > 0 ? existing(all) : foreign[0] ? ofOthers(foreign[0]) : otherDatabases(backups, database);
  throw new DataError('restore-failed', `${address} has no backup of ${database}${when}.${more}`, { hint });
}

/** Whose backup it is: `api`, `api in staging`. */
export const ownerOf = ({ origin: { app, environment } }: Manifest): string => (environment === undefined ? app : `${app} in ${environment}`);

/** What else is kept in a place, by database and owner, in sentences. */
export function othersIn({ others }: Catalog, databases: readonly string[], address: string): readonly string[] {
  const wanted = others.filter(({ database }) => databases.includes(database)).map(({ database, manifest }) => `${database} of ${ownerOf(manifest)}`);
  return [...new Set(wanted)].map((whose) => {
    const count = wanted.filter((each) => each === whose).length;
    return `${address} also has ${count} ${count === 1 ? 'backup' : 'backups'} of ${whose}. This run neither uses nor removes them.`;
  });
}

const ofOthers = ({ name, manifest }: CatalogedBackup): string =>
  `The newest one there is of ${ownerOf(manifest)}. Run for that app and environment if it is meant, or give its name, ${name}, to restore it here.`;

function complete(backup: CatalogedBackup, address: string): CatalogedBackup {
  const missing = missingObjects(backup);
  if (missing.length === 0) return backup;
  throw new DataError('restore-failed', `The backup ${backup.name} of ${backup.database} is not complete: ${address} has no ${missing.join(' and ')} of the size in its manifest.`, {
    hint: 'Choose another backup. If the store has versions, look for removed ones of this object.',
  });
}

function existing(all: readonly CatalogedBackup[]): string {
  if (all.length === 0) return 'There are no backups of this database.';
  const names = all.map(({ name }) => name);
  if (names.length <= 4) return `There ${names.length === 1 ? 'is' : 'are'} ${both(names)}.`;
  return `There are ${names.slice(0, 3).join(', ')} and ${names.length - 3} older ones, the oldest ${names.at(-1)}.`;
}

function otherDatabases(backups: readonly CatalogedBackup[], database: string): string {
  const names = [...new Set(backups.map((each) => each.database))].sort();
  if (names.length === 0) return 'It has no backups at all: check `backup.to`.';
  const near = didYouMean(database, names);
  return `It has backups of ${names.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`;
}
