import { createHash } from 'node:crypto';
import { StoreError, type ObjectStore, type PutOptions, type StoredObject } from '../../src/store/store.js';

/** A store in memory, whose faults a test chooses. */
export class MemoryStore implements ObjectStore {
  readonly address = 's3://backups/api';
  readonly notes: readonly string[] = [];
  readonly objects = new Map<string, Buffer>();
  /** Names in the order in which they were written. */
  readonly written: string[] = [];
  /** What is stored in place of what was sent. */
  alters: (name: string, content: Buffer) => Buffer = (_, content) => content;
  /** Rejects the call that has this name, such as `put main/x/manifest.json`. */
  rejects: (call: string) => Error | undefined = () => undefined;

  async put(name: string, content: () => AsyncIterable<Uint8Array>, { bytes, sha256 }: Pick<PutOptions, 'bytes' | 'sha256'>): Promise<StoredObject> {
    this.refuse(`put ${name}`);
    const pieces: Uint8Array[] = [];
    for await (const piece of content()) pieces.push(piece);
    const whole = Buffer.concat(pieces);
    if (whole.length !== bytes || createHash('sha256').update(whole).digest('hex') !== sha256) throw new StoreError('corrupt', `${name} is not what was announced`, '');
    if (this.objects.has(name)) throw new StoreError('exists', `${name} exists`, '');
    this.objects.set(name, this.alters(name, whole));
    this.written.push(name);
    return this.stored(name);
  }

  async* get(name: string): AsyncGenerator<Uint8Array> {
    this.refuse(`get ${name}`);
    const content = this.objects.get(name);
    if (!content) throw new StoreError('missing', `${name} does not exist`, '');
    for (let at = 0; at < content.length; at += 1000) yield content.subarray(at, at + 1000);
  }

  async head(name: string): Promise<StoredObject | undefined> {
    return this.objects.has(name) ? this.stored(name) : undefined;
  }

  async* list(prefix: string): AsyncGenerator<StoredObject> {
    for (const name of [...this.objects.keys()].sort()) if (name.startsWith(prefix)) yield this.stored(name);
  }

  async remove(name: string): Promise<void> {
    this.refuse(`remove ${name}`);
    this.objects.delete(name);
  }

  private stored(name: string): StoredObject {
    return { name, bytes: this.objects.get(name)?.length ?? 0, changedAt: 0 };
  }

  private refuse(call: string): void {
    const error = this.rejects(call);
    if (error) throw error;
  }
}
