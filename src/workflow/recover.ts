import { both } from '../config/kit/checked.js';
import type { Config } from '../config/config.js';
import { ClusterError, RolloutError } from '../outcome/errors.js';
import { PreflightError } from '../outcome/finding.js';
import type { Recovery, Unverified } from '../outcome/outcome.js';
import { closedNow } from '../policy/freeze.js';
import { inPhase, isUnfinished, type Ledger } from '../record/ledger.js';
import { withVerified } from '../record/release.js';
import { isRunOf, repositoriesOfRun } from '../record/repository.js';
import type { Lock, RecordStore } from '../record/store.js';
import type { Change, OpenTarget, Purpose, TargetKind, Undone } from '../target/target.js';
import type { Found } from './conduct.js';
import type { Run } from './run.js';

/**
 * Opens a target, and waits for what another run is in the middle of, or finishes it when that run is dead, before anything
 * is planned: what is planned with has to be a state that somebody meant. Nothing is finished in a dry run, nor in a freeze:
 * to finish a run is to change something.
 */
export async function openFinished(run: Run, kind: TargetKind, purpose: Purpose, found: Found): Promise<OpenTarget> {
  const target = await kind.open(run, run.config, purpose);
  try {
    if (!isUnfinished(target.ledger) || run.config.dryRun) return target;
    if (closedNow(run.config, run.ports.clock).problems.length > 0) {
      run.ports.log.warning(`An earlier run (${target.ledger.run.url ?? target.ledger.run.id}) is not finished. The first run outside of the freeze finishes it.`);
      return target;
    }
    await finishOthers(run, target, found);
    return await target.reread();
  } catch (error) {
    await target.close();
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
 * Ends a rollback that would have to finish a dead run of another repository first: it shares the name of the app, and
 * whoever names an image in an emergency wants nothing of another one to be touched.
 * @throws ClusterError locked; nothing has been changed
 */
export function refuseOthersRun({ action, config: { app, image } }: Pick<Run, 'action'> & { readonly config: Pick<Config, 'app' | 'image'> }, ledger: Ledger): void {
  if (action !== 'rollback' || image === undefined || isRunOf(ledger, image)) return;
  const { id, url, startedAt } = ledger.run;
  const others = both(repositoriesOfRun(ledger));
  throw new ClusterError('locked', `A run of ${others} (${url ?? id}, started ${startedAt}) died in the middle of its rollout, and shares the record of ${app} with ${image}. Nothing was changed.`, {
    hint: `Finish that run first: deploy or roll back ${others}. Then run this rollback again.`,
  });
}

/**
 * Finishes what a dead run had started, before this run does anything else: confirms it when its version is everywhere and
 * passes its checks, and restores what was there before otherwise.
 */
export async function recover({ ports }: Pick<Run, 'ports'>, target: OpenTarget, ledger: Ledger, lock: Lock): Promise<Recovery> {
  const { run } = ledger;
  const about = { runId: run.id, runUrl: run.url, startedAt: run.startedAt };
  refuseOtherKind(target, ledger);
  ports.log.info(`An earlier run (${run.url ?? run.id}, begun ${run.startedAt}) died in the middle of a rollout: finishing it first`);
  const change = await target.reopen(ledger, lock);
  const isIdle = ({ length }: readonly Unverified[]): boolean => length === subjectsOf(ledger).length;
  try {
    if (run.phase === 'in-progress' && (await change.stands())) {
      const { unverified } = change.progress();
      await target.store.write(withVerified(ledger, ports.clock.now(), unverified.map(({ subject }) => subject)));
      return { ...about, result: 'confirmed', notes: [isIdle(unverified) ? 'Its images are on every workload.' : 'Its version was on every workload and answered rightly.', ...idleNotes(unverified)] };
    }
    if (run.rollback === 'off') {
      await target.store.write(inPhase(ledger, 'unverified'));
      return { ...about, result: 'failed', notes: ['`rollback` is off: its images stay where they were set.'] };
    }
    const { result, notes, unverified = [], changed = [] } = await undoRecorded(change, target.store, ledger);
    if (result === 'failed') return { ...about, result: 'failed', notes, changed };
    const seen = result === 'restored' && !isIdle(unverified) ? ['It was seen to serve.'] : [];
    return { ...about, result: 'restored', notes: [...seen, ...idleNotes(unverified), ...notes], changed };
  } finally {
    change.close();
  }
}

/** Its kind alone knows how to finish it. */
function refuseOtherKind(target: OpenTarget, { app, run }: Ledger): void {
  if (run.target.kind === target.kind) return;
  throw new PreflightError([{
    cause: 'record-unreadable', message: `An earlier run of ${app} (${run.url ?? run.id}) deployed by ${run.target.kind} and is not finished; the settings now deploy by ${target.kind}. Nothing was changed.`,
    hint: 'Run once with the settings of that run, so that it is finished. Then change the settings.',
  }]);
}

export const subjectsOf = ({ run }: Pick<Ledger, 'run'>): string[] => [...new Set(run.after.map(({ subject }) => subject))];

const idleNotes = (unverified: readonly Unverified[]): string[] =>
  unverified.map(({ subject, reason }) => `Nothing runs with the image of ${subject} now: ${reason}.`);

/** Restores what the recorded run had changed, and verifies it; the record says so before and after. */
export async function undoRecorded(change: Change, store: RecordStore, ledger: Ledger): Promise<Undone> {
  const failure = new RolloutError('cancelled', 'The run was stopped before the rollout was finished.');
  const undone = await change.undo(failure, { resumed: true, continued: false, restoring: () => store.write(inPhase(ledger, 'restoring')) });
  await store.write(inPhase(ledger, undone.result === 'failed' ? 'unverified' : 'restored')).catch(() => undefined);
  return undone;
}
