import { plainLine } from './plain.js';

/** Characters of an address in a message. */
const longest = 200;

/**
 * ` to https://host/path`: where a redirect leads, without its query, which may hold a secret. Empty where it does not say.
 * @param redact before it is cut: of half a secret nobody would know that it is one
 */
export function redirectPlace(location: string | undefined, from: string, redact: (text: string) => string): string {
  if (location === undefined || !URL.canParse(location, from)) return '';
  const { protocol, host, pathname } = new URL(location, from);
  const place = redact(plainLine(`${protocol}//${host}${pathname}`));
  return ` to ${place.length > longest ? `${place.slice(0, longest - 1)}…` : place}`;
}

/** Whether a status is that of a redirect. */
export const isRedirect = (status: number): boolean => status >= 300 && status < 400;
