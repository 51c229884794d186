/** A part of a page. */
export interface Block {
  readonly text: string;
  /** What it is, for the sentence about what was left out: `the diff of deployment/api`. */
  readonly name: string;
  /** Of the blocks that do not fit together, those with a higher rank are left out first. */
  readonly rank: number;
  /** The block in at most so many characters; undefined if that is too few. */
  readonly cut?: (room: number) => string | undefined;
}

/** Names in that sentence. */
const namedAtMost = 10;
const between = '\n\n';

/**
 * The blocks in their order, one after the other, in at most `limit` characters, with a sentence about what was left out.
 * @param about that sentence, of the names of what was cut or left out
 */
export function fit(blocks: readonly Block[], limit: number, about: (names: readonly string[]) => string): string {
  const whole = blocks.map(({ text }) => text).join(between);
  if (whole.length <= limit) return whole;
  const reserved = about(Array.from({ length: namedAtMost + 1 }, () => 'x'.repeat(2 * longestName))).length + between.length;
  let room = limit - reserved;
  const shown = new Map<Block, string>();
  for (const block of [...blocks].sort((a, b) => a.rank - b.rank)) {
    const { text, cut } = block;
    const part = text.length + between.length <= room ? text : cut?.(room - between.length);
    if (part === undefined) continue;
    shown.set(block, part);
    room -= part.length + between.length;
  }
  const lacking = blocks.filter((block) => shown.get(block) !== block.text).map(({ name }) => shorten(name));
  const names = lacking.length > namedAtMost ? [...lacking.slice(0, namedAtMost), `${lacking.length - namedAtMost} more`] : lacking;
  return [...blocks.flatMap((block) => shown.get(block) ?? []), about(names)].join(between);
}

/** Characters of one of them, each of which may take two units of a text. */
const longestName = 80;

function shorten(name: string): string {
  const plain = name.replaceAll('`', '\'');
  return [...plain].length <= longestName ? plain : `${[...plain].slice(0, longestName - 1).join('')}…`;
}
