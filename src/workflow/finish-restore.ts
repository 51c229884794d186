import { messageOf } from '../outcome/wording.js';
import { within } from '../ports/within.js';
import { AppFence } from './app-fence.js';
import { DataLocks } from './data-locks.js';
import { openDataSession, type OpenDataSession } from './data-session.js';
import { asDeployError } from './failure.js';
import type { Run } from './run.js';

/** Either the locks are still ours, or another run has them and starts the app. There is no need to wait for that. */
const lockForMs = 1000;
/** A post step has little time. */
const databaseForMs = 60_000;

/**
 * Finishes a restore whose main step was stopped or killed: starts the app again, and removes what was not exchanged yet. The database has
 * all data of one moment, whenever that was.
 * @returns whether the app is started again, by this run or another
 */
export async function finishRestore(given: Run, open: OpenDataSession = openDataSession): Promise<boolean> {
  const run = { ...given, config: { ...given.config, lockTimeoutMs: lockForMs } };
  const { log } = run.ports;
  const { databases: [database], restore } = run.config;
  if (!database || !restore) return true;
  const session = open(run, 'restore-failed', 'restore');
  const locks = restore.fence.length > 0 ? DataLocks.ofApp(run, session, database, 'restored') : DataLocks.ofDatabase(run, session, database, 'restored');
  try {
    await locks.take();
    log.info('The main step was stopped during a restore: starting what it has stopped, and removing what was not exchanged.');
    const notes = await new AppFence(run, session, restore.fence).lower();
    await within(run.ports.clock, { ms: databaseForMs, late: () => new Error('the database did not answer in time'), signal: run.ports.cancelled }, async (signal) => {
      const { database: opened } = await session.database(database);
      for (const removed of await opened.removeLeft(signal)) log.info(`${removed} is removed`);
    }).catch((error: unknown) => {
      log.warning(`What the restore of ${database.name} had not exchanged could not be removed: ${messageOf(error)}. The next restore removes it.`);
    });
    return notes.length === 0;
  } catch (error) {
    if (asDeployError(error).code !== 'locked') throw error;
    log.warning(`The main step was stopped during a restore. ${messageOf(error)} That run starts what this one has stopped.`);
    return true;
  } finally {
    await locks.release();
    await session.close();
  }
}
