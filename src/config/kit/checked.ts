import { isPrintableAscii } from '../../outcome/plain.js';
import { unicode } from '../../outcome/unicode.js';

/** A problem with a value, without its place, which the caller knows. */
export interface Fault {
  /** Follows the name of the setting: `has a tag`. No full stop at the end. */
  readonly message: string;
  /** What to do about it, in whole sentences. */
  readonly hint?: string;
}

/** The result of parsing a text: a value, possibly with warnings, or all problems. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export const good = <T>(value: T, ...warnings: readonly Fault[]): Checked<T> => ({ ok: true, value, warnings });
export const bad = (message: string, hint?: string): Checked<never> => ({ ok: false, faults: [hint === undefined ? { message } : { message, hint }] });

/** All values, or all problems of any of them. */
export const every = <T>(parts: readonly Checked<T>[]): Checked<readonly T[]> => {
  const faults = parts.flatMap((part) => (part.ok ? [] : part.faults));
  if (faults.length > 0) return { ok: false, faults };
  const fine = parts.filter((part) => part.ok);
  return good(fine.map(({ value }) => value), ...fine.flatMap(({ warnings }) => warnings));
};

const shown = 60;

/** The text in double quotes, control characters written as escapes, long texts cut: fit for a message on one line. */
export function quote(text: string): string {
  const cut = text.length > shown ? `${text.slice(0, shown)}…` : text;
  return isPrintableAscii(cut) ? `"${cut}"` : `"${cut.replace(invisible(), escapeCharacter)}"`;
}

const invisible = unicode('[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]', 'gu');

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const escapeCharacter = (character: string): string =>
  named[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** `a, b or c`. */
export const either = (words: readonly string[]): string => joined(words, 'or');
/** `a, b and c`. */
export const both = (words: readonly string[]): string => joined(words, 'and');

const joined = (words: readonly string[], last: string): string =>
  (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`);
