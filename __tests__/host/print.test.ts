import { describe, expect, it } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createPrinter } from '../../src/host/print.js';

/** What was printed directly, and what through the stream. */
async function printed(...lines: readonly string[]): Promise<readonly [string, string]> {
  const folder = mkdtempSync(join(tmpdir(), 'print-'));
  const output = openSync(join(folder, 'out'), 'w');
  const stream = new PassThrough();
  try {
    const print = createPrinter(output, () => stream);
    lines.forEach(print);
    stream.end();
    return [readFileSync(join(folder, 'out'), 'utf8'), await text(stream)];
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true });
  }
}

describe('what is printed', () => {
  it('is written at once as long as it is short', async () => expect(await printed('a\n', 'b\n')).toEqual(['a\nb\n', '']));

  it('goes through the stream from there on, in its order', async () => {
    const [first, second, third] = ['é'.repeat(2000), 'x'.repeat(97), 'y'];
    expect(await printed(first, second, third)).toEqual([first, second + third]);
  });

  it('is dropped when nobody can read it, and nothing fails', () => {
    const print = createPrinter(-1, () => { throw new Error('not asked for'); });
    expect(() => { print('a'); }).not.toThrow();
  });

  it('is written at once up to the last byte of a page', async () => {
    expect(await printed('x'.repeat(4096), 'y')).toEqual(['x'.repeat(4096), 'y']);
  });
});
