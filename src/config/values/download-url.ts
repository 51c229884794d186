import { bad, good, quote, type Checked } from '../kit/checked.js';
import { suggestion } from '../kit/did-you-mean.js';
import { line } from '../kit/text.js';

const placeholders = ['version', 'os', 'arch'];

/**
 * The address from which a missing program is downloaded, with `{version}`, `{os}` and `{arch}`. Plain HTTP is allowed,
 * because the file is compared with a checksum whatever its way was.
 * @param example of such an address
 */
export const parseDownloadUrl = (example: string) => (text: string): Checked<string> => {
  const unknown = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name).find((name) => !placeholders.includes(name));
  if (unknown !== undefined) {
    return bad(`has the placeholder ${quote(`{${unknown}}`)}, which is unknown`, suggestion(unknown, placeholders, 'Placeholders are {version}, {os} and {arch}.'));
  }
  const filled = text.replace(/\{(?:version|os|arch)\}/g, 'x');
  if (/\s/.test(text) || !/^https?:\/\//.test(filled) || !URL.canParse(filled)) return bad('is not a URL', `Write ${example}.`);
  const url = new URL(filled);
  if (url.username || url.password) return bad('has a user name or password in it', 'It would appear in logs: use a mirror that requires no login.');
  return good(text);
};

export const downloadUrl = (example: string) => line(parseDownloadUrl(example), { expects: 'a URL' });
