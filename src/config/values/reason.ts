import { unicode } from '../../outcome/unicode.js';
import { bad, good, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const word = unicode('\\p{L}{2}', 'u');
const [shortest, longest] = [10, 500];

/** A reason that is recorded: 10 to 500 characters, so it can be understood later. @param hint what to explain */
export function parseReason(text: string, hint: string): Checked<string> {
  const length = [...text].length;
  if (length > longest) return bad(`has ${length} characters, and a reason has at most ${longest}`, hint);
  if (length < shortest) return bad(`is too short: a reason has at least ${shortest} characters`, hint);
  return word().test(text) ? good(text) : bad('has no word that explains anything', hint);
}

/** @param hint what to explain */
export const reasonOf = (hint: string) => line((text) => parseReason(text, hint), { expects: 'a reason' });
