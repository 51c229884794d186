import { createHash } from 'node:crypto';

/** What has gone through. */
export interface Passed {
  readonly bytes: number;
  /** SHA-256, in hexadecimal digits. */
  readonly sha256: string;
}

interface Measured {
  readonly pieces: AsyncIterable<Uint8Array>;
  passed(): Passed;
}

/** Counts and hashes pieces on their way. `passed` is complete when all of them have been read. */
export function measured(pieces: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void = () => undefined): Measured {
  const hash = createHash('sha256');
  let bytes = 0;
  const through = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      hash.update(piece);
      bytes += piece.length;
      onBytes(bytes);
      yield piece;
    }
  };
  let passed: Passed | undefined;
  return { pieces: through(), passed: () => (passed ??= { bytes, sha256: hash.digest('hex') }) };
}

/** Reads everything, and keeps nothing of it. */
export async function measure(pieces: AsyncIterable<Uint8Array>): Promise<Passed> {
  const counted = measured(pieces);
  for await (const _ of counted.pieces) { /* Only its hash is wanted. */ }
  return counted.passed();
}

/** A text as pieces. */
export async function* piecesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
