import { messageOf } from '../outcome/wording.js';
import type { Clock } from '../ports/clock.js';
import type { UndoJournal } from './target.js';

/** The record is for the next run. For longer than that nobody waits for it, and nothing that changes a target ever does. */
export const recordWithinMs = 2000;

/** The write of the record, which goes on beside the undo. `done` once it is known how it went. */
export interface Recording {
  readonly settled: Promise<void>;
  readonly done: boolean;
  readonly failure?: string;
}

export function recording(journal: Pick<UndoJournal, 'restoring'>): Recording {
  const state: { done: boolean; failure?: string; settled: Promise<void> } = { done: false, settled: Promise.resolve() };
  state.settled = journal.restoring().catch((error: unknown) => void (state.failure = messageOf(error))).finally(() => (state.done = true));
  return state;
}

/** What is to be said of a record that was not written, or not in time. */
export async function unrecorded(recorded: Recording, clock: Clock): Promise<string[]> {
  const over = new AbortController();
  if (!recorded.done) await Promise.race([recorded.settled, clock.sleep(recordWithinMs, over.signal).catch(() => undefined)]);
  over.abort();
  if (!recorded.done) return ['The ledger could not be written in time: the API server does not answer.'];
  return recorded.failure === undefined ? [] : [`The ledger could not be written: ${recorded.failure}.`];
}
