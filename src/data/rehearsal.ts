import { messageOf } from '../outcome/wording.js';
import type { Spool } from '../ports/disk.js';
import type { CopySeen, DatabaseCopy, DumpFacts } from './engine.js';
import { DataError } from './error.js';
import type { Rehearsal, Unseen } from './migration.js';
import type { OpenedDatabase } from './opened.js';
import type { CopyPlace } from './place.js';

/** Names of the database, besides those that are found, and its port if it is not the one that is found. */
export interface RehearsalSettings {
  readonly hosts: readonly string[];
  readonly port?: number;
}

/** Finds where the copy of a database can run. Reads only. @throws DataError with what is missing */
export async function placeForCopy({ reach, database, config }: OpenedDatabase, settings: RehearsalSettings, signal: AbortSignal): Promise<CopyPlace> {
  if (!reach.besideCommand || !database.copy) {
    throw new DataError('config-invalid', `The migration of ${config.name} cannot be tried on a copy: its database is not a PostgreSQL in a pod.`, { hint: 'Set `migrate.rehearse` to false.' });
  }
  return reach.besideCommand({ bytes: database.server.bytes, serverPort: database.port ?? 5432, ...settings }, signal);
}

export interface Rehearsing {
  readonly opened: OpenedDatabase;
  readonly place: CopyPlace;
  /** The backup, and whoever has opened it closes it. */
  readonly backup: { readonly name: string; readonly spool: Spool; readonly facts: DumpFacts };
  readonly timeoutMs: number;
}

/** A copy that is made when the pod of the command is there, and gone when that is. */
export function rehearsalOf({ opened, place, backup, timeoutMs }: Rehearsing): Rehearsal {
  let copy: DatabaseCopy | undefined;
  let seen: CopySeen | Unseen = { why: 'the command did not end beside it' };
  const sidecar = place.sidecar({
    timeoutMs,
    prepare: async (scratch, signal) => {
      copy = await opened.database.copy?.(scratch, place, signal);
      await copy?.restore(backup.spool, backup.facts, signal);
    },
    // Without an answer, nothing is known of the copy: then the rehearsal has shown nothing.
    conclude: async (signal) => {
      if (copy) seen = await copy.seen(signal).catch((error: unknown) => ({ why: messageOf(error).replace(/\.$/, '') }));
    },
  });
  return { sidecar, words: `a restored copy of ${opened.config.name}`, hosts: place.hosts, seen: () => seen };
}
