import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import { settingText } from '../../outcome/place-words.js';

/** `sha256:` and 64 hex digits. */
export type Digest = string & { readonly brand?: 'Digest' };

/** Source of the regular expression of a digest. Only sha256 is used by registries in practice. */
const digestPattern = '^sha256:[0-9a-f]{64}$';

/** The digest of an image. */
export function parseDigest(text: string): Checked<Digest> {
  if (new RegExp(digestPattern).test(text)) return good(text as Digest);
  const at = text.lastIndexOf('@');
  if (at >= 0) return bad('is a whole reference', `Give only what comes after the "@"; the name goes into ${settingText('image')}.`);
  if (/^[0-9a-f]{64}$/i.test(text)) return bad('has no algorithm', `Did you mean "sha256:${text.toLowerCase()}"?`);
  const hex = /^sha256:(.*)$/i.exec(text)?.[1];
  if (hex === undefined) return bad(`is ${quote(text)}, which is not a digest`, 'A digest is "sha256:" and 64 hexadecimal digits; a tag is not accepted, because it can move.');
  if (hex.length !== 64) return bad(`has ${hex.length} characters after "sha256:", and 64 are needed`, 'Copy the whole digest.');
  return bad(`is ${quote(text)}, which is not a digest`, 'A digest is "sha256:" and 64 hexadecimal digits in lower case.');
}

export const digest = line(parseDigest, { expects: 'a digest', schema: { pattern: digestPattern } });

const sha256Pattern = '^[0-9a-f]{64}$';
const parseSha256 = (text: string): Checked<string> => (new RegExp(sha256Pattern).test(text)
  ? good(text)
  : bad('is not a SHA-256', 'Give 64 hexadecimal digits in lower case, as `sha256sum` prints them.'));
/** The checksum of a file. */
export const sha256 = line(parseSha256, { expects: 'a SHA-256', schema: { pattern: sha256Pattern } });
