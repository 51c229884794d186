import { CancelledError, ClusterError, type DeployError } from '../outcome/errors.js';
import type { Recovery } from '../outcome/outcome.js';
import type { List, Service, Workload } from '../cluster/objects.js';
import { sameRepository } from '../image/reference.js';
import { imagesNow } from '../rollout/images.js';
import { selects } from '../rollout/selector.js';
import { apiPath, resources, workloadResource } from '../cluster/resources.js';
import { ChangeUnderWay } from '../rollout/change.js';
import { evidenceOf } from '../rollout/evidence.js';
import type { Followed } from '../rollout/follow.js';
import { describeWave, heldTarget, notHeld, type HeldTarget } from '../rollout/hold.js';
import { imagesOf, inPhase, previousRelease, sameImages, withoutRelease, withRelease, type Ledger, type RunRecord } from '../rollout/ledger.js';
import { acquireLock, type Lock } from '../rollout/lock.js';
import { proveRelease } from '../rollout/prove.js';
import { openRelease, rollOut, type OpenRelease, type ReleaseScope } from '../rollout/release.js';
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

/** What the stages of one release share: each of them finds here how far the ones before it came. */
interface Session {
  readonly run: Run;
  readonly facts: ClusterFacts;
  /** What was there before is not to be gone back to by itself any more: a person rolled back from it. */
  readonly withdraws: boolean;
  lock?: Lock;
  release?: OpenRelease;
  followed: readonly Followed[];
  /** As it was written last. */
  ledger?: Ledger;
  /** How an earlier run that had died was finished: told however this run ends. */
  recovery?: Recovery;
  /** Somebody else goes on: the post step, or the run that has taken the lock over. */
  unfinished: boolean;
}

/**
 * The stages that change workloads: roll out, and ask whether the new version answers. They share one lock and one open
 * release, which the first of them opens.
 */
export function releaseStages<S extends ReleaseState>(
  run: Run, facts: ClusterFacts, options: { readonly withdraws?: boolean } = {},
): ReleaseStages<S> {
  const session: Session = { run, facts, withdraws: options.withdraws ?? false, followed: [], unfinished: false };
  const rollout: Stage<S> = {
    name: 'rollout', label: 'rollout',
    run: async (state) => ({ ...state, ...(await rollOutTargets(session, state.targets)) }),
    undo: async (state, failure) => ({ ...state, ...(await undoTargets(session, failure)) }),
  };
  const smoke: Stage<S> = {
    name: 'smoke', label: 'smoke checks',
    run: async (state) => {
      if (!state.unchanged) await smokeTargets(session);
      return state;
    },
  };
  return { stages: [rollout, smoke], close: () => close(session) };
}

async function rollOutTargets(session: Session, planned: readonly Target[]): Promise<Partial<ReleaseState>> {
  const { run, facts } = session;
  await begin(session);
  const { recovery } = session;
  const [{ targets, workloads }, services] = await Promise.all([retarget(facts, planned), readServices(facts)]);
  const opened = await openRelease({ ...scopeOf(session), services, targets, workloads });
  const latest = await facts.store.read();
  const unheld = withWayBack(opened, latest);
  session.release = unheld;
  if (runsAlready(unheld)) return { targets: unheld.targets, recovery, unchanged: true };
  const held = heldTargets(run, unheld);
  const release = { ...unheld, held: new Map(held.map((each) => [each.ref, each])) };
  session.release = release;
  session.ledger = ledgerBefore(run, latest, release, held);
  await run.keep(kept.release, run.id);
  await record(session, 'changing');
  const done = await rollOut(release, () => session.lock?.confirm() ?? Promise.resolve());
  session.followed = done.followed;
  const rolledOutMs = Math.round(done.rolledOutAt - done.changedAt);
  tellRolledOut(release, rolledOutMs);
  if (run.config.smoke.length === 0) await confirm(session);
  return { targets: release.targets, recovery, rolledOutMs };
}

/** Takes the lock, and finishes what a dead run has left before anything else. */
async function begin(session: Session): Promise<void> {
  const { run, facts } = session;
  session.lock = await acquireLock(run.ports, facts.cluster, run.config.app, { id: run.id, url: run.facts.runUrl }, run.config.lockTimeoutMs);
  const known = await facts.store.read();
  if (isUnfinished(known)) session.recovery = await recover(scopeOf(session), facts.store, known);
}

/** Without its lock a run stops as if it were cancelled. */
function scopeOf({ run, facts, lock }: Session): Omit<ReleaseScope, 'targets' | 'workloads'> {
  const cancelled = lock ? AbortSignal.any([run.ports.cancelled, lock.lost]) : run.ports.cancelled;
  return { ports: { ...run.ports, cancelled }, cluster: facts.cluster, config: run.config, services: facts.services };
}

async function record(session: Session, phase: RunRecord['phase']): Promise<void> {
  if (!session.ledger) return;
  session.ledger = inPhase(session.ledger, phase);
  await session.facts.store.write(session.ledger);
}

/** The new version is proven as far as the settings ask for it: from here on it is a release to go back to. */
async function confirm(session: Session): Promise<void> {
  const { run, facts, ledger, withdraws } = session;
  if (!ledger) return;
  const proven = releaseOf(ledger.run, run.ports.clock.now());
  session.ledger = withRelease(withdraws ? withoutRelease(ledger, imagesOf(ledger.run.targets, 'before'), proven.at) : ledger, proven);
  // The release is good whether or not this can be written: the next run finds it `changing`, and confirms it.
  await record(session, 'proven').catch((error: unknown) => run.ports.log.warning(`The release is good, and the ledger could not be told: ${String(error)}`));
  await annotateProven(facts.cluster, ledger.run.targets);
  await forget(run);
}

async function smokeTargets(session: Session): Promise<void> {
  const { release, followed, run } = session;
  if (!release) return;
  await proveRelease(release, followed, run.config.smoke, run.ports.clock.monotonic() + run.config.timeoutMs, release.ports.cancelled);
  await confirm(session);
}

/** It does not throw: an undo that fails is a result, which has to be told. */
async function undoTargets(session: Session, failure: DeployError): Promise<Partial<ReleaseState>> {
  const { recovery } = session;
  try {
    return { recovery, ...(await putBack(session, failure)) };
  } catch (error) {
    const notes = [`The undo itself failed: ${error instanceof Error ? error.message : String(error)}.`];
    return { recovery, undone: { result: 'failed', notes, evidence: [], untouched: [] } };
  }
}

async function putBack(session: Session, failure: DeployError): Promise<Partial<ReleaseState>> {
  const { run, release, ledger, lock } = session;
  if (!release || !ledger || !lock) return {};
  const done = await undoOrLeave(run, { release, lock, held: ledger.run.held }, failure, () => record(session, 'restoring'));
  const underWay = failure instanceof ChangeUnderWay && done.untouched.length > 0;
  const undone = underWay ? stillUnderWay(done) : done;
  // A cancelled step has seconds left: when the proof did not fit into them, the post step finds `restoring` and goes on.
  const postGoesOn = failure instanceof CancelledError && run.hasPost && run.config.rollback === 'auto';
  session.unfinished = underWay || (undone.result === 'failed' && (lock.lost.aborted || postGoesOn));
  if (underWay && session.ledger) {
    const underWaySince = new Date(run.ports.clock.now()).toISOString();
    session.ledger = { ...session.ledger, run: { ...session.ledger.run, underWaySince } };
    await record(session, 'restoring').catch(() => undefined);
  }
  if (!session.unfinished) {
    await record(session, undone.result === 'failed' ? 'left' : 'restored').catch(() => undefined);
    await forget(run);
  }
  return { targets: release.targets, undone };
}

/** The post step has nothing to do any more. A state file that cannot be written is no reason to take anything back. */
const forget = (run: Run): Promise<void> =>
  run.keep(kept.release, '').catch((error: unknown) => run.ports.log.warning(`The post step could not be told that all is done, and will look for itself: ${String(error)}`));

/** What a rollout came to, in a sentence that claims no more than was seen. */
function tellRolledOut({ ports, targets, services, watched }: OpenRelease, rolledOutMs: number): void {
  for (const { ref } of targets.filter(({ kind }) => kind === 'cronjob')) {
    ports.log.info(`${ref} has the new image, and uses it the next time that it runs: there is nothing to wait for`);
  }
  const followed = targets.filter(({ kind }) => kind !== 'cronjob');
  if (followed.length === 0) return;
  const served = followed.some((target) => services.some((service) => selects(service, watched.world.view(target).workload?.spec?.template?.metadata?.labels)));
  ports.log.info(`rolled out in ${(rolledOutMs / 1000).toFixed(1)} s${served ? ', and every endpoint is a new pod' : ''}`);
}

/** Nothing to be seen of a change says nothing while the API server may still be at it: whoever comes next looks again. */
const stillUnderWay = (undone: Undone): Undone => ({
  ...undone, result: 'failed', notes: [...undone.notes, 'The change of the images had been sent and was not answered: it may still be made, and will be put back then.'],
});

async function close({ release, lock, unfinished }: Session): Promise<void> {
  release?.watched.close();
  if (unfinished) lock?.leave();
  else await lock?.release();
}

/** The Services as they are now: the tests and the build may have taken minutes. */
const readServices = async ({ cluster }: ClusterFacts): Promise<readonly Service[]> =>
  (await cluster.api.get<List<Service>>(apiPath(resources.services, cluster.namespace))).items ?? [];

/** The targets with what their workloads hold now: minutes may have passed since they were planned, and another run ended. */
async function retarget({ cluster }: ClusterFacts, targets: readonly Target[]): Promise<{ targets: Target[]; workloads: Workload[] }> {
  const found = await Promise.all(targets.map(async (target) => {
    const workload = await cluster.api.find<Workload>(workloadResource[target.kind], cluster.namespace, target.name);
    const containers = workload ? containersOf(target.kind, workload) : [];
    const missing = target.containers.find(({ name }) => !containers.some(({ container }) => container.name === name));
    if (!workload || missing) throw new ClusterError('superseded', `${target.ref} ${workload ? `lost its container ${missing?.name}` : 'was deleted'} after the run had begun.`);
    if (workload.spec?.paused) throw new ClusterError('superseded', `${target.ref} was paused by somebody else after the run had begun.`);
    const imageOf = (name: string): string | undefined => containers.find(({ container }) => container.name === name)?.container.image;
    const now = target.containers.map((each) => ({ ...each, before: imageOf(each.name) ?? each.before }));
    return { target: { ...target, uid: workload.metadata?.uid ?? '', containers: now }, workload };
  }));
  return { targets: found.map(({ target }) => target), workloads: found.map(({ workload }) => workload) };
}

interface Begun {
  readonly release: OpenRelease;
  readonly lock: Lock;
  readonly held: readonly HeldTarget[];
}

/** Undoes, unless the settings say not to, or another run has taken over: then there is nothing more to do here. */
async function undoOrLeave(run: Run, { release, lock, held }: Begun, failure: DeployError, restoring: () => Promise<void>): Promise<Undone> {
  if (run.config.rollback === 'off') {
    const evidence = await evidenceOf(release, failure);
    const refs = release.targets.map(({ ref }) => ref);
    // A change that was refused has left nothing behind that could be called not back.
    if (!(await anyChanged(release))) return { result: 'untouched', notes: [], evidence, untouched: refs };
    return { result: 'failed', notes: ['`rollback` is off: the new images stay where they were set.'], evidence, untouched: [] };
  }
  // An API server that does not answer now will not take a patch either; the patch says so by itself.
  const lost = await lock.confirm().then(() => undefined, (error: unknown) => (lock.lost.aborted ? error : undefined));
  if (lost instanceof Error) return { result: 'failed', notes: [lost.message, 'Nothing was put back by this run: that one does it.'], evidence: [], untouched: [] };
  return undoRelease(release, failure, { restoring, resumed: false, held });
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
  const targets = release.targets.map((target) => {
    const containers = target.containers.map((each) => ({ ...each, back: back(target.ref, each.name) }));
    return { ...target, containers };
  });
  return { ...release, targets, snapshots: release.snapshots.map((snapshot, index) => ({ ...snapshot, target: targets[index] ?? snapshot.target })) };
}

/** Whether any container holds what this run was to set; also when it cannot be read, as that is no proof. */
async function anyChanged({ cluster, targets }: OpenRelease): Promise<boolean> {
  const images = await imagesNow(cluster, targets);
  return targets.some(({ ref, containers }) => containers.some(({ name, before }) => images.get(`${ref}:${name}`) !== before));
}

/** Every container names the digest already, and every workload is complete and healthy. */
function runsAlready(release: OpenRelease): boolean {
  const digestOf = (image: string): string | undefined => /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
  return release.snapshots.every(({ target, unhealthy }) => unhealthy === undefined &&
    target.containers.every(({ before, after }) => digestOf(before) !== undefined && digestOf(before) === digestOf(after) && sameRepository(before, after)));
}

/** The workloads that are proved first; what that means for each is said before anything changes. */
function heldTargets({ config, ports }: Run, release: OpenRelease): HeldTarget[] {
  // What is held must be able to go back: without a rollback it could only be left paused, or let go on though it is bad.
  if (!config.proveFirst || config.smoke.length === 0 || config.rollback === 'off') return [];
  return release.targets.flatMap((target) => {
    const { workload } = release.watched.world.view(target);
    const reason = notHeld(target, workload, release.services, config.smoke);
    ports.log.info(reason === undefined && workload ? describeWave(target, workload) : `${target.ref} is not proved first: ${reason}`);
    return reason === undefined && workload ? [heldTarget(target, workload)] : [];
  });
}
