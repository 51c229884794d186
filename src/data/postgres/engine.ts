import type { DataContext, Database, Engine, Login } from '../engine.js';
import type { Place } from '../place.js';
import { checkDump } from './check.js';
import { copyOf } from './copy.js';
import { readMigration } from './contents.js';
import { dumpOf } from './dump.js';
import { readHolding } from './holding.js';
import { isReplica, readServer } from './facts.js';
import { lookAtPointInTime } from './point-in-time/look.js';
import { programsFor } from './programs.js';
import { removeLeft, restorationOf } from './restoration.js';
import type { At } from './run.js';
import { startScratch } from './scratch.js';
import { inSession } from './session.js';

/** PostgreSQL 12 and later. */
export const postgres: Engine = {
  engine: 'postgres',
  extension: 'dump',
  open,
  isPrimary: async (context, place, login) => !(await isReplica({ context, place, login })),
  programs: programsFor,
  startServer: startScratch,
};

async function open(context: DataContext, place: Place, login: Login): Promise<Database> {
  const at: At = { context, place, login };
  const server = await readServer(at);
  return {
    server,
    words: `database "${login.database}" of PostgreSQL ${server.version} at ${place.words}`,
    dump: (options, signal) => dumpOf(at, server, options, signal),
    check: (dump, facts, signal) => checkDump(at, dump, facts, signal),
    pointInTime: (wish, signal) => lookAtPointInTime(at, wish, signal),
    holds: (signal) => inSession(at, 'The look at the data', signal, readHolding),
    migration: (signal) => inSession(at, 'The look at the last migration', signal, readMigration),
    removeLeft: (signal) => removeLeft(at, signal),
    copy: (copyPlace, listening, signal) => copyOf(at, server, copyPlace, listening, signal),
    port: Number(server.settings.port ?? 5432),
    restoration: (dump, facts) => restorationOf(at, server, dump, facts),
  };
}
