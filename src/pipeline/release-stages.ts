import type { DeployError } from '../outcome/errors.js';
import { CancelledError } from '../outcome/errors.js';
import { gatherEvidence } from '../rollout/evidence.js';
import { FailedRollout, type Followed } from '../rollout/follow.js';
import { describeWave, notHeld } from '../rollout/hold.js';
import { imagesOf, inPhase, withoutRelease, withRelease, type Ledger, type Release, type RunRecord } from '../rollout/ledger.js';
import { openRelease, recall, rollOut, smokeRelease, type OpenRelease } from '../rollout/release.js';
import { undoRelease, type Undone } from '../rollout/undo.js';
import type { Target } from '../rollout/workload.js';
import type { ClusterFacts } from './cluster-facts.js';
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
  readonly undone?: Undone;
}

/**
 * The stages that change workloads: roll out, and ask whether the new version answers. They share one open release,
 * which is opened by the first and closed by `close`.
 * @param options.withdraws what was there before is not to be gone back to by itself any more: a person rolled back from it
 */
export function releaseStages<S extends ReleaseState>(run: Run, facts: ClusterFacts, options: { readonly withdraws?: boolean } = {}): { readonly stages: readonly Stage<S>[]; close(): void } {
  const { ports, config } = run;
  let release: OpenRelease | undefined;
  let followed: readonly Followed[] = [];
  let ledger: Ledger | undefined;
  let held: readonly Target[] = [];

  const record = async (phase: RunRecord['phase']): Promise<void> => {
    if (!ledger) return;
    ledger = inPhase(ledger, phase);
    await facts.store.write(ledger);
  };

  /** The new version is proven as far as the settings ask for it: from here on it is a release to go back to. */
  const confirm = async (state: S): Promise<void> => {
    if (!ledger) return;
    const proven = releaseRecord(run, state);
    ledger = withRelease(options.withdraws ? withoutRelease(ledger, imagesOf(state.targets, 'before'), proven.at) : ledger, proven);
    // The release is good whether or not this can be written: the next run finds it `changing`, and confirms it.
    await record('proven').catch((error: unknown) => ports.log.warning(`The release is good, and the ledger could not be told: ${String(error)}`));
    await run.keep(kept.release, '');
  };

  const rollout: Stage<S> = {
    name: 'rollout', label: 'rollout',
    run: async (state) => {
      release = await openRelease({ ports, cluster: facts.cluster, config, targets: state.targets, workloads: facts.found.flatMap(({ workload }) => workload ?? []), services: facts.services });
      if (runsAlready(release)) return { ...state, unchanged: true };
      held = heldTargets(run, release);
      ledger = begun(run, facts.ledger, release, held);
      await record('changing');
      await run.keep(kept.release, run.id);
      const done = await rollOut(release, held);
      followed = done.followed;
      const rolledOutMs = Math.round(done.rolledOutAt - done.changedAt);
      ports.log.info(`rolled out in ${(rolledOutMs / 1000).toFixed(1)} s, and every endpoint is a new pod`);
      if (config.smoke.length === 0) await confirm(state);
      return { ...state, rolledOutMs };
    },
    undo: async (state, failure) => {
      if (!release || !ledger) return state;
      const undone = await undoOrLeave(run, facts, { release, held }, failure, () => record('restoring'));
      // A cancelled step has seconds left: when the proof did not fit into them, the post step finds `restoring` and goes on.
      const unfinished = undone.result === 'failed' && failure instanceof CancelledError && run.hasPost;
      if (!unfinished) {
        await record(undone.result === 'failed' ? 'left' : 'restored').catch(() => undefined);
        await run.keep(kept.release, '');
      }
      return { ...state, undone };
    },
  };

  const smoke: Stage<S> = {
    name: 'smoke', label: 'smoke checks',
    run: async (state) => {
      if (!release || state.unchanged) return state;
      await smokeRelease(release, followed, config.smoke, ports.cancelled);
      await confirm(state);
      return state;
    },
  };
  return { stages: [rollout, smoke], close: () => release?.watched.close() };
}

/** Undoes, unless the settings say not to: then the commands to do it by hand are all there is. */
async function undoOrLeave(run: Run, facts: ClusterFacts, { release, held }: { release: OpenRelease; held: readonly Target[] }, failure: DeployError, restoring: () => Promise<void>): Promise<Undone> {
  if (run.config.rollback === 'auto') return undoRelease(release, failure, { restoring, resumed: false, held: new Set(held.map((target) => target.ref)) });
  const evidence = failure instanceof FailedRollout ? await gatherEvidence(run.ports, facts.cluster, release.watched.world, failure.failed) : [];
  return { result: 'failed', notes: ['`rollback` is off: the new images stay where they were set.'], evidence };
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

function begun(run: Run, known: Ledger | undefined, release: OpenRelease, held: readonly Target[]): Ledger {
  const at = new Date(run.ports.clock.now()).toISOString();
  const healthy = release.snapshots.every(({ unhealthy }) => unhealthy === undefined);
  const images = imagesOf(release.targets, 'before');
  // The first release that this ledger sees was made by somebody else; that it is healthy now is all the proof there is.
  const first: Release[] = known || !healthy ? [] : [{ reference: images[0]?.image ?? '', at, proven: true, images }];
  return {
    schema: 1, app: run.config.app, releases: known?.releases ?? first,
    run: {
      id: run.id, url: run.facts.runUrl, commit: run.facts.commit, actor: run.facts.actor, startedAt: new Date(run.startedAtWall).toISOString(), phase: 'changing',
      targets: release.targets, held: held.map((target) => target.ref), before: recall(release),
    },
  };
}

const releaseRecord = (run: Run, state: ReleaseState): Release => ({
  reference: state.reference ?? '', commit: run.facts.commit, runUrl: run.facts.runUrl, proven: true,
  at: new Date(run.ports.clock.now()).toISOString(), images: imagesOf(state.targets, 'after'),
});
