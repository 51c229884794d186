import { createHash } from 'node:crypto';

/** Bytes of the beginning that are kept. */
const headBytes = 4096;

/** Pieces as they pass, and what they were. */
export function observed(source: AsyncIterable<Uint8Array>, progress: (bytes: number) => void) {
  const hash = createHash('sha256');
  let bytes = 0;
  let head: Uint8Array = new Uint8Array();
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      hash.update(piece);
      bytes += piece.length;
      if (head.length < headBytes) head = Buffer.concat([head, piece.subarray(0, headBytes)]);
      progress(bytes);
      yield piece;
    }
  };
  let sum: string | undefined;
  return { pieces: pieces(), bytes: () => bytes, sha256: () => (sum ??= hash.digest('hex')), head: () => head };
}
