import { createCipheriv, createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ObjectStore, PutOptions, StoredObject } from '../../src/store/store.js';

/* What holds for every store of backups, wherever it keeps them. What is particular to one kind has tests of its own beside it. */

/** One place for objects, as a test has it in its hands. */
export interface ObjectPlace {
  /** The store, opened by a process of its own. */
  open(): ObjectStore | Promise<ObjectStore>;
  /** Everything that is there: also what is unfinished, or has no name yet. Names of objects, and other words for the rest. */
  contents(): Promise<readonly string[]>;
  /** Someone else writes into it. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface Contract {
  /** Larger than what the store sends at once. */
  readonly manyBytes: number;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
export const going = (): AbortSignal => new AbortController().signal;

/** Options of `put` that are true of these bytes. */
export const optionsFor = (bytes: Uint8Array, options: Partial<PutOptions> = {}): PutOptions =>
  ({ bytes: bytes.length, sha256: sha256(bytes), contentType: 'application/octet-stream', signal: going(), ...options });

/** Content in pieces of uneven size. An error among the pieces is thrown there. */
export const contentOf = (...pieces: readonly (Uint8Array | string | Error)[]) => async function* content(): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    const bytes = Buffer.from(piece as Uint8Array);
    for (let at = 0; at < bytes.length || at === 0; at += 100_003) yield bytes.subarray(at, at + 100_003);
  }
};

/** Bytes that are unlike each other at every place, always the same. */
export const manyBytes = (length: number): Buffer => createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(Buffer.alloc(length));

export async function bytesIn(store: ObjectStore, name: string, signal = going()): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.get(name, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function listed(store: ObjectStore, prefix = ''): Promise<StoredObject[]> {
  const all: StoredObject[] = [];
  for await (const each of store.list(prefix, going())) all.push(each);
  return all;
}

/** Every store passes this. @param make a new and empty place for each test */
export function describeStore(kind: string, make: () => ObjectPlace | Promise<ObjectPlace>, { manyBytes: many }: Contract): void {
  describe(`${kind} keeps the contract of a store`, () => {
    let place: ObjectPlace;
    beforeEach(async () => { place = await make(); });
    afterEach(() => place.close());
    const open = async (): Promise<ObjectStore> => place.open();
    const hello = Buffer.from('hello');

    it('is empty at first', async () => {
      const store = await open();
      expect([await listed(store), await store.head('a/b', going())]).toEqual([[], undefined]);
      await expect(bytesIn(store, 'a/b')).rejects.toMatchObject({ name: 'StoreError', trouble: 'missing' });
    });

    it.each([['nothing', 0], ['one byte', 1], ['a few bytes', 5000], ['more than it sends at once', many]])('gives %s as it was written, to another process too', async (_, length) => {
      const bytes = manyBytes(length);
      const sent: number[] = [];
      const stored = await (await open()).put('db/2026/dump.age', contentOf(bytes), optionsFor(bytes, { onProgress: (count) => sent.push(count) }));
      expect(stored).toMatchObject({ name: 'db/2026/dump.age', bytes: length });
      const other = await open();
      expect((await bytesIn(other, 'db/2026/dump.age')).equals(bytes)).toBe(true);
      expect(await other.head('db/2026/dump.age', going())).toEqual({ name: 'db/2026/dump.age', bytes: length, changedAt: stored.changedAt });
      expect(Math.abs(stored.changedAt - Date.now())).toBeLessThan(600_000);
      expect(sent).toEqual([...sent].sort((a, b) => a - b));
      expect(sent.at(-1) ?? 0).toBe(length);
    });

    it('lists what begins with a prefix, in the order of the names', async () => {
      const store = await open();
      for (const name of ['b/2', 'a/1', 'b/10', 'b-2/x', 'B/1', 'b/1/manifest.json']) await store.put(name, contentOf(hello), optionsFor(hello));
      expect((await listed(store)).map(({ name }) => name)).toEqual(['B/1', 'a/1', 'b-2/x', 'b/1/manifest.json', 'b/10', 'b/2']);
      expect((await listed(store, 'b/1')).map(({ name, bytes }) => `${name} ${bytes}`)).toEqual(['b/1/manifest.json 5', 'b/10 5']);
      expect(await listed(store, 'c')).toEqual([]);
    });

    it('lists what others have written as well', async () => {
      await place.write('notes of a colleague.txt', hello);
      expect((await listed(await open())).map(({ name }) => name)).toEqual(['notes of a colleague.txt']);
    });

    it('never replaces an object', async () => {
      const store = await open();
      await store.put('a', contentOf(hello), optionsFor(hello));
      for (const bytes of [Buffer.from('other'), manyBytes(many)]) {
        await expect((await open()).put('a', contentOf(bytes), optionsFor(bytes))).rejects.toMatchObject({ name: 'StoreError', trouble: 'exists' });
      }
      expect(await bytesIn(store, 'a')).toEqual(hello);
      expect(await place.contents()).toEqual(['a']);
    });

    it('lets one of several writers of a name win, with all of its bytes', async () => {
      const contents = [1, 2, 3, 4].map((digit) => Buffer.alloc(many, digit));
      const results = await Promise.allSettled(contents.map(async (bytes) => (await open()).put('a', contentOf(bytes), optionsFor(bytes))));
      const winners = contents.filter((_, index) => results[index]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ trouble: 'exists' });
      expect((await bytesIn(await open(), 'a')).equals(winners[0] ?? hello)).toBe(true);
      expect(await place.contents()).toEqual(['a']);
    });

    it.each([['at its start', 0], ['after its first bytes', 10], ['late', many]])('leaves nothing of a content that breaks off %s', async (_, length) => {
      const store = await open();
      const bytes = manyBytes(length);
      await expect(store.put('a', contentOf(bytes, new Error('the source broke')), optionsFor(manyBytes(many + 5000)))).rejects.toThrow('the source broke');
      expect(await place.contents()).toEqual([]);
      await store.put('a', contentOf(hello), optionsFor(hello));
      expect(await bytesIn(store, 'a')).toEqual(hello);
    });

    it.each([
      ['shorter', (bytes: Buffer) => bytes.subarray(0, -1), /only (\d+) of (\d+) bytes were read/], ['longer', (bytes: Buffer) => Buffer.concat([bytes, hello]), /more than the (\d+) bytes were read/],
      ['other', (bytes: Buffer) => Buffer.from(bytes).fill(1, bytes.length - 1), /its SHA-256 is [0-9a-f]{64}, but was [0-9a-f]{64} before/],
    ])('leaves nothing of a content that is %s than announced', async (_, change, message) => {
      for (const length of [5000, many]) {
        const bytes = manyBytes(length);
        const store = await open();
        const failed = expect(store.put('a', contentOf(change(bytes)), optionsFor(bytes))).rejects;
        await failed.toMatchObject({ name: 'StoreError', trouble: 'corrupt', message: expect.stringMatching(message), hint: 'Check the disk of this machine, then run the backup again.' });
      }
      expect(await place.contents()).toEqual([]);
    });

    it('leaves nothing of a write that is aborted, and rejects with the reason', async () => {
      const reason = new Error('stopped by SIGTERM');
      const bytes = manyBytes(many);
      const store = await open();
      const stop = new AbortController();
      const content = async function* content(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, many - 10);
        stop.abort(reason);
        yield bytes.subarray(many - 10);
      };
      await expect(store.put('a', content, optionsFor(bytes, { signal: stop.signal }))).rejects.toBe(reason);
      await expect(store.put('b', contentOf(bytes), optionsFor(bytes, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
      expect(await place.contents()).toEqual([]);
    });

    it('stops reading, looking and listing when it is aborted', async () => {
      const store = await open();
      const bytes = manyBytes(many);
      await store.put('a', contentOf(bytes), optionsFor(bytes));
      const reason = new Error('stopped by SIGTERM');
      const [stop, over] = [new AbortController(), AbortSignal.abort(reason)];
      const read = async (): Promise<void> => {
        for await (const piece of store.get('a', stop.signal)) if (piece.length > 0) stop.abort(reason);
      };
      await expect(read()).rejects.toBe(reason);
      await expect(store.head('a', over)).rejects.toBe(reason);
      await expect(store.list('', over)[Symbol.asyncIterator]().next()).rejects.toBe(reason);
      await expect(store.remove('a', over)).rejects.toBe(reason);
      expect(await place.contents()).toEqual(['a']);
    });

    it('can be left in the middle of a list and of an object', async () => {
      const store = await open();
      const bytes = manyBytes(many);
      for (const name of ['a', 'b']) await store.put(name, contentOf(bytes), optionsFor(bytes));
      for await (const { name } of store.list('', going())) if (name === 'a') break;
      for await (const piece of store.get('a', going())) if (piece.length > 0) break;
      expect((await bytesIn(store, 'b')).equals(bytes)).toBe(true);
    });

    it('removes an object, and is content when there is none', async () => {
      const store = await open();
      for (const name of ['a/1', 'a/2']) await store.put(name, contentOf(hello), optionsFor(hello));
      await store.remove('a/1', going());
      await store.remove('a/1', going());
      await store.remove('x', going());
      expect(await place.contents()).toEqual(['a/2']);
      await store.put('a/1', contentOf(hello), optionsFor(hello));
      expect(await bytesIn(store, 'a/1')).toEqual(hello);
    });

    it.each(['../a', 'a/../../b', '/etc/passwd', 'a//b', '', './a', 'a\nb', 'a\u0000'])('refuses the name %j', async (name) => {
      const store = await open();
      const refused = { name: 'StoreError', trouble: 'invalid', message: `${JSON.stringify(name)} cannot be the name of an object in ${store.address}` };
      await expect(store.put(name, contentOf(hello), optionsFor(hello))).rejects.toMatchObject(refused);
      await expect(bytesIn(store, name)).rejects.toMatchObject(refused);
      await expect(store.head(name, going())).rejects.toMatchObject(refused);
      await expect(store.remove(name, going())).rejects.toMatchObject(refused);
    });

    it('says how much still fits, if it knows', async () => {
      const store = await open();
      expect(await store.freeBytes?.(going()) ?? Infinity).toBeGreaterThan(0);
      await store.close?.();
    });
  });
}
