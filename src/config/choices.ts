import { bad, either, good, quote, type Checked } from './checked.js';
import { suggestion } from './did-you-mean.js';

/** A parser of one word out of a few. */
export const parseChoice = <const T extends string>(words: readonly T[]) => (text: string): Checked<T> => {
  const found = words.find((word) => word === text);
  if (found !== undefined) return good(found);
  return bad(`is ${quote(text)}, and can be ${either(words)}`, suggestion(text, words));
};

/** `true` or `false` in the spellings of YAML's core schema, as the runner itself reads them. */
export function parseFlag(text: string): Checked<boolean> {
  if (/^(?:true|True|TRUE)$/.test(text)) return good(true);
  if (/^(?:false|False|FALSE)$/.test(text)) return good(false);
  return bad(`is ${quote(text)}, and can be true or false`, /^(?:yes|on|1|y)$/i.test(text) ? 'Did you mean "true"?' : /^(?:no|off|0|n)$/i.test(text) ? 'Did you mean "false"?' : undefined);
}
