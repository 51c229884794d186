import { Cursor, type Parsing } from './cursor.js';
import { length, skipModule, skipText, skipValue, text, UnknownPart } from './values.js';

/** A key of a snapshot. */
export interface Entry {
  /** The number of its logical database. */
  readonly database: number;
  readonly key: Buffer;
  /** The number of the type of its value, as the first byte of a payload of RESTORE. */
  readonly type: number;
  /** ms since 1970. */
  readonly expiresAt?: bigint;
  /** Seconds since it was used, where the server evicts by that. */
  readonly idle?: number;
  /** How often it is used, where the server evicts by that. */
  readonly frequency?: number;
  /** Where its value begins in the file. */
  readonly offset: number;
}

/** Called while a snapshot is read, in the order of the file. */
export interface Listener {
  /** What the server has written of itself: `redis-ver`, `ctime`. */
  about?(name: string, value: string): void;
  /** A library of functions, which belongs to the server and not to one of its databases. */
  library?(): void;
  /** @returns what takes the bytes of its value, in pieces */
  entry?(entry: Entry): ((bytes: Uint8Array) => void) | undefined;
  /** The value of the last entry is complete. @param bytes of it */
  value?(bytes: number): void;
}

/** A snapshot is no snapshot, or damaged. */
export class DamagedSnapshot extends Error {}

/** https://github.com/redis/redis/blob/8.0/src/rdb.h */
const opcodes = {
  slotInfo: 244, library: 245, moduleAux: 247, idle: 248, frequency: 249, about: 250, resize: 251, expiresMs: 252, expires: 253, select: 254, end: 255,
} as const;
const checksumBytes = 8;
/** The first with a checksum: that of Redis 2.6. */
const firstVersion = 5;

/** What precedes a key and belongs to it. */
interface Ahead {
  database: number;
  expiresAt: bigint | undefined;
  idle: number | undefined;
  frequency: number | undefined;
}

function* parse(cursor: Cursor, listener: Listener): Parsing<void> {
  const head = (yield* cursor.take(9)).toString('latin1');
  const version = Number(/^(?:REDIS|VALKEY)(\d{3,4})$/.exec(head)?.[1]);
  if (!(version >= firstVersion)) throw new DamagedSnapshot('its first bytes are not those of a snapshot');
  const ahead: Ahead = { database: 0, expiresAt: undefined, idle: undefined, frequency: undefined };
  for (;;) {
    const code = yield* cursor.byte();
    if (code === opcodes.end) {
      yield* cursor.skip(checksumBytes);
      return;
    }
    if (code > 240) yield* special(cursor, code, listener, ahead);
    else {
      yield* keyAndValue(cursor, code, listener, ahead);
      ahead.expiresAt = undefined;
      ahead.idle = undefined;
      ahead.frequency = undefined;
    }
  }
}

function* special(cursor: Cursor, code: number, listener: Listener, ahead: Ahead): Parsing<void> {
  switch (code) {
    case opcodes.select: ahead.database = yield* length(cursor); break;
    case opcodes.expiresMs: ahead.expiresAt = (yield* cursor.take(8)).readBigInt64LE(); break;
    case opcodes.expires: ahead.expiresAt = BigInt((yield* cursor.take(4)).readInt32LE()) * 1000n; break;
    case opcodes.idle: ahead.idle = yield* length(cursor); break;
    case opcodes.frequency: ahead.frequency = yield* cursor.byte(); break;
    case opcodes.resize: for (let count = 0; count < 2; count += 1) yield* length(cursor); break;
    case opcodes.slotInfo: for (let count = 0; count < 3; count += 1) yield* length(cursor); break;
    case opcodes.about: {
      const name = (yield* text(cursor)).toString();
      const value = (yield* text(cursor)).toString();
      listener.about?.(name, value);
      break;
    }
    case opcodes.library: {
      yield* skipText(cursor);
      listener.library?.();
      break;
    }
    case opcodes.moduleAux: {
      yield* length(cursor);
      yield* skipModule(cursor);
      break;
    }
    default: throw new UnknownPart(`part ${code}`);
  }
}

function* keyAndValue(cursor: Cursor, type: number, listener: Listener, ahead: Ahead): Parsing<void> {
  const key = yield* text(cursor);
  const offset = cursor.offset;
  const { database, expiresAt, idle, frequency } = ahead;
  // Field by field: a spread takes longer than all else of a key.
  const recorder = listener.entry?.({ database, key, type, expiresAt, idle, frequency, offset });
  if (recorder) cursor.record(recorder);
  yield* skipValue(cursor, type);
  if (recorder) cursor.stop();
  listener.value?.(cursor.offset - offset);
}

export interface Parser {
  /** @throws DamagedSnapshot; UnknownPart when it is of a later version of Redis: then no more can be known of it */
  push(bytes: Uint8Array): void;
  /** Where the snapshot ends, once it has: what follows does not belong to it. */
  readonly end: number | undefined;
}

/** Reads a snapshot in pieces of any length, with no more memory than the longest name and a piece need. */
export function createParser(listener: Listener): Parser {
  const cursor = new Cursor();
  const parsing = parse(cursor, listener);
  parsing.next(new Uint8Array());
  let end: number | undefined;
  return {
    push: (bytes) => {
      if (end !== undefined || bytes.length === 0) return;
      try {
        if (parsing.next(bytes).done) end = cursor.offset;
      } catch (error) {
        if (error instanceof RangeError) throw new DamagedSnapshot(`${error.message} (after ${cursor.offset} bytes)`, { cause: error });
        throw error;
      }
    },
    get end() {
      return end;
    },
  };
}
