/** The beginning of a dump in the custom format: https://github.com/postgres/postgres/blob/master/src/bin/pg_dump/pg_backup_archiver.c (ReadHead, ReadToc) */
export interface ArchiveHead {
  /** `1.14` */
  readonly format: string;
  readonly database: string;
  readonly entries: number;
}

/** Bytes that surely contain the head: its texts are names and versions. */
export const headBytes = 4096;

/** The head of a dump; undefined when the bytes are no dump in the custom format, or fewer than the head has. */
export function readHead(bytes: Uint8Array): ArchiveHead | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.subarray(0, 5).toString('latin1') !== 'PGDMP' || view.length < 11) return undefined;
  const [major = 0, minor = 0, , intBytes = 4, , kind] = view.subarray(5);
  if (major !== 1 || kind !== 1 || intBytes < 1 || intBytes > 6) return undefined;
  let position = 11;
  const integer = (): number => {
    const value = view.readUIntLE(position + 1, intBytes) * (view[position] === 0 ? 1 : -1);
    position += 1 + intBytes;
    return value;
  };
  const text = (): string => {
    const length = Math.max(0, integer());
    position += length;
    return view.toString('utf8', position - length, position);
  };
  try {
    // The compression: since 1.15 its kind in one byte, before that its level.
    if (minor >= 15) position += 1;
    else integer();
    for (let part = 0; part < 7; part += 1) integer(); // The time.
    const database = text();
    for (let version = 0; version < 2; version += 1) text();
    return { format: `${major}.${minor}`, database, entries: integer() };
  } catch {
    return undefined;
  }
}
