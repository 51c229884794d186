/** A name in SQL: `"we""ird; name"`. */
export const identifier = (name: string): string => `"${withoutNul(name).replaceAll('"', '""')}"`;

/** A text in SQL, where `standard_conforming_strings` is on, as it is in every session of this action. */
export const literal = (text: string): string => `'${withoutNul(text).replaceAll("'", "''")}'`;

/** A value of a connection string: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE */
export const connectionValue = (text: string): string => `'${withoutNul(text).replace(/[\\']/g, '\\$&')}'`;

/** PostgreSQL has no texts with this character: it would end the name or the text for the server. */
function withoutNul(text: string): string {
  if (text.includes('\0')) throw new RangeError('A name or a text of PostgreSQL cannot contain a NUL character.');
  return text;
}

/** Bytes of the longest name. */
const longestName = 63;

/** A name and an ending, together no longer than PostgreSQL allows: the name is cut, never the ending. */
export function nameWith(name: string, ending: string): string {
  const characters = [...name];
  while (Buffer.byteLength(characters.join('') + ending) > longestName) characters.pop();
  return characters.join('') + ending;
}
