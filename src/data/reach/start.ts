import type { Pipe } from '../../ports/pipe.js';

/** A pipe whose input begins with a line for each secret. */
export function started(pipe: Pipe, secrets: readonly string[]): Pipe {
  if (secrets.some((secret) => /[\n\r\0]/.test(secret))) throw new RangeError('A secret for a script cannot contain a line break.');
  // What is written later comes after it. A program that has ended does not take it: its exit code says why.
  if (secrets.length > 0) void pipe.write(secrets.map((secret) => `${secret}\n`).join(''));
  return pipe;
}
