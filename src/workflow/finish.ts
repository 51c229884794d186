import type { Outcome, TargetWords } from '../outcome/outcome.js';
import { RolloutError } from '../outcome/errors.js';
import { inPhase, isUnfinished, type Ledger } from '../record/ledger.js';
import { kindOf } from '../target/kinds.js';
import type { OpenTarget } from '../target/target.js';
import { asDeployError } from './failure.js';
import { migrationLeft, mustUndo, onlyMigrated, purposes } from './migration-marks.js';
import { outcomeOf } from './outcome.js';
import { checksNotRun, subjectsOf, undoRecorded } from './recover.js';
import { msSince, type Run } from './run.js';

/** Either the lock is still ours, or another run has it and finishes the rollout. There is no need to wait for that. */
const lockForMs = 1000;

/**
 * Finishes the rollout of a main step that was cancelled or killed: restores the previous version if that was not done, and
 * verifies it.
 * @returns undefined when there is nothing left to do
 * @throws ClusterError locked when another run does it
 */
export async function finish(run: Run): Promise<Outcome | undefined> {
  const kind = await kindOf(run.config, 'by record');
  if (!kind) return undefined;
  const target = await kind.open(run, run.config, 'finish');
  try {
    if (!isOurs(run, target.ledger)) return undefined;
    if (onlyMigrated(target.ledger)) return await endMigration(run, target, kind.words);
    if (target.ledger.run.rollback === 'off') return leave(run, target.ledger);
    run.ports.log.info('The main step was stopped during a rollout: restoring the previous version.');
    return await undo(run, target, kind.words);
  } finally {
    await target.close?.();
  }
}

/** The end of a run whose rollout its post step could not finish either: what is deployed now is not known. */
export const notFinished = (run: Run, thrown: unknown): Outcome => outcomeOf(run, {
  failure: { stage: 'rollback', error: asDeployError(thrown) }, undone: { result: 'failed', notes: [], evidence: [], untouched: [] }, spans: [], warnings: [],
});

const isOurs = (run: Run, ledger: Ledger | undefined): ledger is Ledger => isUnfinished(ledger) && ledger.run.id === run.id;

/** With `rollback: off` the next run confirms the version, or reports that it is not healthy. */
function leave(run: Run, ledger: Ledger): undefined {
  run.ports.log.warning(`The main step was stopped during a rollout of ${subjectsOf(ledger).join(', ')}, and \`rollback\` is off: what it changed stays in place. The next run checks it first.`);
}

async function undo(run: Run, target: OpenTarget, words: TargetWords): Promise<Outcome | undefined> {
  const lock = await target.store.lock({ id: run.id, url: run.facts.runUrl }, lockForMs);
  try {
    const ledger = await target.store.read();
    if (!isOurs(run, ledger)) return undefined;
    const startMs = msSince(run);
    const change = await target.reopen(ledger, lock);
    const done = await undoRecorded(run, { change, target }, ledger).finally(() => change.close?.());
    const undone = { ...done, notes: [...done.notes, ...checksNotRun(run, ledger)] };
    return outcomeOf(run, {
      failure: { stage: 'rollout', error: new RolloutError('cancelled', 'The step was stopped before the rollout was complete.') },
      undone, subjects: subjectsOf(ledger), target: target.kind, words, namespace: target.namespace, warnings: [], ...await change.report(),
      spans: [{ stage: 'rollback', label: 'finish the rollback', startMs, endMs: msSince(run), result: undone.result === 'failed' ? 'failed' : 'ok' }],
    });
  } finally {
    await lock.release();
  }
}

/** The main step was stopped during its migration: its command is ended, and waited for, so nothing of this run goes on after it. */
async function endMigration(run: Run, target: OpenTarget, words: TargetWords): Promise<Outcome | undefined> {
  run.ports.log.info('The main step was stopped during its migration: waiting until its command has ended.');
  const lock = await target.store.lock({ id: run.id, url: run.facts.runUrl }, lockForMs);
  try {
    const known = await target.store.read();
    if (!isOurs(run, known)) return undefined;
    const startMs = msSince(run);
    const oneOffs = await target.oneOffs?.();
    const isEnded = await oneOffs?.stop({ purpose: purposes.migration, run: run.id });
    let ledger = known;
    const { undoMigration } = await import('./undo-migration.js');
    const undone = ledger.run.rollback === 'off' || !mustUndo(ledger) ? undefined : await undoMigration(run, target, ledger, async (next) => {
      ledger = next;
      await target.store.write(next);
    });
    await target.store.write(inPhase(ledger, 'restored'));
    return outcomeOf(run, {
      failure: { stage: 'migrate', error: new RolloutError('cancelled', 'The step was stopped during its migration. Nothing was deployed.') },
      subjects: subjectsOf(ledger), target: target.kind, words, namespace: target.namespace,
      warnings: [...undone?.notes ?? [], ...migrationLeft(ledger), ...isEnded === false ? ['The command of the migration was not seen to end, and may still run. The next run waits for it.'] : []],
      spans: [{ stage: 'migrate', label: 'end the migration', startMs, endMs: msSince(run), result: isEnded === false ? 'failed' : 'ok' }],
    });
  } finally {
    await lock.release();
  }
}
