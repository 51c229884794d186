/**
 * A pattern with classes of Unicode, such as `\p{L}`, made when it is first used. Of a literal V8 makes the sets behind them
 * whenever it reads the file: a millisecond of processor time in every run, for text that is seldom there.
 */
export function unicode(source: string, flags: string): () => RegExp {
  let made: RegExp | undefined;
  return () => (made ??= new RegExp(source, flags));
}
