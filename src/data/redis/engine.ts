import type { DataContext, Database, Engine, Login } from '../engine.js';
import type { Place } from '../place.js';
import { checkDump } from './check.js';
import { dumpOf } from './dump.js';
import { isMaster, keyspaceOf, openServer, readInfo } from './facts.js';
import { databaseOf } from './login.js';
import { removeLeft, restorationOf } from './restoration.js';
import type { At } from './run.js';
import { startScratch } from './scratch.js';
import { inSession } from './session.js';

/** Redis 6 and later, and servers that behave as it does. Its dumps have all logical databases of a server; a restore takes one of them. */
export const redis: Engine = {
  engine: 'redis',
  extension: 'rdb',
  open,
  isPrimary: (context, place, login) => isMaster({ context, place, login }),
  startServer: startScratch,
};

async function open(context: DataContext, place: Place, login: Login): Promise<Database> {
  const at: At = { context, place, login };
  const { server } = await openServer(at);
  return {
    server,
    words: `database ${databaseOf(login)} of Redis ${server.version} at ${place.words}`,
    dump: (options, signal) => dumpOf(at, server, options, signal),
    check: (dump, facts, signal) => checkDump(at, dump, facts, signal),
    removeLeft: (signal) => removeLeft(at, signal),
    holds: (signal) => inSession(at, 'The look at the data', signal, async (session) => {
      const { keys } = keyspaceOf(await readInfo(session))[databaseOf(login)] ?? { keys: 0 };
      return keys === 0 ? undefined : `${keys.toLocaleString('en-US')} ${keys === 1 ? 'key' : 'keys'}`;
    }),
    restoration: (dump, facts) => restorationOf(at, dump, facts),
  };
}
