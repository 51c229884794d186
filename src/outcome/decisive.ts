/** How many of the last lines are searched: what is earlier was not the end of the program. */
const searched = 40;
/** Longest line that is quoted. */
const longest = 240;

/** Words in which programs say why they stop; the runtimes of Go, Python, Node.js, Java, Ruby, Rust and .NET among them. */
const reason = /\b(?:error|exception|fatal|panic(?:ked)?|traceback|abort(?:ed|ing)?|cannot|can't|could not|couldn't|unable|failed|failure|missing|not found|no such|not set|undefined|unknown|invalid|unexpected|denied|refused|unauthorized|forbidden|required|must be|timed? ?out|killed|segmentation fault|out of memory)\b|[a-z](?:Error|Exception)\b/i;
/** Lines, without their margin, that follow the reason and repeat it or point into the source. */
const aftermath: readonly RegExp[] = [
  /^at /, /^File "/, /^\.\.\. \d+ more$/, /^goroutine \d+/, /^created by /, /^exit status \d/, /^Node\.js v\d/, /^note: run with/, /^stack backtrace:/, /^\d+: /,
  /^[\^~}\]);]+$/, /^\[signal /, /^[\w$.*/-]+\(.*\)$/, /^\S+\.\w+:\d+(?: \+0x[0-9a-f]+)?$/,
  /^npm (?:error|ERR!)(?:$| A complete log| (?:code|errno|path|command|signal|workspace)\b| Lifecycle)/,
];

/**
 * The line of a log that says why a program stopped or failed. A rule of thumb: it is shown beside the log, and decides nothing.
 * @param has what the program did: `stopped`: its last line counts where none gives a reason
 * @returns undefined when there is none
 */
export function decisiveLine(log: string, has: 'stopped' | 'failed'): string | undefined {
  const lines = log.split('\n').slice(-searched).map((line) => line.trim()).filter((line) => line !== '');
  const candidates = lines.filter((line) => !aftermath.some((pattern) => pattern.test(line)));
  const line = [...candidates].reverse().find((each) => reason.test(each)) ?? (has === 'stopped' ? candidates.at(-1) ?? lines.at(-1) : undefined);
  const text = line?.replace(/\s+/g, ' ');
  return text === undefined || [...text].length <= longest ? text : `${[...text].slice(0, longest - 1).join('')}…`;
}
