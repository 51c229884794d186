import { ClusterError } from '../outcome/errors.js';
import { JsonError } from '../ports/json.js';
import type { Ports } from '../ports/ports.js';
import type { Ledger } from './ledger.js';
import { formatLedger, parseLedger, whyUnreadable } from './schema.js';
import type { Lock, RecordStore } from './store.js';

/**
 * A record in a file of this machine, which only its owner can read, for targets that cannot keep one. It is in the private
 * folder of the run, so only the post step of the same job finds it, and there is no lock between machines.
 * @param path absolute, in an existing folder
 */
export function fileStore({ files, clock }: Pick<Ports, 'files' | 'clock'>, path: string): RecordStore {
  /** The content of the file, as far as this store knows. */
  let known: string | undefined;
  /** The last write. Writes run one after the other, because an undo does not wait for its own. */
  let writing = Promise.resolve();
  const write = async (text: string): Promise<void> => {
    if ((await files.readText(path)) !== known) throw new ClusterError('superseded', `Another run wrote the record ${path} in the meantime, so this run stops.`);
    await files.writeText(path, text, 0o600);
    known = text;
  };
  return {
    read: async () => {
      await writing;
      known = await files.readText(path);
      return known === undefined ? undefined : understood(known, path);
    },
    write: (ledger) => {
      const written = writing.then(() => write(formatLedger(ledger)));
      writing = written.catch(() => undefined);
      return written;
    },
    lock: async () => ({ ...ofOneJob, formerHeardAt: clock.monotonic() }),
  };
}

/** The steps of a job run one after the other, and nobody else has the folder of a run. */
const ofOneJob: Omit<Lock, 'formerHeardAt'> = {
  lost: new AbortController().signal, confirm: () => Promise.resolve(), release: () => Promise.resolve(), leave: () => undefined,
};

function understood(text: string, path: string): Ledger {
  try {
    return parseLedger(text, `The record ${path}`);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ClusterError('record-unreadable', `The record ${path} cannot be read: ${whyUnreadable(text, error)}.`, {
      hint: 'Check which version the target runs now, then deploy again.', cause: error,
    });
  }
}
