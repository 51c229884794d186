import type { DatabaseConfig } from '../config/config.js';
import { chooseBackup } from '../data/catalog.js';
import { DataError } from '../data/error.js';
import { refuseWithoutKey } from '../data/fetch.js';
import type { Manifest } from '../data/manifest.js';
import type { Outcome, TargetWords } from '../outcome/outcome.js';
import { AppFence } from './app-fence.js';
import { conduct, type Found, type Prepared } from './conduct.js';
import { DataLocks } from './data-locks.js';
import { checkRights } from './data-rights.js';
import { openDataSession, type DataSession, type OpenDataSession } from './data-session.js';
import { Drill } from './drill.js';
import { emptying } from './emptying.js';
import { LiveRestore } from './live-restore.js';
import { makePlan } from './plan.js';
import type { Restoring, Work } from './restoring.js';
import type { Run } from './run.js';

/** Restores a backup of one database: in the place of its data, or, as a drill, into a scratch server. */
export const restore = (run: Run, open: OpenDataSession = openDataSession): Promise<Outcome> => conduct(run, (given, found) => prepare(given, found, open));

const words: TargetWords = { untouched: 'No data was changed.', leftAlone: 'changed no data itself', deployed: '' };

async function prepare(run: Run, found: Found, open: OpenDataSession): Promise<Prepared> {
  found.words = words;
  const session = open(run, 'restore-failed', 'restore');
  try {
    const { database, settings } = settingsOf(run);
    // A dry run needs no name, but one that is wrong would be wrong in the restore, too.
    if (settings.into === 'live' && !(run.config.dryRun && settings.confirm === undefined)) refuseUnconfirmed(database, settings.confirm);
    const work = await workOf(run, session);
    return {
      plan: makePlan(run.config, { stages: work.stages, warnings: [] }), stages: work.stages,
      known: { data: { of: 'restore', backups: [], restores: [], kept: [], ...work.chosen !== undefined && { chosen: work.chosen } } },
      ending: async () => ({ data: { of: 'restore', backups: [], restores: work.results, kept: [] }, undone: work.undone, warnings: [] }),
      close: async () => {
        await work.close();
        await session.close();
      },
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function workOf(run: Run, session: DataSession): Promise<Work> {
  const { backup, database, settings } = settingsOf(run);
  const isLive = settings.into === 'live';
  const refs = isLive && !database.isCache ? settings.fence : [];
  const locks = locksOf(run, session, database);
  const use = { databases: [database], usesScratch: !isLive, locks: isLive ? locks.names : [], fence: refs, asks: isLive && !database.isCache };
  await checkRights(run, session, use);
  const fence = new AppFence(run, session, refs);
  if (!run.config.dryRun) await fence.finishEarlier();
  if (database.isCache && isLive) return emptying(run, session, database, locks);
  const store = await session.store();
  const catalog = await session.catalog(database.name);
  const { manifest } = chooseBackup(catalog, { database: database.name, choice: backup.choice, address: store.address, now: run.ports.clock.now() });
  refuseOtherEngine(database, manifest);
  await refuseWithoutKey({ manifest, ...backup.identity !== undefined && { identity: backup.identity } });
  const opened = await session.database(database);
  const restoring: Restoring = { run, session, backup, store, manifest, opened };
  return isLive ? LiveRestore.checked({ ...restoring, fence, locks }) : new Drill(restoring);
}

/** With workloads that are stopped, the lock of their app too: a rollout would start pods meanwhile. */
function locksOf(run: Run, session: DataSession, database: DatabaseConfig): DataLocks {
  if (database.isCache) return DataLocks.ofDatabase(run, session, database, 'emptied');
  const { settings } = settingsOf(run);
  return settings.fence.length > 0 ? DataLocks.ofApp(run, session, database, 'restored') : DataLocks.ofDatabase(run, session, database, 'restored');
}

function settingsOf({ config: { backup, databases: [database], restore: settings } }: Run) {
  if (!backup || !database || !settings) throw new Error('a restore without settings for it');
  return { backup, database, settings };
}

function refuseOtherEngine({ name, engine }: DatabaseConfig, manifest: Manifest): void {
  if (manifest.engine === engine) return;
  throw new DataError('restore-failed', `The backup ${manifest.name} of ${name} is one of ${manifest.engine}, and ${name} is \`engine: ${engine}\` in the settings.`, { hint: 'Choose another backup, or check `engine` and `backup.to`.' });
}

/** Nothing of a run can be undone that replaces the wrong data. */
function refuseUnconfirmed({ name, database, isCache }: DatabaseConfig, confirm: string | undefined): void {
  if (confirm === database) return;
  const given = confirm === undefined ? 'is not set' : `is "${confirm}"`;
  throw new DataError('config-invalid', `The data of ${name} would be ${isCache ? 'deleted' : 'replaced'}, and \`confirm\` ${given}: it must be the name of the database on its server, "${database}".`, {
    hint: 'Set `confirm` to that name, or `into` to scratch for a drill. A dry run shows what would be done.',
  });
}
