import { messageOf } from '../outcome/wording.js';
import { StoreError, type ObjectStore, type StoredObject } from '../store/store.js';
import type { Catalog, CatalogedBackup } from './catalog.js';
import type { KeepingPlan } from './keep.js';
import { objectNames } from './manifest.js';

/** Objects that belong to no backup may be those of a run that is in progress. ms */
const youngestLeftoverMs = 24 * 3_600_000;

export interface Pruning {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  readonly plan: KeepingPlan;
  /** ms since 1970, by the clock of this machine. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** What was removed. */
export interface Pruned {
  readonly backups: readonly CatalogedBackup[];
  /** Objects that belonged to no backup, by their names. */
  readonly leftovers: readonly string[];
  /** Bytes that were freed, as far as the store does not keep versions. */
  readonly bytes: number;
  /** What could not be removed, as sentences: it is no failure, the next run tries it again. */
  readonly notes: readonly string[];
}

/**
 * Removes the backups that do not stay, the oldest first, and what interrupted runs have left. Of each backup the manifest goes first: what is interrupted
 * then leaves no backup that cannot be restored.
 * @throws StoreError when the store does not do it, except for what it still has to keep; what the signal aborts with
 */
export async function prune({ store, catalog, plan, now, signal }: Pruning): Promise<Pruned> {
  const removed: CatalogedBackup[] = [];
  const notes: string[] = [];
  let bytes = 0;
  const remove = async (object: StoredObject): Promise<boolean> => {
    try {
      await store.remove(object.name, signal);
      bytes += object.bytes;
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || error.trouble !== 'retained') throw error;
      notes.push(`${messageOf(error)}. ${error.hint}`);
      return false;
    }
  };
  const going = plan.keeping.filter(({ backup, stays }) => !stays && plan.refusals[backup.database] === undefined).map(({ backup }) => backup);
  for (const backup of going.sort((a, b) => a.at - b.at)) {
    const manifest = objectNames(backup.database, backup.name).manifest;
    const [first, rest] = [backup.objects.filter(({ name }) => name === manifest), backup.objects.filter(({ name }) => name !== manifest)];
    if (!(await removeAll(first, remove))) continue;
    // What is retained of its data is a leftover from now on.
    await removeAll(rest, remove);
    removed.push(backup);
  }
  const leftovers: string[] = [];
  for (const object of catalog.leftovers) if (now - object.changedAt > youngestLeftoverMs && await remove(object)) leftovers.push(object.name);
  return { backups: removed, leftovers, bytes, notes };
}

async function removeAll(objects: readonly StoredObject[], remove: (object: StoredObject) => Promise<boolean>): Promise<boolean> {
  let all = true;
  for (const object of objects) all = await remove(object) && all;
  return all;
}
