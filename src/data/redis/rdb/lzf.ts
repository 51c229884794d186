/**
 * Unpacks a text of a snapshot that Redis has compressed: http://oldhome.schmorp.de/marc/liblzf.html
 * @param length of what comes out
 * @throws RangeError when that is not what the bytes are
 */
export function unpackLzf(packed: Uint8Array, length: number): Buffer {
  const result = Buffer.alloc(length);
  let [from, to] = [0, 0];
  const next = (): number => {
    const byte = packed[from];
    if (byte === undefined) throw new RangeError('A compressed text ends too early.');
    from += 1;
    return byte;
  };
  while (from < packed.length) {
    const control = next();
    if (control < 32) {
      // So many bytes and one more, as they are.
      const count = control + 1;
      if (from + count > packed.length || to + count > length) throw new RangeError('A compressed text is damaged.');
      result.set(packed.subarray(from, from + count), to);
      [from, to] = [from + count, to + count];
      continue;
    }
    const short = control >> 5;
    const count = (short === 7 ? 7 + next() : short) + 2;
    const start = to - ((control & 31) << 8) - next() - 1;
    if (start < 0 || to + count > length) throw new RangeError('A compressed text is damaged.');
    // Byte by byte: it can repeat what it is just writing.
    for (let index = 0; index < count; index += 1) result[to + index] = result[start + index] ?? 0;
    to += count;
  }
  if (to !== length) throw new RangeError(`A compressed text has ${to} bytes instead of ${length}.`);
  return result;
}
