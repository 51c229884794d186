import { writeSync } from 'node:fs';

/** Bytes that even an empty pipe of the smallest size takes while nobody reads: a page. https://man7.org/linux/man-pages/man7/pipe.7.html */
const atOnce = 4096;

/**
 * Writes to the standard output. The first page is written directly: `process.stdout` takes 4 ms of processor time to load, and
 * a run that ends before its first stage prints no more. The rest goes through it, as there it waits for a slow reader
 * without holding up the run. Once nobody reads any more nothing is printed, and nothing fails.
 */
export function createPrinter(output = 1, stream: () => NodeJS.WritableStream = standardOutput): (text: string) => void {
  let room = atOnce;
  let later: NodeJS.WritableStream | undefined;
  return (text) => {
    let bytes = Buffer.from(text);
    if (!later && bytes.length <= room) {
      room -= bytes.length;
      bytes = bytes.subarray(written(output, bytes));
      if (bytes.length === 0) return;
    }
    (later ??= stream()).write(bytes);
  };
}

/** How many bytes of them were written; all of them where nobody reads any more. */
function written(output: number, bytes: Uint8Array): number {
  try {
    return writeSync(output, bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : bytes.length;
  }
}

function standardOutput(): NodeJS.WritableStream {
  return process.stdout.on('error', () => undefined);
}
