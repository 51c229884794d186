import { unicode } from '../../outcome/unicode.js';
import { bad, good, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const word = unicode('\\p{L}{2}', 'u');
const [shortest, longest] = [10, 500];

const cannotWait = 'Explain in a few words why it cannot wait, e.g. "INC-1234: the checkout is down".';

/** A reason that is recorded: 10 to 500 characters, so it can be understood later. @param hint what to explain */
export function parseReason(text: string, hint = cannotWait): Checked<string> {
  const length = [...text].length;
  if (length > longest) return bad(`has ${length} characters, and a reason has at most ${longest}`, hint);
  return length < shortest || !word().test(text) ? bad('is too short to explain the reason', hint) : good(text);
}

export const reason = line((text) => parseReason(text), { expects: 'a reason' });
