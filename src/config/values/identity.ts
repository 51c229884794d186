import { bad, good, type Checked } from '../kit/checked.js';
import { isBech32 } from './bech32.js';

/**
 * Private keys of age, in the form of the files that `age-keygen` writes: one on each line, and comments. No message repeats anything
 * of it.
 * @returns the keys alone, one on each line
 */
export function parseIdentity(text: string): Checked<string> {
  const lines = text.split(/\r\n?|\n/).map((each) => each.trim()).filter((each) => each !== '' && !each.startsWith('#'));
  if (lines.length === 0) return bad('has no private key in it', 'Put the content of the file in it that `age-keygen` has written.');
  if (lines.some((each) => /^age1/.test(each))) return bad('is a public key', 'Decryption needs the private key, which starts with AGE-SECRET-KEY-.');
  const wrong = lines.some((each) => !/^AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]+$/i.test(each) || !isBech32(each.toLowerCase()));
  return wrong ? bad('is not a private key of age', 'It starts with AGE-SECRET-KEY-. Copy it again, as a whole.') : good(lines.map((each) => each.toUpperCase()).join('\n'));
}
