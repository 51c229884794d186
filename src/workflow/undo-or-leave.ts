import type { DeployError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { unlessAborted, within } from '../ports/within.js';
import type { Lock } from '../record/store.js';
import { recordWithinMs } from '../target/undoing.js';
import { changedOf } from '../target/rows.js';
import type { Change, Undone } from '../target/target.js';
import type { Run } from './run.js';
import { settingText } from '../outcome/place-words.js';

/** Undoes, unless the settings say not to, or another run has taken over: then there is nothing more to do here. */
export async function undoOrLeave(
  run: Run, { change, lock }: { readonly change: Change; readonly lock: Lock }, failure: DeployError, restoring: () => Promise<void>,
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
  return change.undo(failure, { restoring, resumed: false, continued: run.hasPost });
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
