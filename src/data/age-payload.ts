import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';

/*
 * The payload of a file of age, by the ChaCha20-Poly1305 of Node: that of the library of age is in JavaScript, and takes ten times as long.
 * https://github.com/C2SP/C2SP/blob/main/age.md#payload
 */

const algorithm = 'chacha20-poly1305';
const chunkBytes = 64 * 1024;
const tagBytes = 16;
export const nonceBytes = 16;

/** What encrypts the chunks of one file, with the number of the chunk as its nonce. */
class Chunks {
  private readonly key: Buffer;
  /** 11 bytes, big endian, and one that is 1 for the last chunk. */
  private readonly nonce = Buffer.alloc(12);
  private count = 0;

  constructor(fileKey: Uint8Array, nonce: Uint8Array) {
    this.key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
  }

  private next(isLast: boolean): Buffer {
    this.nonce.writeUIntBE(this.count, 5, 6);
    this.nonce[11] = isLast ? 1 : 0;
    this.count += 1;
    return this.nonce;
  }

  seal(chunk: Uint8Array, isLast: boolean): Buffer {
    const cipher = createCipheriv(algorithm, this.key, this.next(isLast), { authTagLength: tagBytes });
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws when it is not what was sealed, or not the last one and should be */
  open(chunk: Uint8Array, isLast: boolean): Buffer {
    if (chunk.length < tagBytes) throw new Error('its end is missing');
    const decipher = createDecipheriv(algorithm, this.key, this.next(isLast), { authTagLength: tagBytes });
    decipher.setAuthTag(chunk.subarray(-tagBytes));
    return Buffer.concat([decipher.update(chunk.subarray(0, -tagBytes)), decipher.final()]);
  }
}

/** @param fileKey of the header that precedes it @param nonce precedes it as well */
export async function* sealPayload(pieces: AsyncIterable<Uint8Array>, fileKey: Uint8Array, nonce: Uint8Array): AsyncGenerator<Uint8Array> {
  const chunks = new Chunks(fileKey, nonce);
  for await (const { chunk, isLast } of inChunks(pieces, chunkBytes)) yield chunks.seal(chunk, isLast);
}

/** What was sealed. Each piece is genuine when it is passed on; only the end of all proves that they are complete. */
export async function* openPayload(pieces: AsyncIterable<Uint8Array>, fileKey: Uint8Array, nonce: Uint8Array): AsyncGenerator<Uint8Array> {
  const chunks = new Chunks(fileKey, nonce);
  let isFirst = true;
  for await (const { chunk, isLast } of inChunks(pieces, chunkBytes + tagBytes)) {
    const plain = chunks.open(chunk, isLast);
    // Only an empty file has an empty chunk.
    if (plain.length === 0 && !isFirst) throw new Error('its last chunk is empty');
    isFirst = false;
    yield plain;
  }
}

/** Chunks of equal size, except for the last one: it is known to be the last, and empty only if all is. Each is there until the next one. */
async function* inChunks(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<{ readonly chunk: Uint8Array; readonly isLast: boolean }> {
  const chunk = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      if (filled === size) {
        yield { chunk, isLast: false };
        filled = 0;
      }
      const taken = piece.subarray(at, at + size - filled);
      chunk.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  yield { chunk: chunk.subarray(0, filled), isLast: true };
}
