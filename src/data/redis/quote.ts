/** A part of a command as redis-cli reads it from its input: in quotes, with all that is no plain character as `\xHH`. */
export function quoted(part: string | Uint8Array): string {
  let text = '"';
  for (const byte of Buffer.from(part)) {
    const isPlain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${text}"`;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };

/** The text of a line such as `"a\n\x00"`, as redis-cli prints it with --no-raw. Undefined when the line is something else: `(nil)`, `OK`. */
export function unquoted(line: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\.)*)"$/.exec(line)?.[1];
  return inner?.replace(/\\x([\da-f]{2})|\\(.)/gi, (_, hex: string | undefined, letter: string) =>
    (hex === undefined ? escapes[letter] ?? letter : String.fromCharCode(Number.parseInt(hex, 16))));
}
