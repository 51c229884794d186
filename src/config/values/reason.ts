import { unicode } from '../../outcome/unicode.js';
import { bad, good, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const word = unicode('\\p{L}{2}', 'u');
const [shortest, longest] = [10, 500];

/** A reason that is recorded: 10 to 500 characters, so it can be understood later. */
export function parseReason(text: string): Checked<string> {
  const length = [...text].length;
  const hint = 'Explain in a few words why it cannot wait, e.g. "INC-1234: the checkout is down".';
  if (length > longest) return bad(`has ${length} characters, and a reason has at most ${longest}`, hint);
  return length < shortest || !word().test(text) ? bad('is too short to explain the reason', hint) : good(text);
}

export const reason = line(parseReason, { expects: 'a reason' });
