import type { Fault } from './checked.js';

export const KiB = 1024;

/** More than this in one value is a mistake: a file pasted where its path was meant. Bytes. */
export const usualLimit = 64 * KiB;
/** Scripts and build arguments may be longer. Bytes. */
export const longLimit = 256 * KiB;

/** The problem if this text is too large. `limit` in bytes of UTF-8; `hint` for content that does not belong in a file of the repository. */
export function tooLarge(text: string, limit: number, hint = 'Put the content into a file of the repository and name that instead.'): Fault | undefined {
  if (text.length <= limit / 4) return undefined;
  const size = Buffer.byteLength(text);
  if (size <= limit) return undefined;
  return {
    message: `is ${Math.ceil(size / KiB)} KiB large, and the limit is ${limit / KiB} KiB`,
    hint,
  };
}

/** The problem if this text is not a single line. Tabs count as control characters. */
export function notOneLine(text: string): Fault | undefined {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029\u0085]/).length;
  if (lines > 1) return { message: `has ${lines} lines, but must have one`, hint: 'Write the value on one line.' };
  return controlCharacter(text);
}

/** The problem if this text has an invisible character. Line breaks and tabs are allowed in `several` lines. */
export function controlCharacter(text: string, several = false): Fault | undefined {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const found = (several ? /[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u2028\u2029]/ : /[\0-\x1f\x7f-\x9f\u2028\u2029]/).exec(text)?.[0]
    ?? /[\u202a-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(text)?.[0];
  if (found === undefined) return undefined;
  return {
    message: `has the invisible character U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
    hint: 'Type the value again instead of pasting it.',
  };
}
