import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

/** Source of the regular expression of a DNS label (RFC 1123), the form of namespaces, Services and containers. */
const labelPattern = '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$';
const subdomain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const rule = 'Names in Kubernetes have lower-case letters, digits and dashes, and start and end with a letter or digit.';

export const isLabel = (text: string): boolean => new RegExp(labelPattern).test(text);
/** Names of workloads may have dots and 253 characters (RFC 1123 subdomain). */
export const isObjectName = (text: string): boolean => text.length <= 253 && subdomain.test(text);

/** A DNS label: the name of a namespace or of an app. */
export function parseLabel(text: string): Checked<string> {
  if (isLabel(text)) return good(text);
  if (text.length > 63) return bad(`is ${text.length} characters long, and a name has at most 63`, 'Shorten it.');
  const near = toLabel(text);
  return bad(`is ${quote(text)}, which is not a name`, near ? `${rule} Did you mean "${near}"?` : rule);
}

/** The nearest DNS label, or undefined when nothing of the text can be in one. */
export function toLabel(text: string): string | undefined {
  const near = text.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 63).replace(/^-+|(?<!-)-+$/g, '');
  return near === '' ? undefined : near;
}

/** A word with its fault: used inside longer texts such as `deployment/Api`. */
export function nameFault(what: string, text: string): string {
  return text === '' ? `does not name the ${what}` : `names the ${what} ${quote(text)}, which is not a valid name`;
}
export const nameRule = rule;

/** `expects` completes "must be …". */
export const label = (expects: string) => line(parseLabel, { expects, schema: { pattern: labelPattern } });
