import { plainLine } from '../outcome/plain.js';

/** Characters of it in a message. */
const longest = 300;

/**
 * What a server says of a request, after a colon; nothing if it says nothing.
 * @param redact before it is cut: of half a secret nobody would know that it is one
 */
export const said = (text: string, redact: (text: string) => string): string =>
  (text.trim() === '' ? '' : `: ${redact(plainLine(text.trim().replace(/\s+/g, ' '))).slice(0, longest)}`);
