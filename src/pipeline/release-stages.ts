import { CancelledError, ClusterError, type DeployError } from '../outcome/errors.js';
import type { Recovery } from '../outcome/outcome.js';
import type { Workload } from '../cluster/objects.js';
import { workloadResource } from '../cluster/resources.js';
import type { Ports } from '../ports/ports.js';
import { evidenceOf } from '../rollout/evidence.js';
import type { Followed } from '../rollout/follow.js';
import { describeWave, notHeld } from '../rollout/hold.js';
import { imagesOf, inPhase, previousRelease, sameImages, withoutRelease, withRelease, type Ledger, type RunRecord } from '../rollout/ledger.js';
import { acquireLock, type Lock } from '../rollout/lock.js';
import { openRelease, rollOut, smokeRelease, type OpenRelease } from '../rollout/release.js';
import { annotateProven } from '../rollout/releases.js';
import { undoRelease, type Undone } from '../rollout/undo.js';
import { containersOf, type Target } from '../rollout/workload.js';
import type { ClusterFacts } from './cluster-facts.js';
import { ledgerBefore, releaseOf } from './record.js';
import { isUnfinished, recover } from './recover.js';
import { kept, type Run } from './run.js';
import type { Stage } from './stage.js';

/** What the stages of a release hand on. */
export interface ReleaseState {
  readonly targets: readonly Target[];
  /** `name[:tag]@digest` that is released. */
  readonly reference?: string;
  /** Every workload had it already, healthy: nothing was touched. */
  readonly unchanged?: boolean;
  readonly rolledOutMs?: number;
  readonly recovery?: Recovery;
  readonly undone?: Undone;
}

export interface ReleaseStages<S> {
  readonly stages: readonly Stage<S>[];
  /** Gives the lock up and ends the watches. To be called however the stages ended. */
  close(): Promise<void>;
}

/**
 * The stages that change workloads: roll out, and ask whether the new version answers. They share one lock and one open
 * release, which the first of them opens.
 * @param options.withdraws what was there before is not to be gone back to by itself any more: a person rolled back from it
 */
export function releaseStages<S extends ReleaseState>(run: Run, facts: ClusterFacts, options: { readonly withdraws?: boolean } = {}): ReleaseStages<S> {
  const { config } = run;
  let lock: Lock | undefined;
  let release: OpenRelease | undefined;
  let followed: readonly Followed[] = [];
  let ledger: Ledger | undefined;
  let unfinished = false;

  const record = async (phase: RunRecord['phase']): Promise<void> => {
    if (!ledger) return;
    ledger = inPhase(ledger, phase);
    await facts.store.write(ledger);
  };

  /** The new version is proven as far as the settings ask for it: from here on it is a release to go back to. */
  const confirm = async (): Promise<void> => {
    if (!ledger) return;
    const proven = releaseOf(ledger.run, run.ports.clock.now());
    ledger = withRelease(options.withdraws ? withoutRelease(ledger, imagesOf(ledger.run.targets, 'before'), proven.at) : ledger, proven);
    // The release is good whether or not this can be written: the next run finds it `changing`, and confirms it.
    await record('proven').catch((error: unknown) => run.ports.log.warning(`The release is good, and the ledger could not be told: ${String(error)}`));
    await annotateProven(facts.cluster, ledger.run.targets);
    await run.keep(kept.release, '');
  };

  const rollout: Stage<S> = {
    name: 'rollout', label: 'rollout',
    run: async (state) => {
      lock = await acquireLock(run.ports, facts.cluster, config.app, { id: run.id, url: run.facts.runUrl }, config.lockTimeoutMs);
      const ports: Ports = { ...run.ports, cancelled: AbortSignal.any([run.ports.cancelled, lock.lost]) };
      const scope = { ports, cluster: facts.cluster, config, services: facts.services };
      const known = await facts.store.read();
      const recovery = isUnfinished(known) ? await recover(scope, facts.store, known) : undefined;
      const { targets, workloads } = await retarget(facts, state.targets);
      const opened = await openRelease({ ...scope, targets, workloads });
      const latest = await facts.store.read();
      release = withWayBack(opened, latest);
      const now = { ...state, targets: release.targets, recovery };
      if (runsAlready(release)) return { ...now, unchanged: true };
      const held = heldTargets(run, release);
      ledger = ledgerBefore(run, latest, release, held);
      await run.keep(kept.release, run.id);
      await record('changing');
      const done = await rollOut(release, held);
      followed = done.followed;
      const rolledOutMs = Math.round(done.rolledOutAt - done.changedAt);
      ports.log.info(`rolled out in ${(rolledOutMs / 1000).toFixed(1)} s, and every endpoint is a new pod`);
      if (config.smoke.length === 0) await confirm();
      return { ...now, rolledOutMs };
    },
    undo: async (state, failure) => {
      if (!release || !ledger || !lock) return state;
      const { targets } = release;
      const undone = await undoOrLeave(run, { release, lock, held: ledger.run.held }, failure, () => record('restoring'));
      // A cancelled step has seconds left: when the proof did not fit into them, the post step finds `restoring` and goes on.
      unfinished = undone.result === 'failed' && (lock.lost.aborted || (failure instanceof CancelledError && run.hasPost));
      if (!unfinished) {
        await record(undone.result === 'failed' ? 'left' : 'restored').catch(() => undefined);
        await run.keep(kept.release, '');
      }
      return { ...state, targets, undone };
    },
  };

  const smoke: Stage<S> = {
    name: 'smoke', label: 'smoke checks',
    run: async (state) => {
      if (!release || state.unchanged) return state;
      await smokeRelease(release, followed, config.smoke, release.ports.cancelled);
      await confirm();
      return state;
    },
  };
  const close = async (): Promise<void> => {
    release?.watched.close();
    if (unfinished) lock?.leave();
    else await lock?.release();
  };
  return { stages: [rollout, smoke], close };
}

/** The targets with what their workloads hold now: minutes may have passed since they were planned, and another run ended. */
async function retarget({ cluster }: ClusterFacts, targets: readonly Target[]): Promise<{ targets: Target[]; workloads: Workload[] }> {
  const found = await Promise.all(targets.map(async (target) => {
    const workload = await cluster.api.find<Workload>(workloadResource[target.kind], cluster.namespace, target.name);
    const containers = workload ? containersOf(target.kind, workload) : [];
    const missing = target.containers.find(({ name }) => !containers.some(({ container }) => container.name === name));
    if (!workload || missing) throw new ClusterError('superseded', `${target.ref} ${workload ? `lost its container ${missing?.name}` : 'was deleted'} after the run had begun.`);
    if (workload.spec?.paused) throw new ClusterError('superseded', `${target.ref} was paused by somebody else after the run had begun.`);
    const now = target.containers.map((each) => ({ ...each, before: containers.find(({ container }) => container.name === each.name)?.container.image ?? each.before }));
    return { target: { ...target, uid: workload.metadata?.uid ?? '', containers: now }, workload };
  }));
  return { targets: found.map(({ target }) => target), workloads: found.map(({ workload }) => workload) };
}

interface Begun {
  readonly release: OpenRelease;
  readonly lock: Lock;
  readonly held: readonly string[];
}

/** Undoes, unless the settings say not to, or another run has taken over: then there is nothing more to do here. */
async function undoOrLeave(run: Run, { release, lock, held }: Begun, failure: DeployError, restoring: () => Promise<void>): Promise<Undone> {
  if (run.config.rollback === 'off' && !(failure instanceof CancelledError)) {
    return { result: 'failed', notes: ['`rollback` is off: the new images stay where they were set.'], evidence: await evidenceOf(release, failure) };
  }
  // An API server that does not answer now will not take a patch either; the patch says so by itself.
  const lost = await lock.confirm().then(() => undefined, (error: unknown) => (lock.lost.aborted ? error : undefined));
  if (lost instanceof Error) return { result: 'failed', notes: [lost.message, 'Nothing was put back by this run: that one does it.'], evidence: [] };
  return undoRelease(release, failure, { restoring, resumed: false, held: new Set(held) });
}

/** What was broken before cannot be proven to be back: then the last proven release is what a rollback goes to. */
function withWayBack(release: OpenRelease, ledger: Ledger | undefined): OpenRelease {
  const broken = release.snapshots.filter(({ unhealthy }) => unhealthy !== undefined);
  if (broken.length === 0) return release;
  const before = imagesOf(release.targets, 'before');
  const releases = ledger?.releases ?? [];
  // A proven release that is not well now suffers from something else than its images.
  const proven = releases.some((known) => known.proven && known.withdrawnAt === undefined && sameImages(known.images, before));
  const good = proven ? undefined : previousRelease(releases, before);
  for (const { target, unhealthy } of broken) {
    release.ports.log.info(`${target.ref} is not healthy now (${unhealthy}): a rollback would go to ${good ? `the last proven release, ${good.reference}` : 'what is there now, and could not be proven to serve'}`);
  }
  const back = (ref: string, name: string): string | undefined => good?.images.find((image) => image.workload === ref && image.container === name)?.image;
  const targets = release.targets.map((target) => ({ ...target, containers: target.containers.map((each) => ({ ...each, back: back(target.ref, each.name) })) }));
  return { ...release, targets, snapshots: release.snapshots.map((snapshot, index) => ({ ...snapshot, target: targets[index] ?? snapshot.target })) };
}

/** Every container names the digest already, and every workload is complete and healthy. */
function runsAlready(release: OpenRelease): boolean {
  const digestOf = (image: string): string | undefined => /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  return release.snapshots.every(({ target, unhealthy }) => unhealthy === undefined &&
    target.containers.every(({ before, after }) => digestOf(before) !== undefined && digestOf(before) === digestOf(after)));
}

/** The workloads that are proved first; what that means for each is said before anything changes. */
function heldTargets({ config, ports }: Run, release: OpenRelease): Target[] {
  if (!config.proveFirst || config.smoke.length === 0) return [];
  return release.targets.filter((target) => {
    const { workload } = release.watched.world.view(target);
    const reason = notHeld(target, workload, release.services, config.smoke);
    ports.log.info(reason === undefined && workload ? describeWave(target, workload) : `${target.ref} is not proved first: ${reason}`);
    return reason === undefined;
  });
}
