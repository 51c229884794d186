import type { Evidence } from '../../outcome/errors.js';
import type { ImageChange } from './image-change.js';

export interface FreedPod {
  /** Which one, and why, in a sentence. */
  readonly what: string;
  readonly evidence: readonly Evidence[];
}

/**
 * What a run has written to its workloads, as far as it knows. The change itself fills it in, so that whoever undoes it
 * after a failure tells what was never sent from what may have been done.
 */
export class Written {
  /** Ref → generation right before the change was sent for the first time. */
  private readonly sent = new Map<string, number | undefined>();
  /** `ref:container` → what the API server stored. */
  private readonly stored = new Map<string, string>();
  /** `ref:container` → what stood there right before, where it was not what had been recorded. */
  private readonly overwrote = new Map<string, string>();

  /** Pods that were deleted because a controller waited for them, with what was seen of each. */
  readonly freed: FreedPod[] = [];

  /** What another process has written: it may have changed every workload that it recorded. */
  static byAnother(changes: readonly ImageChange[]): Written {
    const written = new Written();
    for (const { ref } of changes) written.send(ref, undefined);
    return written;
  }

  /** To be called before a change is sent. */
  send(ref: string, generation: number | undefined): void {
    if (this.sent.get(ref) === undefined) this.sent.set(ref, generation);
  }

  /** Whether a change was sent, whatever became of it. */
  mayHaveChanged(ref: string): boolean {
    return this.sent.has(ref);
  }

  generationBefore(ref: string): number | undefined {
    return this.sent.get(ref);
  }

  free(pod: FreedPod): void {
    this.freed.push(pod);
  }

  store(ref: string, container: string, image: string): void {
    this.stored.set(`${ref}:${container}`, image);
  }

  overwrite(ref: string, container: string, image: string): void {
    this.overwrote.set(`${ref}:${container}`, image);
  }

  /** Whether this workload held something else right before the change than what had been recorded of it. */
  hasOverwritten({ ref, containers }: ImageChange): boolean {
    return containers.some(({ name }) => this.overwrote.has(`${ref}:${name}`));
  }

  /** The targets as they are known by now: with what the API server stored, and with what really stood there before. */
  known(changes: readonly ImageChange[]): ImageChange[] {
    return changes.map((change) => ({
      ...change,
      containers: change.containers.map((container) => {
        const key = `${change.ref}:${container.name}`;
        const before = this.overwrote.get(key);
        const becomes = this.stored.get(key) ?? container.becomes;
        const stored = becomes === undefined || becomes === container.after ? container : { ...container, becomes };
        return before === undefined ? stored : { ...stored, before, back: undefined };
      }),
    }));
  }
}
