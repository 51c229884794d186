import { ClusterError } from '../outcome/errors.js';
import { JsonError } from '../ports/json.js';
import type { Ports } from '../ports/ports.js';
import type { Ledger } from './ledger.js';
import { formatLedger, parseLedger, whyUnreadable } from './schema.js';
import type { Lock, RecordStore } from './store.js';

/**
 * A record in a file of this machine, which only its owner can read: for targets that can keep none themselves. In the private
 * folder of a run it is found by the post step of the same job, and by nobody else: there is no lock between machines.
 * @param path absolute, in a folder that is there
 */
export function fileStore({ files, clock }: Pick<Ports, 'files' | 'clock'>, path: string): RecordStore {
  /** What stands there as far as this store knows. */
  let known: string | undefined;
  /** Nobody waits for the record of an undo: writes come one after the other, and none goes on beside the next. */
  let writing = Promise.resolve();
  const write = async (text: string): Promise<void> => {
    if ((await files.readText(path)) !== known) throw new ClusterError('superseded', `Another run wrote the record ${path} in the meantime: this run goes no further.`);
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
      hint: 'Look at what the target runs now, and deploy again.', cause: error,
    });
  }
}
