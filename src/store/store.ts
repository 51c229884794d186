/*
 * Where backups are kept. A store has named objects that are written once: none is ever changed in place. Every kind passes the
 * same contract test, `__tests__/store/contract.ts`.
 */

/** A folder of a bucket, of a machine, or of a volume in a cluster. */
export interface ObjectStore {
  /** As people write it, without secrets: `s3://acme-backups/api`, `./backups`, `pvc/backups/api`. */
  readonly address: string;
  /** What this store is known not to do, in sentences; known once something was written or read. */
  readonly notes: readonly string[];
  /**
   * Writes an object that does not exist yet. It has its name only when all of it is there.
   * @param content its bytes, from the beginning at each call: what failed for a passing reason is sent again
   * @throws StoreError, with `exists` when there is one of that name; what `content` rejects with, after what was begun is removed;
   * what `signal` aborts with, after the same
   */
  put(name: string, content: () => AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>;
  /** The bytes of an object. Read once. Rejects with StoreError, also in the middle; with `missing` when there is none. */
  get(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Undefined when there is no such object. @throws StoreError */
  head(name: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** All objects whose names begin with this, in the order of their names. @throws StoreError */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredObject>;
  /** Removes it; one that does not exist is no error. @throws StoreError, with `retained` when the store does not allow it yet */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Bytes that still fit; undefined where the store does not say. */
  freeBytes?(signal: AbortSignal): Promise<number | undefined>;
  close?(): Promise<void>;
}

export interface PutOptions {
  readonly bytes: number;
  /** SHA-256 of the content, in hexadecimal digits: the store is told where it can check it. Whether it stored that is proven by `get`. */
  readonly sha256: string;
  /** `application/json`. */
  readonly contentType: string;
  readonly signal: AbortSignal;
  /** Called with the bytes sent so far. */
  readonly onProgress?: (bytes: number) => void;
}

export interface StoredObject {
  /** Below the address of the store. */
  readonly name: string;
  readonly bytes: number;
  /** ms since 1970, by the clock of the store. */
  readonly changedAt: number;
}

/**
 * Why a store did not do it.
 *
 * - `denied`: the credentials are wrong, absent, or not allowed to
 * - `missing`: there is no such object, bucket, folder or volume
 * - `exists`: there is an object of that name already
 * - `retained`: an object lock or a retention of the store forbids it
 * - `full`: no space, or a quota is used up
 * - `corrupt`: the store says that what it got, or has, does not have the checksum
 * - `unavailable`: no answer, 5xx, or a rate limit, after all attempts
 * - `invalid`: the settings cannot be right: no such region, no such kind of storage
 */
export type StoreTrouble = 'denied' | 'missing' | 'exists' | 'retained' | 'full' | 'corrupt' | 'unavailable' | 'invalid';

/** The message is a sentence without a full stop that names the store and the object, and quotes what the store said. */
export class StoreError extends Error {
  /** @param hint what to do, in sentences */
  constructor(readonly trouble: StoreTrouble, message: string, readonly hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
  }
}
