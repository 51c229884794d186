import { crc64 } from './crc64.js';
import { createParser, DamagedSnapshot, type Listener } from './parse.js';
import { UnknownPart } from './values.js';

/** What a snapshot has. */
export interface Contents {
  /** Of its format: 10 for Redis 7.0. */
  readonly format: number;
  /** Bytes of it; what followed was only what redis-cli puts behind it. */
  readonly bytes: number;
  /** Keys by the number of their database, `0`. Undefined when it is of a later version of Redis, whose values this action cannot tell apart. */
  readonly keys?: Readonly<Record<string, number>>;
  /** Those of them that expire. */
  readonly expiring?: Readonly<Record<string, number>>;
  /** Libraries of functions. */
  readonly libraries: number;
  /** ms since 1970, to a second: when the server has made it. */
  readonly at?: number;
  /** What this action does not know in it. */
  readonly unknown?: string;
}

/** Behind a snapshot that was sent without its length, redis-cli leaves the mark by which it saw its end. */
const markBytes = 40;
const checksumBytes = 8;
const endCode = 0xff;

/** Reads a snapshot piece by piece. `finish` proves that it is complete and unchanged. */
export function readContents(listener: Listener = {}) {
  const keys = new Map<number, number>();
  const expiring = new Map<number, number>();
  let [libraries, bytes, unknown] = [0, 0, undefined as string | undefined];
  let at: number | undefined;
  let head = Buffer.alloc(0);
  // The last bytes, of which nobody knows yet whether they are the checksum or the mark.
  let tail = Buffer.alloc(0);
  const sum = crc64();
  const parser = createParser({
    about: (name, value) => {
      if (name === 'ctime' && /^\d+$/.test(value)) at = Number(value) * 1000;
    },
    library: () => { libraries += 1; },
    entry: (entry) => {
      keys.set(entry.database, (keys.get(entry.database) ?? 0) + 1);
      if (entry.expiresAt !== undefined) expiring.set(entry.database, (expiring.get(entry.database) ?? 0) + 1);
      return listener.entry?.(entry);
    },
    value: (size) => listener.value?.(size),
  });
  return {
    /** @throws DamagedSnapshot */
    push: (piece: Uint8Array): void => {
      bytes += piece.length;
      if (head.length < 9) head = Buffer.concat([head, piece.subarray(0, 9 - head.length)]);
      const all = tail.length === 0 ? piece : Buffer.concat([tail, piece]);
      const cut = Math.max(0, all.length - markBytes - checksumBytes - 1);
      sum.update(all.subarray(0, cut));
      tail = Buffer.from(all.subarray(cut));
      if (unknown !== undefined) return;
      try {
        parser.push(piece);
      } catch (error) {
        if (!(error instanceof UnknownPart)) throw error;
        unknown = error.message;
      }
    },
    /** @throws DamagedSnapshot */
    finish: (): Contents => {
      const end = verifiedEnd(bytes, tail, sum, unknown === undefined ? parser.end ?? 'missing' : undefined);
      const format = Number(head.toString('latin1').slice(-4).replace(/\D/g, ''));
      const counts = unknown === undefined ? { keys: Object.fromEntries(keys), expiring: Object.fromEntries(expiring) } : { unknown };
      return { format, bytes: end, ...counts, libraries, at };
    },
  };
}

/**
 * Where the snapshot ends, by its checksum.
 * @param bytes of all that was read; `tail` are the last of them, and `sum` is the checksum of those before
 * @param parsed where the parser saw the end; undefined when it could not read so far
 */
function verifiedEnd(bytes: number, tail: Buffer, sum: ReturnType<typeof crc64>, parsed: number | 'missing' | undefined): number {
  if (parsed === 'missing') throw new DamagedSnapshot(`it ends after ${bytes.toLocaleString('en-US')} bytes, before its end mark`);
  const before = bytes - tail.length;
  // The shorter end first: the checksum goes on from there.
  const ends = parsed === undefined ? [bytes - markBytes, bytes] : [parsed];
  let done = before;
  for (const end of ends) {
    const [code, checksum] = [end - checksumBytes - 1 - before, end - checksumBytes - before];
    if (code < 0 || end > bytes) continue;
    sum.update(tail.subarray(done - before, checksum));
    done = before + checksum;
    const found = tail.subarray(checksum, checksum + checksumBytes);
    const isOff = found.every((byte) => byte === 0);
    const fits = found.equals(sum.value()) || (isOff && parsed !== undefined);
    if (fits && tail[code] === endCode && [0, markBytes].includes(bytes - end)) return end;
  }
  if (parsed !== undefined && ![0, markBytes].includes(bytes - parsed)) throw new DamagedSnapshot(`${(bytes - parsed).toLocaleString('en-US')} bytes follow its end`);
  throw new DamagedSnapshot('its checksum does not fit');
}
