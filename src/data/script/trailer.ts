import { createHash } from 'node:crypto';

/** What the source of a dump says at its end, in a fixed number of bytes. */
interface Trailer {
  readonly code: number;
  readonly sha256: string;
  readonly bytes: number;
}

/** As the script of the dump prints it: the exit code of pg_dump, then of what was written: its SHA-256 and number of bytes. */
const pattern = /^\nacci-dump (\d{3}) ([\da-f]{64}) (\d{20})\n$/;
export const trailerFormat = String.raw`\nacci-dump %03d %64s %020d\n`;
const trailerBytes = 1 + 'acci-dump '.length + 3 + 1 + 64 + 1 + 20 + 1;

/** What came out of a stream with a trailer, after its end. */
export interface Received {
  /** Undefined when the stream ended without one. */
  readonly trailer?: Trailer;
  /** Of what came before the trailer, as it was received. */
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Passes on all but the trailer of a stream, piece by piece.
 * @returns what was received; whether it is complete is for the caller to compare
 */
export async function* withoutTrailer(output: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, Received> {
  const hash = createHash('sha256');
  let bytes = 0;
  let held: Uint8Array = new Uint8Array();
  const passed = (piece: Uint8Array): Uint8Array => {
    hash.update(piece);
    bytes += piece.length;
    return piece;
  };
  for await (const piece of output) {
    const all = held.length === 0 ? piece : Buffer.concat([held, piece]);
    const cut = Math.max(0, all.length - trailerBytes);
    if (cut > 0) yield passed(all.subarray(0, cut));
    // A copy: a view would keep a whole piece in memory, and the next one is put behind it.
    held = Buffer.from(all.subarray(cut));
  }
  const match = pattern.exec(Buffer.from(held).toString('latin1'));
  if (match) return { trailer: { code: Number(match[1]), sha256: match[2] ?? '', bytes: Number(match[3]) }, sha256: hash.digest('hex'), bytes };
  if (held.length > 0) yield passed(held);
  return { sha256: hash.digest('hex'), bytes };
}
