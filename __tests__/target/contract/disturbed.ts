import { expect, it } from '@jest/globals';
import type { Content } from '../../../src/record/ledger.js';
import { versionsOf } from '../../../src/target/rows.js';
import type { Undone } from '../../../src/target/target.js';
import { advance, begin, end, failure, journal, reopen, steps, type Begun, type Make, type Mark, type Place } from './place.js';

/* What holds of a change whose process is killed, or beside which somebody else changes the place: at every mark. */

/** At every mark of a change, in a place of its own. */
async function atEveryMark(make: Make, look: (place: Place, begun: Begun, mark: Mark) => Promise<void>): Promise<void> {
  const within = async (then: (place: Place, begun: Begun) => Promise<void>): Promise<void> => {
    const place = await make();
    await begin(place).then((begun) => then(place, begun)).finally(() => place.close());
  };
  let count = 0;
  await within(async (_place, begun) => {
    count = begun.change.waves.length;
    await end(begun);
  });
  const marks = Array.from({ length: count }, (_, wave) => steps.map((step) => ({ wave, step }))).flat();
  for (const mark of marks) await within((place, begun) => look(place, begun, mark));
}

/** A process that was killed at a mark, and the one that finds what it has left. */
async function killedAt(place: Place, begun: Begun, mark: Mark, meanwhile: () => Promise<void> = () => Promise.resolve()) {
  await advance(begun, mark);
  begun.process.kill();
  await meanwhile();
  return reopen(place);
}

export function describeKilled(make: Make): void {
  it('is found by the next process, killed at any mark, and undone from its record alone', async () => {
    await atEveryMark(make, async (place, begun, mark) => {
      const seen = begun.seen;
      const found = await killedAt(place, begun, mark);
      expect([mark, found.ledger.run.id, found.ledger.run.marks.length]).toEqual([mark, begun.process.context.id, mark.wave + 1]);
      const undone = await found.change.undo(failure, { ...journal, resumed: true });
      expect([mark, undone.result]).toEqual([mark, 'restored']);
      await end(found);
      expect([mark, place.look()]).toEqual([mark, seen]);
    });
  });
  it('is confirmed only when its version is complete and passes its checks, and may be undone otherwise', async () => {
    await atEveryMark(make, async (place, begun, mark) => {
      const seen = begun.seen;
      const after = versionsOf(begun.change.recorded().rows, 'after');
      const isLast = mark.wave === begun.change.waves.length - 1;
      const found = await killedAt(place, begun, mark);
      const stands = await found.change.stands();
      if (mark.wave === 0 && mark.step === 'named') expect([mark, stands]).toEqual([mark, false]);
      if (isLast && mark.step === 'proven') expect([mark, stands]).toEqual([mark, true]);
      if (stands) expect([mark, place.versions()]).toEqual([mark, after]);
      else expect([mark, (await found.change.undo(failure, { ...journal, resumed: true })).result, place.look()]).toEqual([mark, 'restored', seen]);
      await end(found);
    });
  });
  it('is not confirmed when its version does not serve', async () => {
    await atEveryMark(make, async (place, begun, mark) => {
      const found = await killedAt(place, begun, mark, async () => place.spoil());
      expect([mark, await found.change.stands()]).toEqual([mark, false]);
      expect([mark, (await found.change.undo(failure, { ...journal, resumed: true })).result, place.look()]).toEqual([mark, 'restored', begun.seen]);
      await end(found);
    });
  });
  it('may be killed in its undo as well: the next process undoes what is left', async () => {
    await atEveryMark(make, async (place, begun, mark) => {
      const first = await killedAt(place, begun, mark);
      await first.change.undo(failure, { ...journal, resumed: true });
      first.process.kill();
      const found = await reopen(place);
      expect([mark, (await found.change.undo(failure, { ...journal, resumed: true })).result, place.look()]).toEqual([mark, 'restored', begun.seen]);
      await end(found);
    });
  });
  it('refuses a record of another kind, or of a later version, with a sentence', async () => {
    const place = await make();
    const begun = await begin(place);
    const ledger = await advance(begun);
    for (const target of [{ ...ledger.run.target, kind: 'another' }, { ...ledger.run.target, schema: 99 }, { ...ledger.run.target, recorded: { nonsense: true } }]) {
      await expect(begun.target.reopen({ ...ledger, run: { ...ledger.run, target } }, begun.lock)).rejects.toMatchObject({ code: 'record-unreadable', message: expect.stringMatching(/\.$/) });
    }
    await end(begun);
    await place.close();
  });
}

/** What somebody else has set is there still, and that it was left alone is told. */
function expectLeftAlone(mark: Mark, place: Place, others: readonly Content[], { result, notes }: Undone): void {
  expect([mark, place.versions()]).toEqual([mark, others]);
  if (result !== 'untouched') expect([mark, result, notes.length > 0]).toEqual([mark, 'failed', true]);
}

export function describeInterference(make: Make): void {
  it('does not overwrite what somebody else has set at any mark, neither by going on nor by its undo', async () => {
    await atEveryMark(make, async (place, begun, mark) => {
      const { change, lock } = begun;
      await advance(begun, mark);
      await place.interfere();
      const others = place.versions();
      const left = change.waves.slice(mark.step === 'named' ? mark.wave : mark.wave + 1);
      for (const wave of left) await wave.change(() => lock.confirm()).then(() => wave.prove()).catch(() => undefined);
      expect([mark, place.versions()]).toEqual([mark, others]);
      expectLeftAlone(mark, place, others, await change.undo(failure, journal));
      await end(begun);
    });
  });
  it('does not overwrite it either when another process undoes what a killed one has left', async () => {
    await atEveryMark(make, async (place, begun, mark) => {
      const found = await killedAt(place, begun, mark, () => place.interfere());
      const others = place.versions();
      expect([mark, await found.change.stands()]).toEqual([mark, false]);
      expectLeftAlone(mark, place, others, await found.change.undo(failure, { ...journal, resumed: true }));
      await end(found);
    });
  });
  it('fails the version that somebody else has replaced', async () => {
    const place = await make();
    const begun = await begin(place);
    await advance(begun);
    await place.interfere();
    await expect(begun.change.verify()).rejects.toMatchObject({ code: 'superseded' });
    await end(begun);
    await place.close();
  });
}
