import type { Cursor, Parsing } from './cursor.js';
import { unpackLzf } from './lzf.js';

/** Something that this version does not know: of a later version of Redis, or of a module in its old format. */
export class UnknownPart extends Error {}

/** Of the longest length. As many bytes follow its beginning in every snapshot: those of its end mark and its checksum. */
const lengthBytes = 9;

/**
 * A length; or, where a text is a number or compressed, its encoding as -1 - encoding. `lengthBytes` must be there.
 * https://github.com/redis/redis/blob/7.0/src/rdb.c (rdbLoadLenByRef)
 */
function lengthOrEncodingNow(cursor: Cursor): number {
  const first = cursor.byteNow();
  const kind = first >> 6;
  if (kind === 0) return first;
  if (kind === 1) return ((first & 63) << 8) | cursor.byteNow();
  if (kind === 3) return -1 - (first & 63);
  if (first === 0x80) return cursor.takeNow(4).readUInt32BE();
  // Larger than what a number can be exactly are only ids and times that nobody here uses as numbers.
  if (first === 0x81) return Number(cursor.takeNow(8).readBigUInt64BE());
  throw new UnknownPart(`length 0x${first.toString(16)}`);
}

function* lengthOrEncoding(cursor: Cursor): Parsing<number> {
  if (!cursor.has(lengthBytes)) yield* cursor.need(lengthBytes);
  return lengthOrEncodingNow(cursor);
}

export function* length(cursor: Cursor): Parsing<number> {
  const value = yield* lengthOrEncoding(cursor);
  if (value < 0) throw new RangeError('A length is missing.');
  return value;
}

const encodings = { byte: 0, short: 1, integer: 2, compressed: 3 } as const;

/** A text as its bytes. */
export function* text(cursor: Cursor): Parsing<Buffer> {
  const value = yield* lengthOrEncoding(cursor);
  if (value >= 0) return yield* cursor.take(value);
  switch (-1 - value) {
    case encodings.byte: return Buffer.from(`${(yield* cursor.take(1)).readInt8()}`);
    case encodings.short: return Buffer.from(`${(yield* cursor.take(2)).readInt16LE()}`);
    case encodings.integer: return Buffer.from(`${(yield* cursor.take(4)).readInt32LE()}`);
    case encodings.compressed: {
      const packed = yield* length(cursor);
      const unpacked = yield* length(cursor);
      return unpackLzf(yield* cursor.take(packed), unpacked);
    }
    default: throw new UnknownPart(`encoding ${-1 - value}`);
  }
}

export function* skipText(cursor: Cursor): Parsing<void> {
  const value = yield* lengthOrEncoding(cursor);
  if (value >= 0) return yield* skip(cursor, value);
  const encoding = -1 - value;
  if (encoding > encodings.compressed) throw new UnknownPart(`encoding ${encoding}`);
  // 1, 2 or 4 bytes.
  if (encoding !== encodings.compressed) return yield* skip(cursor, 1 << encoding);
  const packed = yield* length(cursor);
  yield* length(cursor);
  yield* skip(cursor, packed);
}

function* skip(cursor: Cursor, bytes: number): Parsing<void> {
  if (cursor.has(bytes)) cursor.takeNow(bytes);
  else yield* cursor.skip(bytes);
}

/** The usual case of `skipText`, many times faster: a text that is not compressed, and whole in this piece. Else nothing is read. */
function skippedTextNow(cursor: Cursor): boolean {
  if (!cursor.has(lengthBytes)) return false;
  const start = cursor.mark();
  const value = lengthOrEncodingNow(cursor);
  if (value >= 0 && cursor.has(value)) {
    cursor.takeNow(value);
    return true;
  }
  cursor.reset(start);
  return false;
}

/** A part of a value: a text, a length, so many bytes, a number of a sorted set in its old format; or a length, and so many times others. */
type Part = 'text' | 'length' | 'number' | number | readonly Part[];

const streamId = 16;
const pending: Part = [streamId, 8, 'length'];
/** @param times bytes that a consumer has beside its name */
const groups = (times: number, ...more: readonly Part[]): Part => ['text', 'length', 'length', ...more, pending, ['text', times, [streamId]]];
const stream: readonly Part[] = [['text', 'text'], 'length', 'length', 'length'];
const stream2: readonly Part[] = [...stream, 'length', 'length', 'length', 'length', 'length'];

/** By the number of the type: https://github.com/redis/redis/blob/8.0/src/rdb.h and rdbLoadObject in rdb.c. */
const types: Readonly<Record<number, readonly Part[]>> = {
  0: ['text'], 1: [['text']], 2: [['text']], 3: [['text', 'number']], 4: [['text', 'text']], 5: [['text', 8]],
  // Small lists, sets, hashes and sorted sets, in one text.
  9: ['text'], 10: ['text'], 11: ['text'], 12: ['text'], 13: ['text'], 16: ['text'], 17: ['text'], 20: ['text'],
  14: [['text']], 18: [['length', 'text']],
  15: [...stream, groups(8)], 19: [...stream2, groups(8, 'length')], 21: [...stream2, groups(16, 'length')],
  // Hashes of which fields expire.
  24: [8, ['length', 'text', 'text']], 25: [8, 'text'],
};
const moduleType = 7;

/** Reads over a value. @throws UnknownPart */
export function* skipValue(cursor: Cursor, type: number): Parsing<void> {
  if (type === moduleType) {
    yield* length(cursor);
    return yield* skipModule(cursor);
  }
  const parts = types[type];
  if (!parts) throw new UnknownPart(`type ${type} of a value`);
  yield* skipParts(cursor, parts);
}

function* skipParts(cursor: Cursor, parts: readonly Part[]): Parsing<void> {
  for (const part of parts) {
    if (part === 'text') {
      if (!skippedTextNow(cursor)) yield* skipText(cursor);
    } else if (part === 'length') yield* length(cursor);
    else if (part === 'number') yield* skipNumber(cursor);
    else if (typeof part === 'number') yield* skip(cursor, part);
    else for (let count = yield* length(cursor); count > 0; count -= 1) yield* skipParts(cursor, part);
  }
}

/** Its length, then its digits; the lengths above 252 are infinite and no numbers. */
function* skipNumber(cursor: Cursor): Parsing<void> {
  const digits = yield* cursor.byte();
  if (digits < 253) yield* cursor.skip(digits);
}

/** What a module writes says of each part what it is. */
export function* skipModule(cursor: Cursor): Parsing<void> {
  for (;;) {
    const kind = yield* length(cursor);
    if (kind === 0) return;
    if (kind === 1 || kind === 2) yield* length(cursor);
    else if (kind === 3) yield* cursor.skip(4);
    else if (kind === 4) yield* cursor.skip(8);
    else if (kind === 5) yield* skipText(cursor);
    else throw new UnknownPart(`part ${kind} of a module`);
  }
}
