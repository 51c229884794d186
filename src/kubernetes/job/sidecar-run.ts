import type { Clock } from '../../ports/clock.js';
import type { Pod } from '../client/objects.js';
import { sidecarGraceSeconds, type Sidecar } from './sidecar.js';

/** What a run of a Job does about its sidecar, if it has one. */
export class SidecarRun {
  private preparation: Promise<void> | undefined;
  private isReady = false;
  private readonly unprepared = new AbortController();
  /** When the command could start, monotonic ms. */
  readyAt: number | undefined;

  constructor(private readonly sidecar: Sidecar | undefined, private readonly clock: Clock) {}

  /** Aborts with what the preparation has failed with. */
  get failed(): AbortSignal {
    return this.unprepared.signal;
  }

  /** Its preparation is under way: the pod is as it should be, although nothing of it is ready. */
  get isPreparing(): boolean {
    return this.preparation !== undefined && !this.isReady;
  }

  /** Starts the preparation once its container runs. */
  look(pod: Pod | undefined, signal: AbortSignal): void {
    const { sidecar } = this;
    const state = pod?.status?.initContainerStatuses?.find(({ name }) => name === sidecar?.container.name)?.state;
    if (!sidecar || !pod || this.preparation || state?.running === undefined) return;
    this.preparation = sidecar.prepare(pod, signal).then(() => {
      this.isReady = true;
      this.readyAt = this.clock.monotonic();
    }, (error: unknown) => { this.unprepared.abort(error); });
  }

  /** The command has ended. */
  async conclude(): Promise<void> {
    const { sidecar } = this;
    if (!sidecar) return;
    const over = new AbortController();
    const late = this.clock.sleep(sidecarGraceSeconds * 1000, over.signal).then(() => { over.abort(new Error('its container has ended')); }, () => undefined);
    if (this.isReady) await Promise.race([sidecar.conclude(over.signal), late]);
    over.abort();
    await sidecar.end();
  }

  async end(): Promise<void> {
    await this.sidecar?.end();
  }
}
