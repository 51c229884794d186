import type { Ports } from '../../ports/ports.js';
import { retry } from '../../ports/retry.js';
import type { MountedVolume, MountVolume } from './mounted.js';
import { PassingError } from './run.js';

/** Waits before a connection that broke off is opened again, ms. */
export const delaysMs = [1000, 4000];

/** A volume that is mounted when it is needed, and mounted again when its pod or the connection to it is lost. */
export class VolumeSession {
  private mounting: Promise<MountedVolume> | undefined;

  /** @param path of the store in the volume; empty for the whole volume */
  constructor(readonly clock: Ports['clock'], private readonly path: string, private readonly mount: (signal: AbortSignal) => ReturnType<MountVolume>) {}

  async volume(signal: AbortSignal): Promise<MountedVolume> {
    signal.throwIfAborted();
    this.mounting ??= this.mount(signal);
    try {
      return await this.mounting;
    } catch (error) {
      this.mounting = undefined;
      throw error;
    }
  }

  root({ folder }: MountedVolume): string {
    return this.path === '' ? folder : `${folder}/${this.path}`;
  }

  /** Does it with the volume, and again, at most three times, if the connection broke off. @param work gets the number of the attempt, from 1 on */
  attempt<T>(signal: AbortSignal, work: (volume: MountedVolume, count: number) => Promise<T>): Promise<T> {
    return retry(this.clock, { delaysMs, signal, retryable: (error) => error instanceof PassingError }, async (count) => {
      try {
        return await work(await this.volume(signal), count);
      } catch (error) {
        if (error instanceof PassingError) await this.close();
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    const volume = await this.mounting?.catch(() => undefined);
    this.mounting = undefined;
    await volume?.close();
  }
}
