import type { DeployError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { unlessAborted, within } from '../ports/within.js';
import type { Lock } from '../record/store.js';
import { recordWithinMs } from '../target/undoing.js';
import { changedOf } from '../target/rows.js';
import type { Change, UndoJournal, Undone } from '../target/target.js';
import type { Run } from './run.js';
import type { MigrationUndone } from './undo-migration.js';
import { settingText } from '../outcome/place-words.js';

/** Undoes, unless the settings say not to, or another run has taken over: then there is nothing more to do here. */
export async function undoOrLeave(
  run: Run, { change, lock }: { readonly change: Change; readonly lock: Lock }, failure: DeployError,
  restoring: () => Promise<void>, migration: () => Promise<MigrationUndone>,
): Promise<Undone> {
  const subjects = [...new Set(change.recorded().rows.map(({ subject }) => subject))];
  if (run.config.rollback === 'off') {
    const evidence = await change.evidence?.(failure) ?? [];
    const changed = changedOf(change, await change.report());
    const untouched = subjects.filter((subject) => !changed.has(subject));
    // A rejected change has left nothing behind that could be restored.
    if (changed.size === 0) return { result: 'untouched', notes: [], evidence, untouched };
    return { result: 'failed', notes: [`${settingText('rollback')} is off: ${change.words.stays}.`], evidence, untouched };
  }
  const lost = await lostLock(run, lock);
  if (lost && !change.mayHaveChanged()) return { result: 'untouched', notes: [lost], evidence: [], untouched: subjects };
  if (lost) return { result: 'failed', notes: [lost, 'This run restored nothing: the other run does it.'], evidence: [], untouched: [] };
  return undoWith(change, failure, { restoring, resumed: false, continued: run.hasPost }, migration);
}

/**
 * Undoes a change after the migration that it came with: the previous version is restored once the database is one that it can work
 * with, as far as that is possible.
 */
export async function undoWith(change: Change, failure: DeployError, journal: UndoJournal, migration: () => Promise<MigrationUndone>): Promise<Undone> {
  const { result, notes, evidence } = await migration();
  if (result === 'refused' || result === 'failed') {
    const seen = await change.evidence?.(failure) ?? [];
    // A change that the target has rejected has left nothing behind.
    const isTouched = result === 'failed' || changedOf(change, await change.report()).size > 0;
    return { result: isTouched ? 'failed' : 'untouched', notes, evidence: [...seen, ...evidence], untouched: [] };
  }
  const undone = await change.undo(failure, journal);
  return { ...undone, notes: [...notes, ...undone.notes] };
}

/** Why this run no longer has the lock. It does not wait long for an answer: the undo checks what it overwrites anyway. */
async function lostLock({ ports }: Run, lock: Lock): Promise<string | undefined> {
  const limit = { ms: recordWithinMs, late: () => new Error('the lock was not confirmed in time') };
  await within(ports.clock, limit, (signal) => unlessAborted(lock.confirm(), signal)).catch(() => undefined);
  return lock.lost.aborted ? messageOf(lock.lost.reason) : undefined;
}

/** While the request may still be in flight, not seeing the change proves nothing: the next run checks again. */
export const stillUnderWay = ({ config }: Run, undone: Undone): Undone => ({
  ...undone, result: 'failed',
  notes: [...undone.notes, `The change was sent but not answered, so it may still be made. ${config.rollback === 'off' ? `It then stays, because ${settingText('rollback')} is off` : 'It is then rolled back'}.`],
});
