/** Large files of this machine, which are never held in memory as a whole. */
export interface Disk {
  /**
   * A file without a name in this folder, which nobody else can open, and which is gone when this process is, even if it is killed.
   * @throws DiskError
   */
  spool(folder: string): Promise<Spool>;
  /** The pieces of a file, from this byte on. Read once. @throws DiskError, with `missing` when there is none */
  read(path: string, start?: number): AsyncIterable<Uint8Array>;
  /**
   * Writes the pieces to a new file, whose folders are made with mode 0700; it appears under its name only when it is complete and on
   * the disk. Also rejects with what `pieces` rejects with; nothing is left then.
   * @throws DiskError, with `exists` when there is one of that name
   */
  writeNew(path: string, pieces: AsyncIterable<Uint8Array>, mode: number): Promise<void>;
  /** Bytes that this user can still write in the file system of this folder, or of the nearest one above that exists. */
  freeBytes(folder: string): Promise<number>;
  /** Undefined when there is no such file. @throws DiskError */
  stat(path: string): Promise<FileFacts | undefined>;
  /** The regular files in this folder and in those below it, none of them through a link; none when it does not exist. @throws DiskError */
  filesBelow(folder: string): AsyncIterable<FileFacts & { /** Relative to the folder. */ readonly path: string }>;
  /** Removes a file, and the folders above it that are empty then, up to `root`, which stays. One that does not exist is no error. @throws DiskError */
  removeBelow(root: string, path: string): Promise<void>;
}

export interface FileFacts {
  readonly bytes: number;
  /** ms since 1970. */
  readonly changedAt: number;
}

/** A file without a name. `close` frees its space. */
export interface Spool {
  readonly bytes: number;
  /** Adds pieces at its end. Also rejects with what `pieces` rejects with. @throws DiskError */
  append(pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Its bytes from the beginning, as often as it is called. Not while `append` runs. */
  read(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** `full`: no space, or a quota is used up. */
export type DiskTrouble = 'full' | 'exists' | 'missing' | 'denied' | 'other';

/** The message names the file or folder, and says why. */
export class DiskError extends Error {
  constructor(readonly trouble: DiskTrouble, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DiskError';
  }
}
