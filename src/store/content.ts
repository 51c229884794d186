import { createHash } from 'node:crypto';
import { StoreError, type PutOptions } from './store.js';

/**
 * The bytes of an object while they are sent. They end only after all that was announced, with its checksum, and reject otherwise:
 * for some stores a stream that just ends is a complete object.
 * @param subject the object and its store: `main/x/dump in s3://acme-backups/api`
 * @throws StoreError `corrupt`; what the content rejects with; what `signal` aborts with
 */
export async function* checkedContent(content: AsyncIterable<Uint8Array>, options: Omit<PutOptions, 'contentType'>, subject: string): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of content) {
    options.signal.throwIfAborted();
    hash.update(piece);
    bytes += piece.length;
    if (bytes > options.bytes) break;
    if (piece.length > 0) yield piece;
    options.onProgress?.(bytes);
  }
  options.signal.throwIfAborted();
  if (bytes !== options.bytes) throw changed(subject, `${bytes > options.bytes ? 'more than the' : `only ${bytes} of`} ${options.bytes} bytes were read`);
  const sha256 = hash.digest('hex');
  if (sha256 !== options.sha256) throw changed(subject, `its SHA-256 is ${sha256}, but was ${options.sha256} before`);
}

const changed = (subject: string, what: string): StoreError =>
  new StoreError('corrupt', `${subject} was not stored, because its content changed on this machine: ${what}`, 'Check the disk of this machine, then run the backup again.');

/** All bytes of a content that is known to be small. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
