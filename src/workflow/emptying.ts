import type { DatabaseConfig } from '../config/config.js';
import type { RestoreResult } from '../outcome/data.js';
import type { DataLocks } from './data-locks.js';
import type { DataSession } from './data-session.js';
import { stage, type Work } from './restoring.js';
import { msSince, type Run } from './run.js';

/** A cache is emptied: what it had is made again from elsewhere. */
export function emptying(run: Run, session: DataSession, database: DatabaseConfig, locks: DataLocks): Work {
  const results: RestoreResult[] = [];
  const title = `empty \`${database.name}\`, which is declared a cache: database ${database.database}, on every master`;
  const work = stage('empty the cache', [...locks.step, title], () => locks.within(async () => {
    const { words: compared } = await session.emptyCache(database, locks.signal);
    results.push({ database: database.name, engine: database.engine, backup: '', into: 'emptied', compared, rtoMs: msSince(run), rpoMs: 0 });
  }));
  return { results, stages: [work], close: async () => undefined };
}
