import { crc64 } from './crc64.js';
import { createParser, type Entry } from './parse.js';

/** A command as Redis reads it: https://redis.io/docs/latest/develop/reference/protocol-spec/ Its parts are any bytes. */
export function commandBytes(parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts.flatMap((part) => [bulkHead(Buffer.byteLength(part)), Buffer.from(part), lineEnd])]);
}

const lineEnd = Buffer.from('\r\n');
const bulkHead = (bytes: number): Buffer => Buffer.from(`$${bytes}\r\n`);

/** Values from this size on are sent while they are read; smaller ones are held in memory until their length is known. */
export const largeBytes = 1024 * 1024;

/** The version of the format, little endian, at the end of a payload: its server reads no later one than its own. */
function formatBytes(format: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(format);
  return bytes;
}

/** The payload of a string, as RESTORE takes it. */
export function stringPayload(text: string, format: number): Buffer {
  if (text.length > 63) throw new RangeError('Too long.');
  const bytes = Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text), formatBytes(format)]);
  const sum = crc64();
  sum.update(bytes);
  return Buffer.concat([bytes, sum.value()]);
}

export interface CommandsOptions {
  /** Only keys of this logical database. */
  readonly database: number;
  /** Of the snapshot. */
  readonly format: number;
  /** The bytes of values that have at least `largeBytes`, by their place in the file. */
  readonly large: ReadonlyMap<number, number>;
  /** Called for each command. */
  readonly sent: (entry: Entry) => void;
}

/**
 * A snapshot as RESTORE commands with the keys of one logical database: its values are in the format of the payloads, so they are copied
 * and never interpreted. They keep the time at which they expire. https://redis.io/docs/latest/commands/restore/
 */
export async function* restoreCommands(snapshot: AsyncIterable<Uint8Array>, options: CommandsOptions): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = [];
  let writing: Writing | undefined;
  const parser = createParser({
    entry: (entry) => {
      if (entry.database !== options.database) return undefined;
      options.sent(entry);
      const current = writingOf(entry, options, pieces);
      writing = current;
      return (bytes) => current.value(bytes, pieces);
    },
    value: () => {
      writing?.end(pieces);
      writing = undefined;
    },
  });
  for await (const piece of snapshot) {
    parser.push(piece);
    if (pieces.length === 0) continue;
    yield Buffer.concat(pieces);
    pieces = [];
  }
}

interface Writing {
  value(bytes: Uint8Array, to: Uint8Array[]): void;
  end(to: Uint8Array[]): void;
}

function writingOf(entry: Entry, { format, large }: CommandsOptions, to: Uint8Array[]): Writing {
  const sum = crc64();
  const type = Buffer.from([entry.type]);
  sum.update(type);
  const summed = (bytes: Uint8Array): Uint8Array => {
    sum.update(bytes);
    return bytes;
  };
  const known = large.get(entry.offset);
  const begin = (bytes: number, out: Uint8Array[]): void => { out.push(...headOf(entry, bytes + 1 + 2 + 8), type); };
  const held: Uint8Array[] = [];
  if (known !== undefined) begin(known, to);
  return {
    value: (bytes, out) => { (known === undefined ? held : out).push(summed(bytes)); },
    end: (out) => {
      if (known === undefined) {
        begin(held.reduce((size, { length }) => size + length, 0), out);
        out.push(...held);
      }
      out.push(summed(formatBytes(format)), sum.value(), lineEnd, ...tailOf(entry));
    },
  };
}

/** The command up to its payload, of which only the length is written. */
function headOf({ key, expiresAt, idle, frequency }: Entry, payload: number): Uint8Array[] {
  const more = (expiresAt === undefined ? 0 : 1) + (idle === undefined ? 0 : 2) + (frequency === undefined ? 0 : 2);
  return [
    Buffer.from(`*${4 + more}\r\n$7\r\nRESTORE\r\n`), bulkHead(key.length), key,
    Buffer.from(`\r\n$${`${expiresAt ?? 0}`.length}\r\n${expiresAt ?? 0}\r\n`), bulkHead(payload),
  ];
}

const bulk = (text: string): Buffer => Buffer.from(`$${text.length}\r\n${text}\r\n`);

const tailOf = ({ expiresAt, idle, frequency }: Entry): Uint8Array[] => [
  ...(expiresAt === undefined ? [] : [bulk('ABSTTL')]),
  ...(idle === undefined ? [] : [bulk('IDLETIME'), bulk(`${idle}`)]),
  ...(frequency === undefined ? [] : [bulk('FREQ'), bulk(`${frequency}`)]),
];
