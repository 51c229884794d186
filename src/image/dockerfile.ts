/** One instruction of a Dockerfile. */
export interface Instruction {
  /** In capitals: `FROM`. */
  readonly name: string;
  /** Its arguments, the lines of which are joined. A here-document is not among them. */
  readonly rest: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
}

/** The instructions of a Dockerfile in their order. Comments and here-documents are left out: https://docs.docker.com/reference/dockerfile/ */
export function instructionsOf(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let open: { words: string; line: number } | undefined;
  let here: readonly string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (here.length > 0) {
      if (line.trim() === here[0]) here = here.slice(1);
      continue;
    }
    // Inside of an instruction too, comments and empty lines do not count.
    if (/^[ \t]*(?:#|$)/.test(line)) continue;
    const isContinued = /\\[ \t]*$/.test(line);
    const words = isContinued ? line.slice(0, line.lastIndexOf('\\')) : line;
    open = open ? { ...open, words: `${open.words} ${words}` } : { words, line: index + 1 };
    if (isContinued) continue;
    const instruction = instructionIn(open.words, open.line);
    open = undefined;
    if (!instruction) continue;
    found.push(instruction);
    here = hereIn(instruction);
  }
  return found;
}

function instructionIn(words: string, line: number): Instruction | undefined {
  const [, name, rest] = /^([A-Za-z]+)\s([^]*)$/.exec(words.trimStart()) ?? [];
  return name === undefined || rest === undefined ? undefined : { name: name.toUpperCase(), rest: rest.trim(), line };
}

/** The ends of the here-documents that follow. */
const hereIn = ({ name, rest }: Instruction): readonly string[] =>
  (['RUN', 'COPY', 'ADD'].includes(name) ? [...rest.matchAll(/<<-?["']?([A-Za-z_]\w*)/g)].flatMap(([, end]) => end ?? []) : []);
