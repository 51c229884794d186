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
  new RegExp(String.raw`^(ALTER) ROLE ${name} .*;$`, 's'),
  new RegExp(String.raw`^(GRANT) ${name} TO ${name}(?: .*)?;$`, 's'),
  new RegExp(String.raw`^(COMMENT) ON ROLE ${name} IS .*;$`, 's'),
];

/**
 * The statements of `pg_dumpall --roles-only` that create and change roles. Everything else is left out: commands of psql above all, as
 * this is text that was stored somewhere. It is read as psql reads it: every user can give a role of his own a setting whose value has
 * line breaks, and a line of that value is no statement.
 */
export function roleStatements(text: string): RoleStatement[] {
  return [...statementsOf(text)].flatMap((sql) => {
    const match = patterns.map((pattern) => pattern.exec(sql)).find((found) => found !== null);
    if (!match) return [];
    const [, word, first = '', second] = match;
    return [{ sql, role: unquoted(word === 'GRANT' ? second ?? '' : first), isCreate: word === 'CREATE' }];
  });
}

/** Names and texts in quotes, words, numbers, and what stands between them in a statement about roles. A comment could hide its end. */
const token = /"(?:[^"]|"")*"|E'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\w+|[ \n\t\r,.=;]|-(?=\d)/isy;
/** Before a statement: comments, and commands of psql, which end with their line. */
const between = /(?:\s+|--[^\n]*|\\[^\n]*)*/y;

/** Each statement to its semicolon, which ends its line. After something that is not understood, nothing is: it could hide where it ends. */
function* statementsOf(text: string): Generator<string> {
  for (let position = 0; position < text.length;) {
    between.lastIndex = position;
    between.exec(text);
    token.lastIndex = between.lastIndex;
    let part: string | undefined;
    do part = token.exec(text)?.[0]; while (part !== undefined && part !== ';');
    const end = token.lastIndex;
    if (part === undefined || !/^(?:\r?\n|$)/.test(text.slice(end, end + 2))) return;
    yield text.slice(between.lastIndex, end);
    position = end;
  }
}

const unquoted = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
