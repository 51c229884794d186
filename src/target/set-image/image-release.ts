import type { WatchConfig } from '../../config/config.js';
import type { WatchReport } from '../../outcome/watch.js';
import { watchRelease } from './watch.js';
import type { PassedCheck } from '../../check/smoke/smoke.js';
import type { DeployError, Evidence } from '../../outcome/errors.js';
import { succeeds } from '../../ports/within.js';
import { selects } from '../../kubernetes/observe/selector.js';
import type { Standing } from '../../record/release.js';
import type { Change, Progress, Recorded, Report, Undone, UndoJournal, Wave, Words } from '../target.js';
import { evidenceOf } from './evidence.js';
import { contentsOf, rowsOf, type ImageChange } from './image-change.js';
import { imagesNow } from './images-now.js';
import { steadyMs, type OpenRelease } from './open-release.js';
import { proveRelease } from './prove.js';
import { recorded } from './recorded.js';
import { runningOf } from './release.js';
import { undoArguments } from './restore.js';
import { annotateVerified } from './revisions.js';
import { standing } from './standing.js';
import { undoRelease } from './undo.js';
import { unverifiedOf } from './unverified.js';
import { verifiedOf } from './verified.js';
import { ofUnchanged, wavesOf, type Rolling } from './waves.js';

type Labels = Readonly<Record<string, string>> | undefined;

/** An interrupted run may have succeeded without recording it: how long its rollout may still take to complete. */
const confirmForMs = 20_000;

/** A change of images in progress, or one that another process left in progress. */
export class ImageRelease implements Change {
  readonly isThere: boolean;
  readonly waves: readonly Wave[];
  readonly words: Words = { stays: 'the new images stay where they were set', isThere: 'Its images are on every workload.' };
  private readonly rolling: Rolling;
  /** The smoke checks that the new version passed. */
  private passed: readonly PassedCheck[] = [];

  /** @param pausableUntil of a change that was reopened: see `Reopened` */
  constructor(opened: OpenRelease, state: 'to-do' | 'there' = 'to-do', private readonly pausableUntil = 0) {
    this.isThere = state === 'there';
    this.rolling = { release: opened, followed: [] };
    this.waves = wavesOf(this.rolling, this.isThere);
  }

  private get release(): OpenRelease {
    return this.rolling.release;
  }

  /** With what is known of the change by now, also while it is in progress. */
  private get changes(): readonly ImageChange[] {
    return this.release.written.known(this.release.changes);
  }

  get standing(): readonly Standing[] {
    return this.release.snapshots.map(({ change, unhealthy, isIdle = false }) => ({ subject: change.ref, contents: contentsOf([change], 'before'), unhealthy, isIdle }));
  }

  recorded(): Recorded {
    const { release, changes } = this;
    const target = recorded.write({ workloads: changes, paused: [...release.paused.values()], running: runningOf(release) });
    return { target, rows: rowsOf(changes), passedBefore: release.passedBefore };
  }

  async verify(): Promise<void> {
    const { release } = this;
    const { ports, config } = release;
    const verifying = proveRelease(release, this.rolling.followed, config.smoke, ports.clock.monotonic() + config.timeoutMs, ports.cancelled);
    this.passed = await (this.isThere ? ofUnchanged(release, verifying) : verifying);
  }

  watch(config: WatchConfig): Promise<WatchReport> {
    return watchRelease(this.release, this.rolling.followed, config, this.release.ports.cancelled);
  }

  async stands(): Promise<boolean> {
    const { release } = this;
    const { ports, config } = release;
    if (this.isPaused()) return false;
    return succeeds(ports.cancelled, async () => {
      const followed = await standing(release, { images: 'after', forMs: confirmForMs, steadyMs, stage: 'recovery' });
      this.passed = await proveRelease(release, followed, config.smoke, ports.clock.monotonic() + confirmForMs, ports.cancelled);
      await this.untilUnpausable();
      return !this.isPaused();
    });
  }

  /** Deployments that this run has paused, and could not resume. */
  private stillPaused(): string[] {
    const { changes, watched, paused } = this.release;
    return changes.filter((change) => paused.has(change.ref) && watched.world.view(change).workload?.spec?.paused).map(({ ref }) => ref);
  }

  private isPaused(): boolean {
    const { changes, watched } = this.release;
    return changes.some((change) => watched.world.view(change).workload?.spec?.paused);
  }

  /** A pause that arrives after the release was confirmed would never be lifted. An undo need not wait, because the patch of the pause tests the images. */
  private async untilUnpausable(): Promise<void> {
    const { ports, watched } = this.release;
    const leftMs = (): number => this.pausableUntil - ports.clock.monotonic();
    if (leftMs() > 0) ports.log.info(`The interrupted run may have sent a pause that is still in progress. Waiting for it for at most ${Math.ceil(leftMs() / 1000)} s`);
    while (leftMs() > 0 && !this.isPaused()) await watched.news(leftMs(), ports.cancelled);
  }

  async settle(): Promise<void> {
    const unverified = new Set(this.progress().unverified.map(({ subject }) => subject));
    await annotateVerified(this.release.cluster, this.changes.filter(({ ref }) => !unverified.has(ref)));
  }

  mayHaveChanged(subject?: string): boolean {
    return this.release.changes.some(({ ref }) => (subject === undefined || subject === ref) && this.release.written.mayHaveChanged(ref));
  }

  progress(): Progress {
    const { release, passed, rolling: { rolledOutMs } } = this;
    return { rolledOutMs, verified: verifiedOf(release, passed), unverified: unverifiedOf(release), warnings: release.written.freed.map(({ what }) => what) };
  }

  describe(): string[] {
    const { release } = this;
    const { unverified, rolledOutMs = 0 } = this.progress();
    const running = release.changes.filter(({ ref }) => !unverified.some(({ subject }) => subject === ref));
    const labelsOf = (change: ImageChange): Labels => release.watched.world.view(change).workload?.spec?.template?.metadata?.labels;
    const isServed = running.some((change) => release.services.some((service) => selects(service, labelsOf(change))));
    return [
      ...unverified.map(({ subject, reason }) => `${subject} has the image, but nothing runs it now: ${reason}`),
      ...(running.length > 0 ? [`rolled out in ${(rolledOutMs / 1000).toFixed(1)} s${isServed ? ', and every endpoint is a new pod' : ''}`] : []),
    ];
  }

  evidence(failure: DeployError): Promise<readonly Evidence[]> {
    return evidenceOf(this.release, failure);
  }

  undo(failure: DeployError, journal: UndoJournal): Promise<Undone> {
    return undoRelease(this.release, failure, journal);
  }

  async report(): Promise<Report> {
    const { changes, release: { cluster } } = this;
    const now = await imagesNow(cluster, changes);
    const rows = rowsOf(changes).map((row) => ({ ...row, now: now.get(`${row.subject}:${row.part}`) }));
    return { rows, undoCommands: [...undoArguments(changes, now), ...this.stillPaused().map((ref) => ['rollout', 'resume', ref])].map(cluster.typed) };
  }

  close(): void {
    this.release.watched.close();
  }
}
