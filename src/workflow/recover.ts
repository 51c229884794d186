import type { Workload } from '../kubernetes/client/objects.js';
import { both } from '../config/kit/checked.js';
import type { SmokeCheck } from '../config/config.js';
import { parseSmoke } from '../config/values/smoke.js';
import { imageIn } from '../kubernetes/observe/workload.js';
import { isSet, type ImageChange } from '../target/set-image/image-change.js';
import { workloadResource } from '../kubernetes/client/resources.js';
import { ClusterError, RolloutError } from '../outcome/errors.js';
import type { Recovery, Unverified } from '../outcome/outcome.js';
import { acquireLock } from '../kubernetes/store/lease.js';
import type { Lock } from '../record/store.js';
import type { ClusterFacts } from '../target/set-image/cluster-facts.js';
import { closedNow } from '../policy/freeze.js';
import type { Run } from './run.js';
import { inPhase, type Ledger, type RunRecord } from '../record/ledger.js';
import type { LedgerStore } from '../record/store.js';
import { isRunOf, repositoriesOfRun } from '../record/repository.js';
import { proveRelease } from '../target/set-image/prove.js';
import { reopenRelease, steadyMs, type OpenRelease, type ReleaseScope } from '../target/set-image/release.js';
import { standing } from '../target/set-image/standing.js';
import { undoRelease, type Undone } from '../target/set-image/undo.js';
import { unverifiedOf } from '../target/set-image/unverified.js';
import { releaseOf, withProven } from '../target/set-image/record.js';

/** A run that is recorded as being in the middle, though nobody is there who could be: its lock was free. */
export const isUnfinished = (ledger: Ledger | undefined): ledger is Ledger => ledger !== undefined && unfinished.includes(ledger.run.phase);
const unfinished: readonly RunRecord['phase'][] = ['changing', 'stopped', 'restoring'];

/** Deployments that a run which is under way, or died, says it may hold paused. */
export const heldByOthers = (ledger: Ledger | undefined): ReadonlySet<string> => new Set(isUnfinished(ledger) ? ledger.run.held.map(({ ref }) => ref) : []);

/** A dead run may have succeeded and not lived to say so: for that long its rollout may still take to show it. */
const confirmForMs = 20_000;

/** How an earlier run was finished: told however the preflight that found it ends. */
export interface Settled {
  recovery?: Recovery;
}

type Scope = Omit<ReleaseScope, 'targets' | 'workloads'>;

/**
 * Ends a rollback that would have to finish a dead run of another repository first: it shares the name of the app, and
 * whoever names an image in an emergency wants no workload of another one to be touched.
 * @throws ClusterError locked; nothing has been changed
 */
export function refuseOthersRun({ action, config: { app, image } }: Pick<Run, 'action' | 'config'>, ledger: Ledger): void {
  if (action !== 'rollback' || image === undefined || isRunOf(ledger, image)) return;
  const { id, url, startedAt } = ledger.run;
  const others = both(repositoriesOfRun(ledger));
  throw new ClusterError('locked', `A run of ${others} (${url ?? id}, started ${startedAt}) died in the middle of its rollout, and shares the record of ${app} with ${image}. Nothing was changed.`, {
    hint: `Finish that run first: deploy or roll back ${others}. Then run this rollback again.`,
  });
}

/**
 * Waits for what another run is in the middle of, or finishes it when that run is dead, before anything is planned: what
 * is planned with has to be a state that somebody meant. Nothing happens in a dry run, nor in a freeze: to finish a run is
 * to change workloads.
 * @param reread reads the facts anew when something was finished
 */
export async function settleUnfinished(
  run: Run, facts: ClusterFacts, reread: () => Promise<ClusterFacts>,
): Promise<{ facts: ClusterFacts; recovery?: Recovery }> {
  if (!isUnfinished(facts.ledger) || run.config.dryRun) return { facts };
  if (closedNow(run).problems.length > 0) {
    run.ports.log.warning(`An earlier run (${facts.ledger.run.url ?? facts.ledger.run.id}) is not finished. The first run outside of the freeze finishes it.`);
    return { facts };
  }
  const lock = await acquireLock(run.ports, facts.cluster, run.config.app, { id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs);
  try {
    const known = await facts.store.read();
    const scope = { ports: run.ports, cluster: facts.cluster, config: run.config, services: facts.services };
    if (isUnfinished(known)) refuseOthersRun(run, known);
    const recovery = isUnfinished(known) ? await recover(scope, facts.store, known, lock) : undefined;
    return { facts: await reread(), recovery };
  } finally {
    await lock.release();
  }
}

/**
 * Opens the release that a ledger records, from what the cluster holds of its workloads once nothing that the dead run had
 * sent is under way any more. The release is closed by whoever asked for it.
 * @param lock of the app, in which the dead run was heard of last
 */
export async function reopen(scope: Scope, ledger: Ledger, lock: Pick<Lock, 'formerHeardAt'>): Promise<OpenRelease> {
  const { targets } = ledger.run;
  const { api, namespace } = scope.cluster;
  const workloads = await Promise.all(targets.map(({ kind, name }) => api.find<Workload>(workloadResource[kind], namespace, name)));
  const config = { ...scope.config, smoke: trusted(ledger.run.smoke, scope.config.smoke) };
  const release = await reopenRelease({ ...scope, config, targets, workloads: workloads.flatMap((workload) => workload ?? []) }, ledger.run.before);
  try {
    await lateChange(release, ledger.run.phase, lock.formerHeardAt);
    return release;
  } catch (error) {
    release.watched.close();
    throw error;
  }
}

/** The API server gives a request up after a minute. */
const requestLastsMs = 60_000;

/**
 * Waits for a change that a dead run may have sent, until it is there or cannot come any more: the API server goes on with
 * the request of a client that is gone, and so does a kubectl whose parent was killed.
 * @param heardAt when that run was heard of last, monotonic ms: it confirms its lock before it sends a change
 */
export async function lateChange({ ports, targets, watched }: Pick<OpenRelease, 'ports' | 'targets' | 'watched'>, phase: RunRecord['phase'], heardAt: number): Promise<void> {
  if (phase === 'restoring') return;
  const leftMs = (): number => heardAt + requestLastsMs - ports.clock.monotonic();
  const isDue = (target: ImageChange): boolean => {
    const { workload } = watched.world.view(target);
    // To one that was deleted nothing comes any more.
    return workload !== undefined && !target.containers.every((each) => isSet(each, imageIn(target.kind, workload, each.name)));
  };
  if (leftMs() > 0 && targets.some(isDue)) {
    ports.log.info(`The run that was stopped may have sent a change of the images that is still under way: waiting for it, at most ${Math.ceil(leftMs() / 1000)} s`);
  }
  while (leftMs() > 0 && targets.some(isDue)) await watched.news(leftMs(), ports.cancelled);
}

/**
 * The checks of the recorded run: those of this run may name a later version. The ledger is read with the care that any
 * text from outside is: each check is read anew from its text, and an address outside of the cluster is only asked when
 * the settings of this run name it too.
 */
function trusted(recorded: readonly SmokeCheck[], own: readonly SmokeCheck[]): SmokeCheck[] {
  return recorded.flatMap(({ text }) => {
    const read = parseSmoke(text);
    if (!read.ok) return [];
    return read.value.target.type === 'service' || own.some((check) => check.text === text) ? [read.value] : [];
  });
}

/** Puts back what the recorded run had changed, and proves it; the ledger says so before and after. */
export async function undoRecorded(release: OpenRelease, store: LedgerStore, ledger: Ledger): Promise<Undone> {
  const failure = new RolloutError('cancelled', 'The run was stopped before the rollout was finished.');
  const undone = await undoRelease(release, failure, {
    resumed: true, held: ledger.run.held, restoring: () => store.write(inPhase(ledger, 'restoring')),
  });
  await store.write(inPhase(ledger, undone.result === 'failed' ? 'left' : 'restored')).catch(() => undefined);
  return undone;
}

/**
 * Finishes what a dead run had begun, before this run does anything else: confirms it when its version is everywhere and
 * answers rightly, and puts back what was there before otherwise.
 */
export async function recover(scope: Scope, store: LedgerStore, ledger: Ledger, lock: Pick<Lock, 'formerHeardAt'>): Promise<Recovery> {
  const { run } = ledger;
  const about = { runId: run.id, runUrl: run.url, startedAt: run.startedAt };
  scope.ports.log.info(`An earlier run (${run.url ?? run.id}, begun ${run.startedAt}) died in the middle of a rollout: finishing it first`);
  const release = await reopen(scope, ledger, lock);
  try {
    if (run.phase === 'changing' && (await succeeded(release))) {
      const unverified = unverifiedOf(release);
      await store.write(inPhase(withProven(ledger, releaseOf(ledger.run, scope.ports.clock.now(), unverified.map(({ workload }) => workload))), 'proven'));
      return { ...about, result: 'confirmed', notes: [...(unverified.length < release.targets.length ? ['Its version was on every workload and answered rightly.'] : ['Its images are on every workload.']), ...idleNotes(unverified)] };
    }
    if (run.rollback === 'off') {
      await store.write(inPhase(ledger, 'left'));
      return { ...about, result: 'failed', notes: ['`rollback` is off: its images stay where they were set.'] };
    }
    const undone = await undoRecorded(release, store, ledger);
    const unverified = undone.unverified ?? [];
    const seen = undone.result === 'restored' && unverified.length < release.targets.length ? ['It was seen to serve.'] : [];
    const restored = undone.result === 'failed' ? [] : [...seen, ...idleNotes(unverified)];
    return { ...about, result: undone.result === 'failed' ? 'failed' : 'restored', notes: [...restored, ...undone.notes], changed: undone.changed ?? [] };
  } finally {
    release.watched.close();
  }
}

const idleNotes = (unverified: readonly Unverified[]): string[] =>
  unverified.map(({ workload, reason }) => `Nothing runs with the image of ${workload} now: ${reason}.`);

async function succeeded(release: OpenRelease): Promise<boolean> {
  const { ports, watched, config } = release;
  const paused = release.targets.some((target) => watched.world.view(target).workload?.spec?.paused);
  if (paused) return false;
  try {
    const followed = await standing(release, { images: 'after', forMs: confirmForMs, steadyMs, stage: 'recovery' });
    await proveRelease(release, followed, config.smoke, ports.clock.monotonic() + confirmForMs, ports.cancelled);
    return true;
  } catch {
    if (ports.cancelled.aborted) throw ports.cancelled.reason;
    return false;
  }
}
