import type { Evidence } from '../../outcome/errors.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import type { ImageChange } from './image-change.js';

export interface FreedPod {
  /** Which one, and why, in a sentence. */
  readonly what: string;
  readonly evidence: readonly Evidence[];
}

interface Sent {
  readonly generation: number;
  readonly replicas: number | undefined;
}

/**
 * What a run has written to its workloads, as far as it knows. Filled in by the change itself, so an undo after a failure
 * can distinguish what was never sent from what may have been applied.
 */
export class Written {
  /** Ref → what the workload was right before the change was sent for the first time. */
  private readonly sent = new Map<string, Sent | undefined>();
  /** Ref → monotonic ms at which a change without a response was sent last. */
  private readonly unanswered = new Map<string, number>();
  /** `ref:container` → what the API server stored. */
  private readonly stored = new Map<string, string>();
  /** `ref:container` → the image right before the change, if it was not the recorded one. */
  private readonly overwrote = new Map<string, string>();

  /** Pods that were deleted because a controller waited for them, with the evidence of each. */
  readonly freed: FreedPod[] = [];

  /** For a change of another process, which may have changed every workload that it recorded. */
  static byAnother(changes: readonly ImageChange[]): Written {
    const written = new Written();
    for (const { ref } of changes) written.send(ref, undefined);
    return written;
  }

  /** To be called before a change is sent. @param before the workload; undefined if it could not be read */
  send(ref: string, before: Workload | undefined): void {
    const generation = before?.metadata?.generation;
    if (this.sent.get(ref) === undefined) this.sent.set(ref, generation === undefined ? undefined : { generation, replicas: before?.spec?.replicas });
  }

  /** Notes that a change of these workloads got no response, so it may still be applied. @param sentAt monotonic ms */
  leaveOpen(refs: readonly string[], sentAt: number): void {
    for (const ref of refs) this.unanswered.set(ref, sentAt);
  }

  /** When a change of this workload without a response was sent last, monotonic ms; undefined if there is none. */
  openSince(ref: string): number | undefined {
    return this.unanswered.get(ref);
  }

  /** Whether a change was sent, whether it was applied or not. */
  mayHaveChanged(ref: string): boolean {
    return this.sent.has(ref);
  }

  generationBefore(ref: string): number | undefined {
    return this.sent.get(ref)?.generation;
  }

  /**
   * Whether the change of this run is the only one of the workload since it was sent, but for its replicas, which an
   * autoscaler sets at any time: each change of the spec makes one generation.
   */
  isOnlyChange(ref: string, now: Workload): boolean {
    const before = this.sent.get(ref);
    if (before === undefined) return false;
    return now.metadata?.generation === before.generation + (now.spec?.replicas === before.replicas ? 1 : 2);
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

  /** Whether this workload had another image right before the change than the recorded one. */
  hasOverwritten({ ref, containers }: ImageChange): boolean {
    return containers.some(({ name }) => this.overwrote.has(`${ref}:${name}`));
  }

  /** The changes with what is known by now: the images that the API server stored, and those right before the change. */
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
