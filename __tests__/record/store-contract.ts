import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '../../src/ports/clock.js';
import { inPhase, type Ledger } from '../../src/record/ledger.js';
import { formatLedger } from '../../src/record/schema.js';
import type { RecordStore } from '../../src/record/store.js';
import { ledgerOfRun, runRecord } from './build.js';

/*
 * What holds for every store, wherever it keeps the record and the lock of an app. What is particular to one store has tests
 * of its own beside it.
 */

/** One place where a record is kept, as a test has it in its hands. */
export interface RecordPlace {
  /** The store, opened by a process of its own. */
  open(): OpenStore | Promise<OpenStore>;
  /** Somebody puts this text in the place of the record. */
  damage(text: string): Promise<void>;
  close(): Promise<void>;
}

/** One that has a lock as well, which keeps processes apart. */
export interface LockedPlace extends RecordPlace {
  /** That of the processes. */
  readonly clock: Clock;
  /** Another run takes the lock over, as it may once its holder has been silent for too long. */
  takeOver(by: string): void;
}

export interface OpenStore {
  readonly store: RecordStore;
  /** Its process is ended at once. */
  kill(): void;
}

type Make<P> = () => P | Promise<P>;

const ledger: Ledger = ledgerOfRun(runRecord());
const later: Ledger = ledgerOfRun(runRecord([], { id: 'run-2', phase: 'verified' }));

/** A place for each test of a block. */
function places<P extends RecordPlace>(make: Make<P>): () => P {
  let place: P;
  beforeEach(async () => {
    place = await make();
  });
  afterEach(() => place.close());
  return () => place;
}

/** Every store passes this. @param make a new and empty place for each test */
export function describeRecord(name: string, make: Make<RecordPlace>): void {
  describe(`${name} keeps the contract of a record`, () => {
    const here = places(make);
    const open = async (): Promise<RecordStore> => (await here().open()).store;

    it('holds none at first', async () => expect(await (await open()).read()).toBeUndefined());
    it('is read as it was written, by another process too', async () => {
      const store = await open();
      await store.read();
      await store.write(ledger);
      expect([await store.read(), await (await open()).read()]).toEqual([ledger, ledger]);
    });
    it('is written again and again by one run, without being read in between', async () => {
      const store = await open();
      await store.read();
      for (const phase of ['in-progress', 'restoring', 'restored'] as const) await store.write(inPhase(ledger, phase));
      expect(await (await open()).read()).toEqual(inPhase(ledger, 'restored'));
    });
    it('is written over by whoever has read it', async () => {
      const [store, other] = [await open(), await open()];
      await store.read();
      await store.write(ledger);
      await other.read();
      await other.write(later);
      expect(await store.read()).toEqual(later);
    });
    it('is not written over what another run has written since it was read', async () => {
      const [store, other] = [await open(), await open()];
      await Promise.all([store.read(), other.read()]);
      await other.write(later);
      await expect(store.write(ledger)).rejects.toMatchObject({ code: 'superseded' });
      expect(await (await open()).read()).toEqual(later);
      // Read again, it may be.
      await store.read();
      await store.write(ledger);
      expect(await (await open()).read()).toEqual(ledger);
    });
    it('holds what was written last, whatever is still being written', async () => {
      const store = await open();
      await store.read();
      await Promise.all([store.write(ledger), store.write(inPhase(ledger, 'restoring')), store.write(inPhase(ledger, 'restored'))]);
      expect([await store.read(), await (await open()).read()]).toEqual([inPhase(ledger, 'restored'), inPhase(ledger, 'restored')]);
    });
    it('is whole, the old one or the new one, when its process is killed in a write', async () => {
      const { store, kill } = await here().open();
      await store.read();
      await store.write(ledger);
      void store.write(inPhase(ledger, 'verified')).catch(() => undefined);
      kill();
      expect([ledger, inPhase(ledger, 'verified')]).toContainEqual(await (await open()).read());
    });
    it.each([
      ['was cut', '{"schema": 2', 'damaged'], ['is empty', '', 'damaged'], ['lacks its run', '{"schema":2,"app":"api","releases":[]}', 'damaged'],
      ['is of a later version', '{"schema":3,"run":{"phase":"in-progress"}}', 'a later version'],
      ['is in a phase of a later version', formatLedger(inPhase(ledger, 'verifying' as never)), 'a later version'],
    ])('is refused when it %s, with the reason, and left as it is', async (_what, text, reason) => {
      await here().damage(text);
      for (const store of [await open(), await open()]) {
        await expect(store.read()).rejects.toMatchObject({ code: 'record-unreadable', message: expect.stringMatching(new RegExp(`cannot be read: .*${reason}.*\\.$`)) });
      }
    });
  });
}

/** Every store passes this whose lock keeps processes apart. @param make a new and empty place for each test */
export function describeLock(name: string, make: Make<LockedPlace>): void {
  describe(`${name} keeps the contract of a lock`, () => {
    const here = places(make);
    const [one, two] = [{ id: 'run-1', url: 'https://runs.example/1' }, { id: 'run-2' }];
    const open = async (): Promise<RecordStore> => (await here().open()).store;

    it('is acquired where nobody holds it, and confirmed as often as one likes', async () => {
      let waits = 0;
      const lock = await (await open()).lock(one, 0, () => { waits += 1; });
      for (let count = 0; count < 3; count += 1) await lock.confirm();
      expect([lock.lost.aborted, waits]).toEqual([false, 0]);
      await lock.release();
    });
    it('is refused to another run after the time that it waits, with who holds it', async () => {
      const lock = await (await open()).lock(one, 0);
      const { clock } = here();
      const startedAt = clock.monotonic();
      await expect((await open()).lock(two, 30_000)).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('https://runs.example/1') });
      expect(clock.monotonic() - startedAt).toBeGreaterThanOrEqual(30_000);
      expect(clock.monotonic() - startedAt).toBeLessThan(40_000);
      await lock.confirm();
      await lock.release();
    });
    it('goes to the one that waits for it when it is released', async () => {
      const { clock } = here();
      const lock = await (await open()).lock(one, 0);
      let waits = 0;
      const waiting = (await open()).lock(two, 60_000, () => { waits += 1; });
      await clock.sleep(20_000);
      expect(waits).toBe(1);
      await lock.release();
      const next = await waiting;
      await next.confirm();
      expect(clock.monotonic()).toBeLessThan(40_000);
      await next.release();
    });
    it('outlives its holder for a while, and then goes to another run, which knows when it was heard of last', async () => {
      const { clock } = here();
      const { store, kill } = await here().open();
      await store.lock(one, 0);
      await clock.sleep(60_000);
      const diedAt = clock.monotonic();
      kill();
      await expect((await open()).lock(two, 5000)).rejects.toMatchObject({ code: 'locked' });
      const lock = await (await open()).lock(two, 60_000);
      expect(lock.formerHeardAt).toBeGreaterThan(diedAt - 10_000);
      expect(lock.formerHeardAt).toBeLessThanOrEqual(diedAt + 1000);
      await lock.release();
    });
    it('is acquired at once by another process of the same run, when it was left', async () => {
      const { clock } = here();
      const left = await (await open()).lock(one, 0);
      left.leave();
      const startedAt = clock.monotonic();
      const lock = await (await open()).lock(one, 0);
      expect(clock.monotonic() - startedAt).toBeLessThan(1000);
      await lock.release();
    });
    it('is lost to whoever took it over: that is found out when it is confirmed, and by itself', async () => {
      const { clock } = here();
      for (const find of [(confirm: () => Promise<void>) => confirm().catch(() => undefined), () => clock.sleep(20_000)]) {
        const lock = await (await open()).lock(one, 60_000);
        here().takeOver('other');
        await find(() => lock.confirm());
        expect([lock.lost.aborted, lock.lost.reason]).toEqual([true, expect.objectContaining({ code: 'superseded' })]);
        await expect(lock.confirm()).rejects.toMatchObject({ code: 'superseded' });
        lock.leave();
      }
    });
    it('that was lost is not released: it is held by another', async () => {
      const lock = await (await open()).lock(one, 0);
      here().takeOver('other');
      await lock.release();
      await expect((await open()).lock(two, 5000)).rejects.toMatchObject({ code: 'locked', message: expect.stringContaining('other') });
    });
  });
}
