import { expect, it } from '@jest/globals';
import type { Database, DataContext, DumpFacts, DumpOptions, Engine, Login } from '../../src/data/engine.js';
import type { Reach } from '../../src/data/place.js';
import type { Spool } from '../../src/ports/disk.js';

/** A real database of an engine, filled with some data, and nobody else in it. */
export interface Stand {
  readonly engine: Engine;
  readonly context: DataContext;
  readonly reach: Reach;
  readonly login: Login;
  newSpool(): Promise<Spool>;
  /** Number of connections of the context's app to the server. */
  sessions(): Promise<number>;
  close(): Promise<void>;
}

const options: DumpOptions = { rows: 'exact', allowEmpty: false, timeoutMs: 120_000 };
const never = new AbortController().signal;

async function* cut(pieces: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const piece of pieces) {
    if (left <= 0) return;
    yield piece.subarray(0, left);
    left -= piece.length;
  }
}

/** What every engine does, whatever its place. Called in a `describe` with how a stand is opened; each test has its own. */
export function describeEngine(stand: () => Promise<Stand>): void {
  const on = (body: (stand: Stand, database: Database) => Promise<void>) => async (): Promise<void> => {
    const opened = await stand();
    try {
      await body(opened, await opened.engine.open(opened.context, opened.reach.place, opened.login));
      expect(await opened.sessions()).toBe(0);
    } finally {
      await opened.close();
    }
  };
  const spooled = async ({ newSpool }: Stand, database: Database): Promise<{ spool: Spool; facts: DumpFacts }> => {
    const spool = await newSpool();
    const dump = database.dump(options, never);
    await spool.append(dump.pieces);
    return { spool, facts: await dump.facts() };
  };

  it('restores what it has dumped, on a server of its own, and finds it equal', on(async (opened, database) => {
    expect(await opened.engine.isPrimary(opened.context, opened.reach.place, opened.login)).toBe(true);
    const { spool, facts } = await spooled(opened, database);
    expect(facts).toMatchObject({ bytes: spool.bytes, server: { identity: database.server.identity } });
    expect(Object.values(facts.rows ?? {}).some((rows) => rows > 0)).toBe(true);
    expect(JSON.stringify(facts)).not.toContain(opened.login.password ?? 'no password');
    await database.check(spool, facts, never);
    const place = await opened.reach.scratch(never, database.server.bytes);
    try {
      const server = await opened.engine.startServer(opened.context, place, database.server);
      expect(server.server.identity).not.toBe(database.server.identity);
      expect((await server.restore(spool, facts, never)).rows).toBe(Object.values(facts.rows ?? {}).reduce((sum, each) => sum + each, 0));
    } finally {
      await place.close();
      await spool.close();
    }
  }));

  it('finds that a dump was cut, or has a changed bit, and that data differs from what was counted', on(async (opened, database) => {
    const { spool, facts } = await spooled(opened, database);
    for (const bytes of [1, Math.ceil(spool.bytes / 100), Math.ceil(spool.bytes / 2), spool.bytes - 1]) {
      const part = await opened.newSpool();
      await part.append(cut(spool.read(), bytes));
      await expect(database.check(part, facts, never)).rejects.toMatchObject({ code: opened.context.failure });
      await part.close();
    }
    const flipped = await opened.newSpool();
    await flipped.append((async function* () {
      for await (const piece of spool.read()) yield piece.map((byte, index) => (index === piece.length >> 1 ? byte ^ 4 : byte));
    })());
    await expect(database.check(flipped, facts, never)).rejects.toMatchObject({ code: opened.context.failure });
    await flipped.close();
    const place = await opened.reach.scratch(never, database.server.bytes);
    try {
      const server = await opened.engine.startServer(opened.context, place, database.server);
      const [[name = '', rows = 0] = []] = Object.entries(facts.rows ?? {});
      const others = { ...facts, rows: { ...facts.rows, [name]: rows + 1 } };
      await expect(server.restore(spool, others, never)).rejects.toMatchObject({ code: opened.context.failure, message: expect.stringContaining(name) });
    } finally {
      await place.close();
      await spool.close();
    }
  }));

  it('ends a dump that is cancelled, or not read on', on(async (opened, database) => {
    const stop = new AbortController();
    const cancelled = database.dump(options, stop.signal);
    const reading = (async () => {
      for await (const _ of cancelled.pieces) stop.abort(new Error('stopped by a test'));
    })();
    await expect(reading).rejects.toThrow('stopped by a test');
    await expect(cancelled.facts()).rejects.toThrow('stopped by a test');
    const left = database.dump(options, never);
    for await (const _ of left.pieces) break;
    await expect(left.facts()).rejects.toThrow();
  }));

  it('says that a login is wrong', on(async (opened) => {
    const { context, reach, login } = opened;
    await expect(opened.engine.open(context, reach.place, { ...login, database: login.user === undefined ? '999' : 'no such database' })).rejects.toMatchObject({ code: context.failure });
  }));
}
