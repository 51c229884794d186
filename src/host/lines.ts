import { StringDecoder } from 'node:string_decoder';

const lineLimit = 64 * 1024;
/** How far before the limit a blank is looked for: a cut inside a word could leave half a secret, which cannot be masked. */
const blankWithin = 8 * 1024;

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** The last line need not end in a newline. */
  end(): void;
}

/**
 * Turns the bytes of a stream into lines, as a terminal would show them: a carriage return restarts the line, so only the
 * last state of a progress bar is left. A line longer than 64 KiB is cut, and the rest of it is dropped.
 */
export function createLineSplitter(emit: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder('utf8');
  let pending = '';
  let tooLong = false;

  const flush = () => {
    const line = tooLong ? pending : lastState(pending);
    pending = '';
    tooLong = false;
    emit(line);
  };
  const take = (text: string) => {
    if (tooLong) return;
    pending += text;
    if (pending.length <= lineLimit) return;
    const shown = lastState(pending);
    tooLong = shown.length > lineLimit;
    pending = tooLong ? cut(shown) : shown + (pending.endsWith('\r') ? '\r' : '');
  };
  const feed = (text: string) => {
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      take(text.slice(from, at));
      flush();
      from = at + 1;
    }
    take(text.slice(from));
  };
  return {
    push: (chunk) => feed(decoder.write(chunk)),
    end: () => {
      feed(decoder.end());
      if (pending !== '') flush();
    },
  };
}

/** What is left on the screen of a line that was written over by carriage returns. */
function lastState(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}

function cut(line: string): string {
  const head = line.slice(0, lineLimit);
  const blank = Math.max(head.lastIndexOf(' '), head.lastIndexOf('\t'));
  return `${blank >= lineLimit - blankWithin ? head.slice(0, blank) : head} … (line cut at 64 KiB)`;
}
