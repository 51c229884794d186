import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const versionPattern = '^v?[0-9]{1,5}\\.[0-9]{1,5}\\.[0-9]{1,5}(?:-[0-9A-Za-z.-]{1,64})?$';

/** The version of a program, `1.34.4`; the `v` that its publisher may write before it is dropped. */
export const parseVersion = (text: string): Checked<string> => (new RegExp(versionPattern).test(text)
  ? good(text.replace(/^v/, ''))
  : bad(`is ${quote(text)}, which is not a version`, 'Write the whole version, such as 1.34.4. A range or "latest" is not accepted, because what is installed would change by itself.'));

export const version = line(parseVersion, { expects: 'a version such as 1.34.4', schema: { pattern: versionPattern } });
