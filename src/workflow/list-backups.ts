import { keptBackups, planKeeping } from '../data/keep.js';
import { othersIn } from '../data/catalog.js';
import { prune } from '../data/prune.js';
import type { KeptBackup } from '../outcome/data.js';
import { openDataSession, type DataRun, type OpenDataSession } from './data-session.js';

interface Listing {
  /** Whether what does not stay is removed. */
  readonly removes: boolean;
  /** Also if that is more than half of all backups. */
  readonly mayRemoveMost: boolean;
}

interface Listed {
  readonly kept: readonly KeptBackup[];
  /** What could not be read or removed, in sentences. */
  readonly notes: readonly string[];
}

/** The backups of the store, and what the retention makes of each. @throws DeployError, StoreError */
export async function listBackups(run: DataRun, { removes, mayRemoveMost }: Listing, open: OpenDataSession = openDataSession): Promise<Listed> {
  const { ports: { clock, cancelled: signal }, config: { backup, databases } } = run;
  if (!backup) throw new Error('the settings name no place for backups');
  const session = open(run, 'backup-failed', 'prune');
  try {
    const store = await session.store();
    const all = await session.catalog();
    const wanted = databases.map(({ name }) => name);
    const catalog = { ...all, backups: all.backups.filter(({ database }) => wanted.includes(database)) };
    const now = clock.now();
    const plan = planKeeping(catalog, backup.retention, { now, mayRemoveMost });
    const pruned = removes ? await prune({ store, catalog, plan, now, signal }) : undefined;
    return {
      kept: keptBackups(plan, pruned?.backups),
      notes: [...all.unreadable.map(({ reason }) => reason), ...othersIn(all, wanted, store.address), ...Object.values(plan.refusals), ...pruned?.notes ?? []],
    };
  } finally {
    await session.close();
  }
}
