import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import { convert } from '../kit/kind.js';
import { list } from '../kit/list.js';

/** Source of the regular expression of a tag, as in github.com/distribution/reference. */
const tagPattern = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$';

/** One tag. */
export function parseTag(text: string): Checked<string> {
  if (new RegExp(tagPattern).test(text)) return good(text);
  if (text.length > 128) return bad(`has a tag of ${text.length} characters, and a tag has at most 128`, 'Shorten it.');
  if (/[/:@]/.test(text)) {
    const near = text.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[.-]+/, '');
    return bad(
      `has ${quote(text)}, which is not a tag`,
      `Give only what comes after the colon of an image, without "/", ":" and "@"${near && !text.includes(':') ? `: "${near}" is a tag` : ''}.`,
    );
  }
  return bad(`has ${quote(text)}, which is not a tag`, 'A tag has letters, digits, "_", "." and "-", and starts with a letter, a digit or "_".');
}

const repeatable = list(line(parseTag, { expects: 'a tag such as 1.4.2', schema: { pattern: tagPattern } }), { expects: 'a list of tags', separator: ',' });
/** A repeated tag is not an error, e.g. from a branch that is called `latest`. */
export const tags = convert(repeatable, (given) => good([...new Set(given)]));
