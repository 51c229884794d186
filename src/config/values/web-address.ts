import { bad, good, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

/** An address to show to people: absolute, by https or http, without a login, which everyone who reads the summary would see. */
export function parseWebAddress(text: string): Checked<string> {
  const hint = 'Write https://HOST/PATH.';
  if (/\s/.test(text) || !/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return bad('is not the address of a web page', hint);
  const url = new URL(text);
  return url.username || url.password ? bad('has a user name or password in it', 'It would appear in the summary: leave it out.') : good(url.href);
}

export const webAddress = line(parseWebAddress, { expects: 'a URL' });
