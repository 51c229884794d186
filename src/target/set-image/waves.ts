import { follow, type Followed } from '../../kubernetes/judge/follow.js';
import type { Goal } from '../../kubernetes/judge/expectation.js';
import type { Patience } from '../../kubernetes/judge/judge.js';
import { persistently } from '../../kubernetes/client/persist.js';
import { ClusterError, RolloutError } from '../../outcome/errors.js';
import { ChangeUnderWay, type Wave } from '../target.js';
import { evidenceOf } from './evidence.js';
import { pauseAtFirstPods, resume } from './pause.js';
import { imageSet, type ImageChange } from './image-change.js';
import { setImages } from './kubectl-set-image.js';
import { changeArrived } from './late-change.js';
import { asWritten, expectation, steadyMs, type OpenRelease } from './open-release.js';
import { refuseOverwritten } from './overwritten.js';
import { proveWave } from './prove.js';
import { standing } from './standing.js';
import { whileUnsticking } from './unstick.js';
import { placeWords } from '../../outcome/place-words.js';

/** The progress of the waves of a release: they share it, and the checks and the undo read it. */
export interface Rolling {
  /** The release with what is known of its change by now. */
  release: OpenRelease;
  /** What is watched from now on. */
  followed: readonly Followed<ImageChange>[];
  /** ms from the change until the controllers had finished and traffic went to new pods only. */
  rolledOutMs?: number;
}

/** Names of the waves in the record. */
export const marks = { asItIs: 'as it is', images: 'images', firstPods: 'first pods', rest: 'the rest' } as const;

/**
 * The waves of a release: everything at once or, with `prove-first`, the first pods of Deployments and then the others. A
 * version that is set already is only verified.
 */
export function wavesOf(rolling: Rolling, isThere: boolean): readonly Wave[] {
  if (isThere) return [{ mark: marks.asItIs, change: () => Promise.resolve(), prove: () => verifyAsIs(rolling) }];
  const change = new Changing(rolling);
  const last: Pick<Wave, 'prove'> = { prove: () => change.complete() };
  if (rolling.release.paused.size === 0) return [{ mark: marks.images, change: (confirm) => change.setImages(confirm), ...last }];
  return [
    { mark: marks.firstPods, change: (confirm) => change.setImages(confirm), prove: () => change.proveFirstPods() },
    { mark: marks.rest, change: (confirm) => change.resume(confirm), ...last },
  ];
}

/** A change of images in progress. */
class Changing {
  private readonly before: ReadonlyMap<string, Followed<ImageChange>['expected']>;
  private readonly generations = new Map<string, number>();
  /** Monotonic ms: when the change started, and when all of it was sent. The time of the controllers counts from then on. */
  private changedAt = 0;
  private madeAt = 0;

  constructor(private readonly rolling: Rolling) {
    const { release } = rolling;
    this.before = new Map(release.changes.map((each) => [each.ref, expectation(release, each, 0, 'after')]));
  }

  async setImages(confirm: () => Promise<void>): Promise<void> {
    const { release } = this.rolling;
    const { ports, cluster } = release;
    this.changedAt = ports.clock.monotonic();
    const until = this.changedAt + release.config.timeoutMs;
    const generations = await setImages(cluster, ports, release.changes, { confirm, until }, release.written)
      .catch((error: unknown) => this.unanswered(error));
    for (const [ref, generation] of generations) this.generations.set(ref, generation);
    this.madeAt = ports.clock.monotonic();
    await refuseOverwritten(release, this.generations);
    this.rolling.release = asWritten(release);
  }

  /** Waits for a change without a response before the undo looks at the workloads: behind a slow admission webhook it may be applied late. */
  private async unanswered(error: unknown): Promise<never> {
    const { release, release: { ports: { cancelled }, written } } = this.rolling;
    const open = release.changes.filter(({ ref }) => written.openSince(ref) !== undefined);
    if (open.length === 0 || error instanceof ChangeUnderWay) throw error;
    const sentAt = Math.max(...open.map(({ ref }) => written.openSince(ref) ?? 0));
    const isThere = await changeArrived({ ...release, changes: open }, sentAt, 'The change of the images got no response, and may still be applied.').catch((thrown: unknown) => {
      throw cancelled.aborted ? new ChangeUnderWay(cancelled.reason) : thrown;
    });
    if (isThere || !(error instanceof ClusterError)) throw error;
    const message = `${error.message.replace(/\.?$/, '.')} A minute later, when the API server has given up the request, it was not applied.`;
    throw new ClusterError(error.code, message, { hint: error.hint, cause: error });
  }

  /** Pauses the Deployments at their first new pods, waits until these are ready, and checks them. */
  async proveFirstPods(): Promise<void> {
    const { release } = this.rolling;
    const { ports, watched } = release;
    const paused = this.paused();
    const wave = this.followed(({ ref }) => (release.paused.has(ref) ? 'first-wave' : 'nothing'));
    const patience = { ...this.patience(), deadlineAt: Math.min(this.patience().deadlineAt, this.madeAt + progressDeadlineMs(release, paused)) };
    const over = new AbortController();
    const signal = AbortSignal.any([ports.cancelled, over.signal]);
    const holding = pauseAtFirstPods(release, paused, this.generations, { until: patience.deadlineAt, signal });
    try {
      // Whichever fails first ends the other: a pause that someone else prevented, or pods that never become ready.
      await Promise.all([holding, follow(ports, watched, wave, patience, 'rollout', signal)]);
    } finally {
      over.abort();
      await holding.catch(() => undefined);
    }
    const first = wave.filter(({ workload }) => release.paused.has(workload.ref));
    await proveWave(release, wave, first, patience);
    for (const { workload } of first) ports.log.progress('rollout', workload.ref, 'the first pods pass the smoke checks · updating the others');
  }

  async resume(confirm: () => Promise<void>): Promise<void> {
    const { ports } = this.rolling.release;
    const limits = { until: this.patience().deadlineAt, signal: ports.cancelled };
    await persistently(ports.clock, confirm, limits);
    for (const [ref, generation] of await resume(this.rolling.release, this.paused(), limits)) this.generations.set(ref, generation);
  }

  /** Waits until all pods have the version and traffic goes to them. */
  async complete(): Promise<void> {
    const { release } = this.rolling;
    const { ports, watched } = release;
    const followed = this.followed(() => 'whole');
    const { rolledOutAt } = await whileUnsticking(release, followed, 'rollout', () => follow(ports, watched, followed, this.patience(), 'rollout', ports.cancelled));
    this.rolling.followed = followed;
    this.rolling.release = asWritten(release);
    this.rolling.rolledOutMs = Math.round(rolledOutAt - this.changedAt);
  }

  private paused(): ImageChange[] {
    const { release } = this.rolling;
    return release.changes.filter(({ ref }) => release.paused.has(ref));
  }

  private patience(): Patience {
    const { config } = this.rolling.release;
    return { deadlineAt: this.madeAt + config.timeoutMs, steadyMs, of: config.patienceMs };
  }

  private followed(goalOf: (change: ImageChange) => Goal): Followed<ImageChange>[] {
    const { release } = this.rolling;
    return release.changes.map((change) => {
      const images = new Map(change.containers.map((container) => [container.name, imageSet(container)]));
      const known = this.before.get(change.ref) ?? expectation(release, change, 0, 'after');
      return { workload: change, expected: { ...known, images, generation: this.generations.get(change.ref) ?? 0, goal: goalOf(change) } };
    });
  }
}

/** Kubernetes does not apply the progress deadline to a paused Deployment, so it is applied here. */
const progressDeadlineMs = ({ watched }: OpenRelease, paused: readonly ImageChange[]): number =>
  1000 * Math.min(...paused.map((change) => watched.world.view(change).workload?.spec?.progressDeadlineSeconds ?? 600));

/** The version was set before this run, perhaps by one that failed, so it is verified although nothing has to be changed. */
async function verifyAsIs(rolling: Rolling): Promise<void> {
  const { release } = rolling;
  const { ports, config, changes } = release;
  ports.log.info(`${changes.map(({ ref }) => ref).join(', ')} already ${changes.length === 1 ? 'has' : 'have'} this digest: nothing to change, verifying the version as it is`);
  rolling.followed = await ofUnchanged(release, standing(release, { images: 'before', forMs: config.timeoutMs, steadyMs: 0, stage: 'rollout' }));
}

/** Adds to an error that nothing was changed, and the evidence, which no undo gathers in this case. */
export async function ofUnchanged<T>(release: OpenRelease, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RolloutError)) throw error;
    const refs = release.changes.map(({ ref }) => ref);
    const message = `${error.message} ${refs.join(', ')} had this version before the run and still ${refs.length === 1 ? 'has' : 'have'} it.`;
    const hint = `${error.hint} To restore the previous release, run ${placeWords().command('rollback')}.`;
    throw new RolloutError(error.code, message, { hint, stage: error.stage, evidence: await evidenceOf(release, error), cause: error });
  }
}
