import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { HttpResponse } from '../../ports/http.js';
import { charsetOf, headBytes, textFinder, withoutText } from './text.js';

/** So many decoded bytes of a body are searched for a text. */
export const searchLimit = 16 * 1024 * 1024;
/** So much of a body is kept, for messages and to recognize the API server's own answers. */
const beginningLimit = 64 * 1024;

/** What was seen of a body. */
export interface Body {
  readonly beginning: string;
  readonly found: boolean;
  /** Whether it was read to its end. */
  readonly whole: boolean;
  /** Why it could not be searched: `its content-encoding zstd cannot be decoded here`. */
  readonly unreadable?: string;
}

/** What is looked for in a body. */
export interface Search {
  readonly text: string | undefined;
  /** Removed from the body before the search: the API server inserts it into each link of an HTML page. */
  readonly inserted?: string;
}

/**
 * Reads a body until the text is found or the search limit is reached; without a text only its beginning. Decodes any
 * content encoding and charset, also one that was not asked for.
 * @throws what the body rejects with: an error of the connection, not of its content
 */
export async function readBody(response: Pick<HttpResponse, 'headers' | 'body'>, search: Search): Promise<Body> {
  const limit = search.text === undefined ? beginningLimit : searchLimit;
  const isFound = search.text === undefined ? () => false : textFinder(search.text);
  const clean = withoutText(search.inserted ?? '');
  let beginning = '';
  let found = false;
  let size = 0;
  let whole = true;
  const look = (text: string): void => {
    if (beginning.length < beginningLimit) beginning += text.slice(0, beginningLimit - beginning.length);
    found ||= isFound(text);
  };
  const unreadable = await decoding(response, async (bytes) => {
    const decoded = decodeText(response.headers['content-type'] ?? '', bytes);
    for await (const { text, length } of decoded) {
      look(clean(text));
      size += length;
      whole = size < limit;
      if (found || !whole) return;
    }
    look(clean(undefined));
  });
  return { beginning, found, whole: whole && unreadable === undefined, ...(found ? {} : { unreadable }) };
}

/** Calls `use` with the decoded bytes. @returns why they could not be decoded */
async function decoding(response: Pick<HttpResponse, 'headers' | 'body'>, use: (bytes: AsyncIterable<Uint8Array>) => Promise<void>): Promise<string | undefined> {
  const named = (response.headers['content-encoding'] ?? '').toLowerCase().split(',').map((name) => name.trim()).filter((name) => name !== '' && name !== 'identity');
  let broken: unknown;
  const source = Readable.from(response.body, { objectMode: false });
  source.on('error', (error) => {
    broken = error;
  });
  try {
    let bytes: Readable = source;
    for (const name of named.reverse()) {
      const decoder = await decoderOf(name, bytes);
      if (!decoder) return `its content-encoding ${name.slice(0, 40)} cannot be decoded here`;
      const before = bytes;
      before.once('error', (error) => decoder.destroy(error));
      bytes = before.pipe(decoder);
    }
    await use(bytes);
    return undefined;
  } catch (error) {
    if (broken !== undefined || named.length === 0) throw broken ?? error;
    return `it is not what its content-encoding ${named.join(', ').slice(0, 40)} says`;
  } finally {
    source.destroy();
  }
}

/** A truncated body is decoded as far as it goes, as browsers do. */
const tolerant = { finishFlush: zlib.constants.Z_SYNC_FLUSH };

async function decoderOf(name: string, bytes: Readable): Promise<Transform | undefined> {
  switch (name) {
    case 'gzip': case 'x-gzip': return zlib.createGunzip(tolerant);
    case 'br': return zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH });
    // RFC 9110 demands the zlib form, but some servers send raw deflate: the first byte tells them apart.
    case 'deflate': return ((await firstByte(bytes)) & 0x0f) === 8 ? zlib.createInflate(tolerant) : zlib.createInflateRaw(tolerant);
    // eslint-disable-next-line n/no-unsupported-features/node-builtins -- Node.js 20 does not have it: then the body cannot be decoded
    case 'zstd': return (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress?.();
    default: return undefined;
  }
}

async function firstByte(bytes: Readable): Promise<number> {
  const first = await new Promise<Buffer | null>((resolve, reject) => {
    const take = (): void => {
      bytes.off('readable', take);
      resolve(bytes.read() as Buffer | null);
    };
    bytes.once('error', reject);
    bytes.on('readable', take);
  });
  if (first !== null) bytes.unshift(first);
  return first?.[0] ?? 8;
}

/** The text of a body, piece by piece, each with the number of bytes that it was decoded from. */
async function* decodeText(contentType: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<{ text: string; length: number }> {
  // The first bytes of a page may name its charset: they are buffered until there are enough.
  let head: Buffer | undefined = Buffer.alloc(0);
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of bytes) {
    if (head) {
      head = Buffer.concat([head, chunk]);
      if (head.length < headBytes(contentType)) continue;
    }
    decoder ??= new TextDecoder(charsetOf(contentType, head ?? chunk));
    const piece: Uint8Array = head ?? chunk;
    head = undefined;
    yield { text: decoder.decode(piece, { stream: true }), length: piece.length };
  }
  decoder ??= new TextDecoder(charsetOf(contentType, head ?? Buffer.alloc(0)));
  yield { text: decoder.decode(head ?? new Uint8Array()), length: head?.length ?? 0 };
}
