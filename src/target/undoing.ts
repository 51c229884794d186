import { messageOf, sentence } from '../outcome/wording.js';
import type { Clock } from '../ports/clock.js';
import { unlessAborted, within } from '../ports/within.js';
import { DeployError } from '../outcome/errors.js';
import type { UndoJournal, Undone } from './target.js';

/** How long an undo waits for the record at its end. The record is for the next run: changes of the target never wait for it. */
export const recordWithinMs = 2000;

/** The write of the record, which runs in parallel with the undo. `done` once it has succeeded or failed. */
interface Recording {
  readonly settled: Promise<void>;
  readonly done: boolean;
  readonly failure?: string;
}

function recording(journal: Pick<UndoJournal, 'restoring'>): Recording {
  const state: { done: boolean; failure?: string; settled: Promise<void> } = { done: false, settled: Promise.resolve() };
  state.settled = journal.restoring().catch((error: unknown) => void (state.failure = messageOf(error))).finally(() => (state.done = true));
  return state;
}

/** Notes about a record that was not written, or not in time. */
async function unrecorded(recorded: Recording, clock: Clock): Promise<string[]> {
  const limit = { ms: recordWithinMs, late: () => new Error('the record was not written in time') };
  await within(clock, limit, (signal) => unlessAborted(recorded.settled, signal)).catch(() => undefined);
  if (!recorded.done) return ['The record could not be written in time.'];
  return recorded.failure === undefined ? [] : [`The record could not be written: ${recorded.failure}.`];
}

/** The result of an undo, without its times and notes about the record. */
type Result = Partial<Undone> & Pick<Undone, 'result'>;

/** An undo in progress, to which the work reports its progress. */
export interface Undoing {
  /** To be called before anything is restored. Writes that into the record, without waiting for it. */
  begin(): void;
  /** The previous version is restored, but not verified yet. */
  restored(): void;
  /** Adds sentences about what was done or seen to the notes of any result. */
  note(...sentences: readonly string[]): void;
}

/**
 * Measures the times of an undo, and turns an error into a result. Does not reject.
 * @param subjects that it may change
 */
export async function undoing(
  clock: Clock, journal: Pick<UndoJournal, 'restoring'>, subjects: readonly string[], work: (undo: Undoing) => Promise<Result>,
): Promise<Undone> {
  const startedAt = clock.monotonic();
  const elapsed = (): number => clock.monotonic() - startedAt;
  const said: string[] = [];
  let recorded: Recording | undefined;
  let restoredAfterMs: number | undefined;
  const undo: Undoing = {
    begin: () => { recorded ??= recording(journal); },
    restored: () => { restoredAfterMs ??= elapsed(); },
    note: (...sentences) => { said.push(...sentences); },
  };
  const { result, notes = [], ...more } = await work(undo).catch((error: unknown) => failed(error, subjects));
  const tookMs = elapsed();
  const verifiedAfterMs = result === 'restored' ? tookMs - (restoredAfterMs ?? 0) : undefined;
  const unwritten = recorded ? await unrecorded(recorded, clock) : [];
  return { evidence: [], untouched: [], restoredAfterMs, verifiedAfterMs, tookMs, ...more, result, notes: [...unwritten, ...said, ...notes] };
}

const failed = (error: unknown, changed: readonly string[]): Result =>
  ({ result: 'failed', notes: [sentence(messageOf(error))], evidence: error instanceof DeployError ? error.evidence : [], changed });
