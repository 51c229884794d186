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
import type { Lock, RecordStore } from '../record/store.js';
import type { Change, OpenTarget, Purpose, TargetKind, Undone } from '../target/target.js';
import type { Found } from './conduct.js';
import type { Run } from './run.js';
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
export async function recover(by: Pick<Run, 'ports' | 'config'>, target: OpenTarget, ledger: Ledger, lock: Lock): Promise<Recovery> {
  const { run } = ledger;
  const { ports } = by;
  const about = { runId: run.id, runUrl: run.url, startedAt: run.startedAt };
  refuseOtherKind(target, ledger);
  ports.log.info(`An earlier run (${run.url ?? run.id}, started ${run.startedAt}) was interrupted during its rollout: finishing it first`);
  const change = await target.reopen(ledger, lock);
  const isIdle = ({ length }: readonly Unverified[]): boolean => length === subjectsOf(ledger).length;
  try {
    if (run.phase === 'in-progress' && (await change.stands())) {
      const { unverified } = change.progress();
      await target.store.write(withVerified(ledger, ports.clock.now(), unverified.map(({ subject }) => subject)));
      const ran = run.checks.length - notRunnable(by, ledger).length;
      const passed = isIdle(unverified) || ran === 0 ? [] : [`It passes ${ran === 1 ? 'its smoke check' : `${ran} smoke checks`}.`];
      return { ...about, result: 'confirmed', notes: [change.words.isThere, ...passed, ...idleNotes(unverified), ...checksNotRun(by, ledger)] };
    }
    if (run.rollback === 'off') {
      await target.store.write(ended(ledger, 'unverified', ports.clock.now(), 'cancelled'));
      return { ...about, result: 'failed', notes: [`${settingText('rollback')} is off: ${change.words.stays}.`] };
    }
    const { result, notes, unverified = [], changed = [] } = await undoRecorded(by, change, target.store, ledger);
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

/** Restores what the recorded run changed, and verifies it; updates the record before and after. */
export async function undoRecorded({ ports }: Pick<Run, 'ports'>, change: Change, store: RecordStore, ledger: Ledger): Promise<Undone> {
  const failure = new RolloutError('cancelled', 'The run was stopped before the rollout was complete.');
  const undone = await change.undo(failure, { resumed: true, continued: false, restoring: () => store.write(inPhase(ledger, 'restoring')) });
  await store.write(ended(ledger, undone.result === 'failed' ? 'unverified' : 'restored', ports.clock.now(), failure.code)).catch(() => undefined);
  return undone;
}
