/** A statement about roles in the output of pg_dumpall. */
export interface RoleStatement {
  readonly sql: string;
  /** The role that it creates, changes or adds to another one. */
  readonly role: string;
  readonly isCreate: boolean;
}

const name = String.raw`("(?:[^"]|"")+"|\w+)`;
const patterns: readonly RegExp[] = [
  new RegExp(String.raw`^(CREATE) ROLE ${name};$`),
  new RegExp(String.raw`^(ALTER) ROLE ${name} .*;$`),
  new RegExp(String.raw`^(GRANT) ${name} TO ${name}(?: .*)?;$`),
  new RegExp(String.raw`^(COMMENT) ON ROLE ${name} IS .*;$`),
];

/** What is outside of quotes: a semicolon or a backslash there would begin something else. */
const outsideOfQuotes = (sql: string): string => sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '');

/**
 * The statements of `pg_dumpall --roles-only` that create and change roles. Everything else is left out: commands of psql above all, as
 * this is text that was stored somewhere.
 */
export function roleStatements(text: string): RoleStatement[] {
  return text.split('\n').flatMap((line) => {
    const match = patterns.map((pattern) => pattern.exec(line)).find((found) => found !== null);
    if (!match || /[;\\]/.test(outsideOfQuotes(line).slice(0, -1))) return [];
    const [sql, word, first = '', second] = match;
    return [{ sql, role: unquoted(word === 'GRANT' ? second ?? '' : first), isCreate: word === 'CREATE' }];
  });
}

const unquoted = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
