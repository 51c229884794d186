/** The bytes of a snapshot in the order in which they come. The parser asks for the next piece by a `yield` without a value. */
export type Parsing<T> = Generator<undefined, T, Uint8Array>;

/** No text of a key or of the head is longer; those of values are not held in memory. */
const longestText = 64 * 1024 * 1024;

export class Cursor {
  private piece: Buffer = Buffer.alloc(0);
  private at = 0;
  /** Where the recording of this piece begins. */
  private from = 0;
  private before = 0;
  private recorder: ((bytes: Uint8Array) => void) | undefined;

  /** Bytes read so far. */
  get offset(): number {
    return this.before + this.at;
  }

  /** From here on, what is read or skipped is passed to this function as well, until `stop`. */
  record(recorder: (bytes: Uint8Array) => void): void {
    this.recorder = recorder;
    this.from = this.at;
  }

  stop(): void {
    this.flush();
    this.recorder = undefined;
  }

  private flush(): void {
    if (this.recorder && this.at > this.from) this.recorder(this.piece.subarray(this.from, this.at));
    this.from = this.at;
  }

  /** Whether so many bytes can be read without waiting: then the functions whose name ends with `Now` can be used, which are many times faster. */
  has(bytes: number): boolean {
    return this.piece.length - this.at >= bytes;
  }

  byteNow(): number {
    this.at += 1;
    return this.piece[this.at - 1] ?? 0;
  }

  /** So many bytes, until the next call of any function. */
  takeNow(bytes: number): Buffer {
    this.at += bytes;
    return this.piece.subarray(this.at - bytes, this.at);
  }

  mark(): number {
    return this.at;
  }

  /** Back to a mark of the same piece. */
  reset(mark: number): void {
    this.at = mark;
  }

  *need(bytes: number): Parsing<void> {
    while (this.piece.length - this.at < bytes) {
      const more = yield;
      this.flush();
      const rest = this.piece.subarray(this.at);
      this.before += this.at;
      this.piece = rest.length > 0 ? Buffer.concat([rest, more]) : Buffer.from(more.buffer, more.byteOffset, more.byteLength);
      this.at = 0;
      this.from = 0;
    }
  }

  *byte(): Parsing<number> {
    if (!this.has(1)) yield* this.need(1);
    return this.byteNow();
  }

  /** A copy of so many bytes. @throws RangeError when they are more than a text has */
  *take(bytes: number): Parsing<Buffer> {
    if (bytes > longestText) throw new RangeError(`A name has ${bytes} bytes.`);
    yield* this.need(bytes);
    return Buffer.from(this.takeNow(bytes));
  }

  *skip(bytes: number): Parsing<void> {
    let rest = bytes;
    while (rest > this.piece.length - this.at) {
      rest -= this.piece.length - this.at;
      this.at = this.piece.length;
      yield* this.need(1);
    }
    this.at += rest;
  }
}
