/** The end of a stream, in bounded memory. */
export interface Tail {
  push(chunk: Buffer): void;
  /** At most the last `limitBytes`; when something was dropped it begins at the start of a line, so that no word is halved. */
  text(): string;
}

/** Keeps the last `limitBytes` of what is pushed. */
export function createTail(limitBytes: number): Tail {
  const chunks: Buffer[] = [];
  let kept = 0;
  let dropped = false;
  return {
    push(chunk) {
      chunks.push(chunk);
      kept += chunk.length;
      for (let first = chunks[0]; first && kept - first.length >= limitBytes; first = chunks[0]) {
        chunks.shift();
        kept -= first.length;
        dropped = true;
      }
    },
    text() {
      const whole = Buffer.concat(chunks);
      if (!dropped && whole.length <= limitBytes) return whole.toString('utf8');
      const last = whole.subarray(Math.max(0, whole.length - limitBytes));
      return last.subarray(last.indexOf('\n') + 1).toString('utf8');
    },
  };
}
