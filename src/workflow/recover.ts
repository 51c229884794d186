import { both } from '../config/kit/checked.js';
import { recordedChecks } from '../check/smoke/recorded.js';
import type { Config } from '../config/config.js';
import { ClusterError, RolloutError } from '../outcome/errors.js';
import { PreflightError } from '../outcome/finding.js';
import type { Recovery, Unverified } from '../outcome/outcome.js';
import { closedNow } from '../policy/freeze.js';
import { ended, inPhase, isUnfinished, type Ledger } from '../record/ledger.js';
import { withVerified } from '../record/release.js';
import { isRunOf, repositoriesOfRun } from '../record/repository.js';
import type { Lock } from '../record/store.js';
import type { Change, OpenTarget, Purpose, TargetKind, Undone } from '../target/target.js';
import type { Found } from './conduct.js';
import { appliedOf, migrationLeft, mustUndo, onlyMigrated } from './migration-marks.js';
import type { MigratingRun, Run } from './run.js';
import { watchMark } from './watched.js';
import { undoWith } from './undo-or-leave.js';
import { settingText } from '../outcome/place-words.js';

/**
 * Opens a target. A rollout of another run is waited for, or finished if that run was interrupted, before anything is planned:
 * a plan must start from an intended state. Nothing is finished in a dry run or a freeze, because finishing changes something.
 */
export async function openFinished(run: Run, kind: TargetKind, purpose: Purpose, found: Found): Promise<OpenTarget> {
  const target = await kind.open(run, run.config, purpose);
  try {
    if (!isUnfinished(target.ledger) || run.config.dryRun) return target;
    if (closedNow(run.config, run.ports.clock).problems.length > 0) {
      run.ports.log.warning(`An earlier run (${target.ledger.run.url ?? target.ledger.run.id}) was interrupted and is not finished. The first run outside the freeze finishes it.`);
      return target;
    }
    await finishOthers(run, target, found);
    return await target.reread();
  } catch (error) {
    await target.close?.();
    throw error;
  }
}

async function finishOthers(run: Run, target: OpenTarget, found: Found): Promise<void> {
  const lock = await target.store.lock({ id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs);
  try {
    const known = await target.store.read();
    if (!isUnfinished(known)) return;
    refuseOthersRun(run, known);
    found.recovery = await recover(run, target, known, lock);
  } finally {
    await lock.release();
  }
}

/**
 * Refuses a rollback that would first have to finish an interrupted run of another repository with the same app name:
 * `image` limits a rollback to one image, and an emergency is no time to change another.
 * @throws ClusterError locked; nothing has been changed
 */
export function refuseOthersRun({ action, config: { app, image } }: Pick<Run, 'action'> & { readonly config: Pick<Config, 'app' | 'image'> }, ledger: Ledger): void {
  if (action !== 'rollback' || image === undefined || isRunOf(ledger, image)) return;
  const { id, url, startedAt } = ledger.run;
  const others = both(repositoriesOfRun(ledger));
  throw new ClusterError('locked', `A run of ${others} (${url ?? id}, started ${startedAt}) was interrupted during its rollout, and shares the record of ${app} with ${image}. Nothing was changed.`, {
    hint: `Finish that run first: deploy or roll back ${others}. Then run this rollback again.`,
  });
}

/**
 * Finishes the rollout of an interrupted run before this run does anything else: confirms it if its version is everywhere
 * and passes its checks, and restores the previous version otherwise.
 */
export async function recover(by: MigratingRun, target: OpenTarget, ledger: Ledger, lock: Lock): Promise<Recovery> {
  const { run } = ledger;
  const { ports } = by;
  const about = { runId: run.id, runUrl: run.url, startedAt: run.startedAt };
  refuseOtherKind(target, ledger);
  if (onlyMigrated(ledger)) return finishMigration(by, target, ledger);
  ports.log.info(`An earlier run (${run.url ?? run.id}, started ${run.startedAt}) was interrupted during its rollout: finishing it first`);
  const change = await target.reopen(ledger, lock);
  const isIdle = ({ length }: readonly Unverified[]): boolean => length === subjectsOf(ledger).length;
  try {
    if (run.phase === 'in-progress' && (await change.stands())) {
      const { unverified } = change.progress();
      await target.store.write(withVerified(ledger, ports.clock.now(), unverified.map(({ subject }) => subject)));
      const ran = run.checks.length - notRunnable(by, ledger).length;
      const passed = isIdle(unverified) || ran === 0 ? [] : [`It passes ${ran === 1 ? 'its smoke check' : `${ran} smoke checks`}.`];
      return { ...about, result: 'confirmed', notes: [change.words.isThere, ...passed, ...run.marks.includes(watchMark) ? ['It was not watched to the end.'] : [], ...idleNotes(unverified), ...checksNotRun(by, ledger)] };
    }
    if (run.rollback === 'off') {
      await target.store.write(ended(ledger, 'unverified', ports.clock.now(), 'cancelled'));
      return { ...about, result: 'failed', notes: [`${settingText('rollback')} is off: ${change.words.stays}.`] };
    }
    const { result, notes, unverified = [], changed = [] } = await undoRecorded(by, { change, target }, ledger);
    if (result === 'failed') return { ...about, result: 'failed', notes, changed };
    const seen = result === 'restored' && !isIdle(unverified) ? ['It is verified.'] : [];
    return { ...about, result: 'restored', notes: [...seen, ...idleNotes(unverified), ...notes, ...checksNotRun(by, ledger)], changed };
  } finally {
    change.close?.();
  }
}

/** Only the same kind of target can finish it. */
function refuseOtherKind(target: OpenTarget, { app, run }: Ledger): void {
  if (run.target.kind === target.kind) return;
  throw new PreflightError([{
    cause: 'record-unreadable', message: `An earlier run of ${app} (${run.url ?? run.id}) deployed by ${run.target.kind} and is not finished, but the settings now deploy by ${target.kind}. Nothing was changed.`,
    hint: 'Run once with the settings of that run to finish it. Then change the settings.',
  }]);
}

export const subjectsOf = ({ run }: Pick<Ledger, 'run'>): string[] => [...new Set(run.after.map(({ subject }) => subject))];

const idleNotes = (unverified: readonly Unverified[]): string[] =>
  unverified.map(({ subject, reason }) => `${subject} is not verified: ${reason}.`);

/** Checks of the recorded run that a later one does not run: it requests no address that only a record names. */
const notRunnable = ({ config }: Pick<Run, 'config'>, { run }: Pick<Ledger, 'run'>): string[] =>
  run.checks.filter((text) => recordedChecks([text], config.smoke).length === 0);

/** That the recorded run was finished with fewer smoke checks than it had, in sentences; empty where it had no others. */
export function checksNotRun(by: Pick<Run, 'config'>, ledger: Pick<Ledger, 'run'>): string[] {
  const { unrecordedChecks: hidden = 0 } = ledger.run;
  return [
    ...notRunnable(by, ledger).map((text) => `Smoke check \`${text}\` of that run did not run: the settings of this run do not contain it.`),
    ...(hidden > 0 ? [`${hidden} smoke check${hidden === 1 ? '' : 's'} of that run did not run: a check with a query or a secret is not stored in the record.`] : []),
  ];
}

/**
 * Ends the record of a run that was interrupted during its migration. Nothing of its version was deployed. Its command may still run: a
 * run that migrates waits for its end.
 */
async function finishMigration({ ports, config }: Pick<Run, 'ports' | 'config'>, { store }: OpenTarget, ledger: Ledger): Promise<Recovery> {
  const { run } = ledger;
  ports.log.info(`An earlier run (${run.url ?? run.id}, started ${run.startedAt}) was interrupted during its migration`);
  await store.write(inPhase(ledger, 'restored'));
  const wait = config.migrate === undefined ? ['Its command may still run.'] : [];
  return {
    runId: run.id, runUrl: run.url, startedAt: run.startedAt, result: 'restored', changed: [],
    notes: ['It was interrupted during its migration: nothing was deployed.', ...migrationLeft(ledger), ...wait],
  };
}

/** Restores what the recorded run changed, and verifies it; updates the record before and after. */
export async function undoRecorded(
  by: MigratingRun, { change, target }: { readonly change: Change; readonly target: Pick<OpenTarget, 'store' | 'oneOffs'> }, known: Ledger,
): Promise<Undone> {
  const { ports } = by;
  const { store } = target;
  const failure = new RolloutError('cancelled', 'The run was stopped before the rollout was complete.');
  let ledger = known;
  const restoring = (): Promise<void> => store.write(inPhase(ledger, 'restoring'));
  const undone = await undoWith(change, failure, { resumed: true, continued: false, restoring }, async () => {
    if (!appliedOf(ledger)) return { result: 'free', notes: [], evidence: [] };
    if (mustUndo(ledger)) await restoring();
    const { undoMigration } = await import('./undo-migration.js');
    return undoMigration(by, target, ledger, async (next) => {
      ledger = inPhase(next, 'restoring');
      await store.write(ledger);
    });
  });
  await store.write(ended(ledger, undone.result === 'failed' ? 'unverified' : 'restored', ports.clock.now(), failure.code)).catch(() => undefined);
  return { ...undone, notes: [...undone.notes, ...undone.result === 'failed' ? [] : migrationLeft(ledger)] };
}
