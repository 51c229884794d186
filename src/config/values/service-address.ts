import { anyOf, convert } from '../kit/kind.js';
import { bad, good, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';
import { isNear } from './near-host.js';
import { variableOf, variablePattern, type SecretReference } from './secret-reference.js';

/** Where something is sent: an address, or the variable that holds it because it is a secret. */
export type ServiceAddress = { readonly url: string } | SecretReference;

const form = 'Write https://HOST/PATH.';

/**
 * The address of a service that gets messages. They name what is deployed and where, and come with a secret in a header or in
 * the address itself, so plain HTTP is for hosts of a private network only. No message repeats the address.
 */
export function parseServiceAddress(text: string): Checked<string> {
  if (/\s/.test(text) || !/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return bad('is not a URL', form);
  const url = new URL(text);
  if (url.username || url.password) return bad('has a user name or password in its URL', 'Leave it out.');
  if (url.protocol === 'http:' && !isNear(url.hostname)) {
    return bad('is an address without TLS outside of a private network', 'Use https://. With http://, everyone on the way could read what is sent.');
  }
  return good(url.href);
}

/** An address that is written in the settings file, where it cannot be a secret. */
function parseOpenAddress(text: string): Checked<{ readonly url: string } | { readonly variable: string }> {
  const variable = variableOf(text);
  if (variable !== undefined) return good({ variable });
  const address = parseServiceAddress(text);
  if (!address.ok) return address;
  const { search, hash } = new URL(address.value);
  if (search !== '' || hash !== '') return bad('has a query, which often contains a secret', 'Put the whole address into an environment variable, and write env:NAME.');
  return good({ url: address.value });
}

const text = line(parseOpenAddress, { expects: 'a URL or "env:NAME"' });
/** A URL, or `env:NAME` where it is a secret. */
export const serviceAddress = {
  ...convert(text, (value, at) => good<ServiceAddress>('url' in value ? value : { ...value, at })),
  schema: () => anyOf({ type: 'string', pattern: variablePattern }, { type: 'string', pattern: '^https?://' }),
};

/** An address that is never a secret. */
export const publicAddress = line(parseServiceAddress, { expects: 'a URL' });
