import { messageOf } from '../outcome/wording.js';
import type { Clock } from '../ports/clock.js';
import type { UndoJournal } from './target.js';

/** How long an undo waits for the record at its end. The record is for the next run: changes of the target never wait for it. */
export const recordWithinMs = 2000;

/** The write of the record, which runs in parallel with the undo. `done` once it has succeeded or failed. */
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

/** Notes about a record that was not written, or not in time. */
export async function unrecorded(recorded: Recording, clock: Clock): Promise<string[]> {
  const over = new AbortController();
  if (!recorded.done) await Promise.race([recorded.settled, clock.sleep(recordWithinMs, over.signal).catch(() => undefined)]);
  over.abort();
  if (!recorded.done) return ['The record could not be written in time: the API server does not answer.'];
  return recorded.failure === undefined ? [] : [`The record could not be written: ${recorded.failure}.`];
}
