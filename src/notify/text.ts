/** The text in at most so many UTF-16 units, without half a character at its end; `…` stands for what is left out. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = text.slice(0, Math.max(0, limit - 1)).replace(/[\ud800-\udbff]$/, '');
  return `${end.trimEnd()}…`;
}

/** On one line. */
export const oneLine = (text: string): string => text.split('\n').map((line) => line.trim()).filter((line) => line !== '').join(' ');

/** An address for a link, in ASCII and without a login; undefined for what is no web address. */
export function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || !/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, pathname, search, hash } = new URL(text);
  // `URL` leaves these where they are allowed. In a message they could end the link.
  return origin + `${pathname}${search}${hash}`.replace(/[<>|"'`\\()[\]{}]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`);
}

/** The characters that HTML and Slack read as their own. */
export const escapeAngles = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Text between tags or in an attribute of HTML. */
export const escapeHtml = (text: string): string => escapeAngles(text).replaceAll('"', '&quot;').replaceAll("'", '&#39;');
