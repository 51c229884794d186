import { CancelledError, type DeployError } from '../outcome/errors.js';
import type { Lock } from '../record/store.js';
import { ChangeUnderWay, type Undone } from '../target/target.js';
import { appliedOf, mustUndo } from './migration-marks.js';
import type { Journal, Releasing } from './release-journal.js';
import type { MigrationUndone } from './undo-migration.js';
import { stillUnderWay, undoOrLeave } from './undo-or-leave.js';

/** What becomes of a release that failed, and of the migration before it. */
export class ReleaseUndo {
  /** Another process continues: the post step, or the run that has taken over the lock. */
  isLeft = false;

  constructor(private readonly releasing: Releasing, private readonly journal: Journal) {}

  /** Nothing was deployed. A command that may still run is left to the post step, which waits for its end. */
  async afterMigration(error: unknown, lock: Lock | undefined): Promise<void> {
    const { journal, releasing: { run } } = this;
    if (!journal.ledger || !lock) return;
    const isCancelled = error instanceof CancelledError || run.ports.cancelled.aborted;
    this.isLeft = lock.lost.aborted || (isCancelled && run.hasPost);
    if (this.isLeft) return;
    const isWritten = await journal.phase('restored').then(() => true, () => false);
    if (isWritten) await journal.forget();
  }

  /** What becomes of the migration before the version is rolled back. */
  private async migrationUndone(): Promise<MigrationUndone> {
    const { journal, releasing: { run, target } } = this;
    const { ledger } = journal;
    if (!ledger || !appliedOf(ledger)) return { result: 'free', notes: [], evidence: [] };
    // From now on the version must not be confirmed by whoever finds this run interrupted.
    if (mustUndo(ledger)) await journal.phase('restoring');
    const { undoMigration } = await import('./undo-migration.js');
    return undoMigration(run, target, journal.ledger ?? ledger, (next) => journal.write(next, run.config.timeoutMs));
  }

  /** The migration is applied, and the version could not even be begun. */
  private async takeBackMigration(failure: DeployError, lock: Lock | undefined): Promise<Undone | undefined> {
    const { journal, releasing: { run } } = this;
    if (!appliedOf(journal.ledger) || !lock || lock.lost.aborted) return undefined;
    const { result, notes, evidence } = run.config.rollback === 'off' ? { result: 'kept', notes: [], evidence: [] } as const : await this.migrationUndone();
    const undone: Undone = { result: result === 'failed' ? 'failed' : 'untouched', notes, evidence, untouched: [] };
    if (await journal.end(undone, failure).then(() => true, () => false)) await journal.forget();
    return undone;
  }

  async takeBack(failure: DeployError, lock: Lock | undefined): Promise<Undone | undefined> {
    const { journal, releasing: { run } } = this;
    const { change, ledger } = journal;
    if (mustUndo(ledger) && this.isLeftToPost(failure)) {
      this.isLeft = true;
      return { result: 'failed', notes: ['The migration has to be undone first, which the post step does.'], evidence: [], untouched: [], continued: true };
    }
    if (!change) return this.takeBackMigration(failure, lock);
    if (!ledger || !lock) return undefined;
    const isInterrupted = failure instanceof ChangeUnderWay;
    const restoring = (): Promise<void> => journal.phase(isInterrupted ? 'interrupted' : 'restoring');
    const done = await undoOrLeave(run, { change, lock }, failure, restoring, () => this.migrationUndone());
    const isUnderWay = isInterrupted && done.untouched.length > 0;
    const undone = isUnderWay ? stillUnderWay(run, done) : done;
    // A cancelled step has seconds left. If they are too short for the verification, the post step finds `restoring` and continues.
    const postGoesOn = this.isLeftToPost(failure);
    this.isLeft = isUnderWay || (undone.result === 'failed' && (lock.lost.aborted || postGoesOn));
    const goesOn = isUnderWay ? 'interrupted' : this.isLeft ? 'restoring' : undefined;
    const isWritten = lock.lost.aborted || (await (goesOn ? journal.phase(goesOn) : journal.end(undone, failure)).then(() => true, () => false));
    // If the ledger still says unfinished, the post step checks it once more: the API server may respond again by then.
    if (!this.isLeft && isWritten) await journal.forget();
    return this.isLeft && postGoesOn ? { ...undone, continued: true } : undone;
  }

  /** Whether the post step goes on with what a cancelled step has no time for. */
  private isLeftToPost(failure: DeployError): boolean {
    const { run } = this.releasing;
    const isCancelled = failure instanceof CancelledError || run.ports.cancelled.aborted;
    return isCancelled && run.hasPost && run.config.rollback === 'auto';
  }
}
