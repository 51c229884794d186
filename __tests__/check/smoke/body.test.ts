import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readBody, searchLimit } from '../../../src/check/smoke/body.js';
import { charsetOf, textFinder, withoutText } from '../../../src/check/smoke/text.js';
import { response } from '../../target/set-image/fake-cluster.js';

const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
const pieces = fc.array(few, { maxLength: 8 });

describe('a text that is looked for in pieces', () => {
  it('is found exactly when the whole has it', () => {
    fc.assert(fc.property(pieces, fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 5 }), (parts, text) => {
      const isFound = textFinder(text);
      expect(parts.map(isFound).some(Boolean)).toBe(parts.join('').includes(text));
    }), { numRuns: 1000 });
  });
  it('is taken out of pieces as it is of the whole', () => {
    fc.assert(fc.property(pieces, few, (parts, text) => {
      const clean = withoutText(text);
      expect([...parts, undefined].map(clean).join('')).toBe(text === '' ? parts.join('') : parts.join('').replaceAll(text, ''));
    }), { numRuns: 1000 });
  });
});

describe('a body', () => {
  const page = (lines: number): string => `${'line\n'.repeat(lines)}END-OF-PAGE ✓`;
  const text = page(5000);
  const encoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
    '': (bytes) => bytes, 'identity': (bytes) => bytes, 'gzip': gzipSync, 'x-gzip': gzipSync, 'br': brotliCompressSync, 'deflate': deflateSync, 'Deflate': deflateRawSync,
    'gzip, br': (bytes) => brotliCompressSync(gzipSync(bytes)),
  };
  it.each(Object.entries(encoders))('is decoded of its content encoding: %s', async (name, encode) => {
    for (const [size, lines] of [[1, 300], [7, 2000], [65_536, 5000]] as const) {
      const answer = response(200, encode(Buffer.from(page(lines))), name === '' ? {} : { 'content-encoding': name }, size);
      expect(await readBody(answer, { text: 'END-OF-PAGE ✓' })).toMatchObject({ found: true, beginning: expect.stringMatching(/^line\n/) });
    }
  });
  it('that cannot be decoded is not called one without the text', async () => {
    const sealed = response(200, text, { 'content-encoding': 'compress' });
    expect(await readBody(sealed, { text: 'END' })).toEqual({ beginning: '', found: false, whole: false, unreadable: 'its content-encoding compress cannot be decoded here' });
    const broken = response(200, text, { 'content-encoding': 'gzip' });
    expect(await readBody(broken, { text: 'END' })).toMatchObject({ found: false, unreadable: 'it is not what its content-encoding gzip says' });
  });
  it('that is empty has nothing, encoded or not', async () => {
    for (const headers of [{}, { 'content-encoding': 'gzip' }, { 'content-encoding': 'deflate' }]) {
      expect(await readBody(response(204, '', headers as Record<string, string>), { text: 'END' })).toEqual({ beginning: '', found: false, whole: true });
    }
  });
  it('whose connection is cut throws that, encoded or not', async () => {
    for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
      const cut = { headers: headers as Record<string, string>, body: (async function* body() {
        yield gzipSync(text).subarray(0, 20);
        throw new Error('cut');
      })() };
      await expect(readBody(cut, { text: 'END' })).rejects.toThrow('cut');
    }
  });
  it('is read no further than it has to be, and closed then', async () => {
    let sent = 0;
    let closed = false;
    const endless = (encoding?: string) => {
      sent = 0;
      closed = false;
      return { headers: encoding === undefined ? {} as Record<string, string> : { 'content-encoding': encoding }, body: (async function* body() {
        try {
          for (;;) {
            sent += 1024 * 1024;
            yield Buffer.alloc(1024 * 1024, 'x');
          }
        } finally {
          closed = true;
        }
      })() };
    };
    expect(await readBody(endless(), { text: 'END' })).toMatchObject({ found: false, whole: false });
    expect([sent >= searchLimit, sent < 2 * searchLimit, closed]).toEqual([true, true, true]);
    expect(await readBody(endless(), { text: 'xxx' })).toMatchObject({ found: true });
    expect([sent < searchLimit, closed]).toEqual([true, true]);
    expect((await readBody(endless(), { text: undefined })).beginning).toBe('x'.repeat(65_536));
    expect([sent < searchLimit, closed]).toEqual([true, true]);
  });
  it('that unfolds to more than is searched is left there', async () => {
    const bomb = response(200, gzipSync(Buffer.alloc(2 * searchLimit)), { 'content-encoding': 'gzip' });
    expect(await readBody(bomb, { text: 'END' })).toMatchObject({ found: false, whole: false });
  });
  it('has the text that it had before the API server put its path into it', async () => {
    const page = '<a href="/api/v1/x/proxy/a"><a href="/api/v1/x/proxy/b">';
    for (const size of [1, 5, 1000]) expect(await readBody(response(200, page, {}, size), { text: 'href="/b"', inserted: '/api/v1/x/proxy' })).toMatchObject({ found: true });
  });

  const latin = Buffer.from('Größe: 5', 'latin1');
  it.each<[string, Buffer, string]>([
    ['text/html; charset=ISO-8859-1', latin, 'Größe'],
    ['text/html;charset="iso-8859-1"', latin, 'Größe'],
    ['text/html', Buffer.concat([Buffer.from('<html><meta charset="windows-1252">'), latin]), 'Größe'],
    ['text/html', Buffer.concat([Buffer.from(`<!-- ${'x'.repeat(500)} --><meta http-equiv=x content="text/html; charset=iso-8859-1">`), latin]), 'Größe'],
    ['application/xml', Buffer.concat([Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?>'), latin]), 'Größe'],
    ['text/plain', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Größe', 'utf16le')]), 'Größe'],
    ['text/plain; charset=shift_jis', Buffer.from([0x93, 0xfa, 0x96, 0x7b]), '日本'],
    ['text/plain; charset=nonsense', Buffer.from('Größe'), 'Größe'],
    ['', Buffer.from('Größe'), 'Größe'],
  ])('is read in its charset: %s %#', async (type, bytes, wanted) => {
    for (const size of [1, 3, 4096]) expect(await readBody(response(200, bytes, { 'content-type': type }, size), { text: wanted })).toMatchObject({ found: true });
  });
  it('has the charset that a byte order mark says, whatever else does', () => {
    expect(charsetOf('text/plain; charset=utf-8', Uint8Array.of(0xfe, 0xff, 0, 65))).toBe('utf-16be');
  });
});
