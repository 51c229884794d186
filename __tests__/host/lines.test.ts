import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLineSplitter } from '../../src/host/lines.js';

function split(...chunks: readonly (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk as string));
  splitter.end();
  return lines;
}

describe('lines of a stream', () => {
  it.each<[string, string[], string[]]>([
    ['whole lines', ['a\nb\n'], ['a', 'b']],
    ['a line in pieces', ['a', 'b', 'c\nd'], ['abc', 'd']],
    ['empty lines are lines', ['a\n\nb\n'], ['a', '', 'b']],
    ['a last line without newline', ['a\nb'], ['a', 'b']],
    ['nothing', [], []],
    ['CRLF', ['a\r\nb\r\n'], ['a', 'b']],
    ['CRLF in two chunks', ['a\r', '\nb'], ['a', 'b']],
    ['a progress bar leaves its last state', ['10%\r20%', '\r30%\n'], ['30%']],
    ['a progress bar that ends with CR', ['10%\r20%\r', '\r\n'], ['20%']],
  ])('%s', (_name, chunks, expected) => {
    expect(split(...chunks)).toEqual(expected);
  });

  it('joins a character whose bytes come in two chunks', () => {
    const bytes = Buffer.from('né → ✓\n');
    for (let at = 1; at < bytes.length; at++) {
      expect(split(bytes.subarray(0, at), bytes.subarray(at))).toEqual(['né → ✓']);
    }
  });

  it('cuts a line at 64 KiB, at a blank where there is one, and goes on with the next line', () => {
    const [long, next] = split(`${'word '.repeat(20_000)}\nnext\n`);
    expect(long).toMatch(/word … \(line cut at 64 KiB\)$/);
    expect(long?.length).toBeLessThanOrEqual(64 * 1024 + 30);
    expect(next).toBe('next');
    expect(split('x'.repeat(200_000))[0]).toHaveLength(64 * 1024 + ' … (line cut at 64 KiB)'.length);
  });

  it('is not fooled by a long line of overwritten progress', () => {
    expect(split('50% done\r'.repeat(20_000), 'ready\n')).toEqual(['ready']);
  });

  it('gives the same lines however the bytes are cut into chunks', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', 'é', '😀'), maxLength: 60 });
    fc.assert(fc.property(text, fc.array(fc.nat(100), { maxLength: 6 }), (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((to, i) => bytes.subarray(places[i], to));
      expect(split(...chunks)).toEqual(split(whole));
    }));
  });
});
