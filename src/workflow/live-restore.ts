import type { Compared, Restoration } from '../data/engine.js';
import type { Fetched } from '../data/fetch.js';
import { factsOf } from '../data/manifest.js';
import type { RestoreResult } from '../outcome/data.js';
import type { DeployError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import type { Undone } from '../target/target.js';
import type { AppFence } from './app-fence.js';
import type { DataLocks } from './data-locks.js';
import { describeBackup, fetched, limited, resultOf, stage, type Restoring, type Work } from './restoring.js';
import { kept as keptNames } from './run.js';
import type { Stage } from './stage.js';

interface Live extends Restoring {
  readonly fence: AppFence;
  readonly locks: DataLocks;
}

/** A restore in the place of the live data. */
export class LiveRestore implements Work {
  readonly results: RestoreResult[] = [];
  undone?: Undone;
  private backup?: Fetched;
  private restoration?: Restoration;
  private compared?: Compared;
  private kept?: string;
  /** Something is left that the post step can finish. */
  private isLeft = false;

  private constructor(private readonly of: Live, private readonly steps: readonly string[]) {}

  /** Looks whether it can succeed, before anything is downloaded. */
  static async checked(of: Live): Promise<LiveRestore> {
    const { run: { ports, folder }, opened, manifest } = of;
    await of.fence.check();
    const empty = await ports.disk.spool(folder);
    try {
      const { steps } = await opened.database.restoration(empty, factsOf(manifest, {})).check(ports.cancelled);
      return new LiveRestore(of, steps);
    } finally {
      await empty.close();
    }
  }

  get chosen(): string {
    return this.of.manifest.name;
  }

  get stages(): readonly Stage[] {
    const { fence, locks, run: { config: { smoke } } } = this.of;
    const exchange: Stage = { ...stage('exchange', [...fence.steps, ...this.steps.slice(-1), ...fence.stepsAfter], () => this.exchange()), undo: (failure) => this.putBack(failure) };
    return [
      ...locks.step.length === 0 ? [] : [stage('lock', locks.step, () => locks.take())],
      stage('download', [`download the backup ${describeBackup(this.of)}, and check its checksums`], () => this.limited(async (signal) => { this.backup = await fetched(this.of, signal); })),
      stage('restore beside the data', this.steps.slice(0, -1), () => this.limited((signal) => this.beside(signal))),
      exchange,
      ...smoke.length === 0 ? [] : [{ ...stage('smoke checks', [`run the smoke checks: ${smoke.map(({ text }) => `\`${text}\``).join(', ')}`], () => fence.smoke(locks.signal)), name: 'smoke' as const }],
    ];
  }

  async close(): Promise<void> {
    const { locks, run } = this.of;
    await this.restoration?.discard();
    await this.backup?.spool.close();
    await locks.release();
    if (this.restoration && !this.isLeft) await run.keep(keptNames.restore, '').catch(() => undefined);
  }

  private limited(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    return limited(this.of, this.of.locks.signal, work);
  }

  private async beside(signal: AbortSignal): Promise<void> {
    const { opened, run, locks } = this.of;
    if (!this.backup) throw new Error('the backup is not downloaded');
    await locks.confirm();
    await run.keep(keptNames.restore, run.id);
    this.restoration = opened.database.restoration(this.backup.spool, this.backup.facts);
    await this.restoration.check(signal);
    this.compared = await this.restoration.prepare(signal);
  }

  private async exchange(): Promise<void> {
    const { fence, locks, run: { ports, config }, opened } = this.of;
    const { restoration, compared } = this;
    if (!restoration || !compared) throw new Error('the data is not restored yet');
    await locks.confirm();
    this.isLeft = true;
    await fence.raise(locks.signal);
    this.kept = await this.swapped(restoration);
    ports.log.info(`${opened.config.name} has the data of the backup; that from before is kept in ${this.kept}`);
    await this.start();
    await fence.untilReady(locks.signal);
    this.results.push(resultOf(this.of, 'live', compared, this.kept));
    if (config.reason !== undefined) ports.log.info(`the reason: ${config.reason}`);
  }

  /** The exchange itself, with the app stopped. If it fails, the old data serves, and the app is started again. */
  private async swapped(restoration: Restoration): Promise<string> {
    const { locks } = this.of;
    let isAsked = false;
    try {
      await locks.confirm();
      isAsked = true;
      return (await restoration.swap(locks.signal)).kept;
    } catch (error) {
      // What was broken off, or not answered, may have happened.
      if (isAsked) await this.undoUncertain(restoration);
      const notes = await this.start();
      if (this.undone) this.undone = { ...this.undone, notes: [...this.undone.notes, ...notes] };
      else if (notes.length > 0) this.undone = { result: 'failed', notes, evidence: [], untouched: [] };
      throw error;
    }
  }

  private async undoUncertain(restoration: Restoration): Promise<void> {
    const { locks, opened: { config: { name } } } = this.of;
    try {
      if (locks.isLost) throw new Error('another run has taken over the lock of the database');
      await restoration.swapBack(new AbortController().signal);
    } catch (error) {
      const note = `It is not known whether ${name} has the data of the backup or that from before: ${messageOf(error)}. Whichever it is, the data is complete, and the other is beside it.`;
      this.undone = { result: 'failed', notes: [note], evidence: [], untouched: [] };
    }
  }

  /** @returns what could not be started again, in sentences */
  private async start(): Promise<readonly string[]> {
    const notes = await this.of.fence.lower();
    this.isLeft = notes.length > 0;
    return notes;
  }

  /** The app does not work with the restored data: that from before is put back. Does not throw. */
  private async putBack(failure: DeployError): Promise<void> {
    const { fence, locks, run: { ports: { clock } }, opened: { config: { name } } } = this.of;
    if (this.kept === undefined || !this.restoration) return;
    const startedAt = clock.monotonic();
    const notes: string[] = [];
    try {
      if (locks.isLost) throw new Error('another run has taken over the lock of the database');
      await fence.raise(new AbortController().signal);
      await this.restoration.swapBack(new AbortController().signal);
      notes.push(`The data of ${name} from before the restore is restored, because the run failed: ${failure.code}.`);
      this.results.splice(0);
      const stopped = await this.start();
      this.undone = { result: stopped.length > 0 ? 'failed' : 'restored', notes: [...notes, ...stopped], evidence: [], untouched: [], restoredAfterMs: clock.monotonic() - startedAt };
    } catch (error) {
      notes.push(`The data of ${name} from before the restore is in ${this.kept}, and could not be restored: ${messageOf(error)}.`, ...await this.start());
      this.undone = { result: 'failed', notes, evidence: [], untouched: [] };
    }
  }
}
