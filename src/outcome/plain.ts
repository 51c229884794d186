import { unicode } from './unicode.js';

/**
 * Text that came from outside, made fit to be shown: one line stays one line, and nothing in it steers a terminal.
 *
 * Removed are escape sequences (colours too: a secret with a colour code in its middle would not be recognised by any
 * mask), control characters except tab, and the characters that Unicode calls ignorable or formatting. The last ones
 * matter for two reasons: they turn text around on the screen, and programs that compare by the rules of a language
 * (the GitHub runner does) see `##[` in `#<zero width space>#[`.
 */
export function plainLine(text: string): string {
  if (isPrintableAscii(text)) return text;
  return text.replace(escapeSequences, '').replace(unprintable(), '').replace(loneSurrogates, '\uFFFD').replace(/[\u2028\u2029]/g, ' ');
}

/** Asked before a pattern that knows all of Unicode. */
export const isPrintableAscii = (text: string): boolean => /^[ -~]*$/.test(text);

/** The lines of a text, each fit to be shown. A lone carriage return ends a line, as it does for the runner. */
export function plainLines(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map(plainLine);
}

/** The same, as one text with `\n` between the lines. */
export const plainText = (text: string): string => plainLines(text).join('\n');

/** Half of a character: what no text of UTF-8 has. */
export const loneSurrogates = /[\ud800-\udfff]/gu;

/* eslint-disable no-control-regex -- control characters are what is looked for */
/** CSI, OSC (ended by BEL or ST), and the two-character sequences of ECMA-48. */
const escapeSequences = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\u009d\r\n]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/g;
const unprintable = unicode('[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f]|\\p{Cf}|\\p{Default_Ignorable_Code_Point}', 'gu');
