import type { Clock } from '../../ports/clock.js';
import type { Pipe } from '../../ports/pipe.js';

const longestLine = 64 * 1024 * 1024;

/** The lines of its output; the last 40 characters of it are its result, which show how the script ended. */
export async function* linesOf(pipe: Pipe): AsyncGenerator<string, string> {
  const decoder = new TextDecoder();
  let rest = '';
  let end = '';
  for await (const piece of pipe.output) {
    const text = decoder.decode(piece, { stream: true });
    end = (end + text).slice(-40);
    rest += text;
    if (rest.length > longestLine) throw new RangeError(`A line of an answer is longer than ${longestLine} bytes.`);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    // The empty line and the one after it end the script.
    for (const line of lines) if (line !== '' && !line.startsWith(`acci-end `)) yield line;
  }
  return end;
}

/** The end of a program that was told to end is waited for, so none is left behind; one that does not end is stopped. */
export async function drained(clock: Clock, lines: AsyncGenerator<string, string>, pipe: Pipe): Promise<void> {
  const over = new AbortController();
  const rest = (async () => {
    while (!(await lines.next()).done);
    await pipe.exited;
  })().catch(() => undefined);
  await Promise.race([rest, clock.sleep(5000, over.signal).catch(() => undefined)]);
  over.abort();
  await pipe.stop();
}
