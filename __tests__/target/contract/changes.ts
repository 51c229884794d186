import { expect, it } from '@jest/globals';
import { RolloutError } from '../../../src/outcome/errors.js';
import { foundRelease, withVerified } from '../../../src/record/release.js';
import { changedOf, recordOf, versionsOf } from '../../../src/target/rows.js';
import type { UndoJournal } from '../../../src/target/target.js';
import { advance, begin, end, failure, journal, ledgerOf, lockWaitMs, open, wanted, type Place } from './place.js';

/* What holds of a change that nobody disturbs. */

export function describeProposals(here: () => Place): void {
  it('opens without a change, and names its kind', async () => {
    const place = here();
    const seen = place.look();
    const target = await open(place, place.start());
    expect([target.kind, target.ledger, await target.store.read()]).toEqual([place.kind.kind, undefined, undefined]);
    await target.close?.();
    expect(place.look()).toEqual(seen);
  });
  it('proposes a version without a change: a row for everything that is to hold it, and a step of the plan', async () => {
    const place = here();
    const seen = place.look();
    const target = await open(place, place.start());
    const proposal = await target.propose(wanted(place));
    expect([proposal.checked.problems, proposal.isThere, proposal.step.stage, proposal.rollback.possible]).toEqual([[], false, 'rollout', true]);
    expect(proposal.rows.map(({ subject, part, before }) => ({ subject, part, version: before }))).toEqual(place.versions());
    await target.close?.();
    expect(place.look()).toEqual(seen);
  });
  it('finds that a version is there already, and changes nothing to verify it', async () => {
    const place = here();
    const seen = place.look();
    const process = place.start();
    const target = await open(place, process);
    const proposal = await target.propose({ ...wanted(place), reference: place.before });
    const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
    const change = await proposal.begin({ lock, ledger: undefined, reference: place.before });
    for (const wave of change.waves) {
      await wave.change(() => lock.confirm());
      await wave.prove();
    }
    await change.verify();
    expect([proposal.isThere, change.isThere, change.mayHaveChanged()]).toEqual([true, true, false]);
    await end({ target, lock, change });
    expect(place.look()).toEqual(seen);
  });
}

export function describeChanges(here: () => Place): void {
  it('begins without a change, and knows what has to be recorded before the first', async () => {
    const place = here();
    const begun = await begin(place);
    const { seen } = begun;
    const { change, proposal } = begun;
    const recorded = recordOf(change, { ...begun.process.context, config: begun.process.config });
    expect([change.isThere, change.mayHaveChanged(), new Set(change.waves.map(({ mark }) => mark)).size]).toEqual([false, false, change.waves.length]);
    expect(change.waves.length).toBeGreaterThan(0);
    expect(change.standing.flatMap(({ contents }) => contents)).toEqual(place.versions());
    expect(recorded.before).toEqual(place.versions());
    expect(recorded.after.map(({ subject, part }) => [subject, part])).toEqual(proposal.rows.map(({ subject, part }) => [subject, part]));
    // The engine keeps it as JSON, and never looks into it.
    expect(recorded.target.kind).toBe(place.kind.kind);
    expect(JSON.parse(JSON.stringify(recorded))).toEqual(recorded);
    await end(begun);
    expect(place.look()).toEqual(seen);
  });
  it('has words of its own for the sentences of the engine', async () => {
    const place = here();
    const begun = await begin(place);
    const { stays, isThere } = begun.change.words;
    expect(stays).toMatch(/^the new [a-z ]+[a-z]$/);
    expect(isThere).toMatch(/^[A-Z][^.]+\.$/);
    expect(`${stays} ${isThere}`).not.toMatch(place.kind.kind === 'set-image' ? /\bversions?\b/ : /\b(?:images?|workloads?)\b/i);
    await end(begun);
  });
  it('changes wave by wave, proves each, and reports what is there at the end', async () => {
    const place = here();
    const begun = await begin(place);
    const { change, proposal } = begun;
    await advance(begun);
    await change.verify();
    await change.settle?.();
    const { rows, undoCommands } = await change.report();
    expect(place.versions()).toEqual(versionsOf(change.recorded().rows, 'after'));
    expect(rows.map(({ subject, part, now }) => ({ subject, part, version: now }))).toEqual(place.versions());
    expect(rows.map(({ before }) => before)).toEqual(proposal.rows.map(({ before }) => before));
    expect(undoCommands.length).toBeGreaterThan(0);
    const subjects = [...new Set(rows.map(({ subject }) => subject))].sort();
    expect([change.mayHaveChanged(), [...changedOf(change, await change.report())].sort(), change.progress().unverified]).toEqual([true, subjects, []]);
    expect(change.describe().length).toBeGreaterThan(0);
    await end(begun);
  });
  it('changes nothing once the lock is lost', async () => {
    const place = here();
    const begun = await begin(place);
    const { seen } = begun;
    const [wave] = begun.change.waves;
    await expect(wave?.change(() => Promise.reject(failure))).rejects.toBe(failure);
    expect([place.look(), begun.change.mayHaveChanged()]).toEqual([seen, false]);
    await end(begun);
  });
  it('fails a version that does not serve, with evidence that is bounded, and restores what was there', async () => {
    const place = here();
    const seen = place.look();
    place.spoil();
    const begun = await begin(place);
    const { change } = begun;
    const thrown = await advance(begun).then(() => change.verify()).then(() => undefined, (error: unknown) => error);
    expect(thrown).toBeInstanceOf(RolloutError);
    const evidence = [...(thrown as RolloutError).evidence, ...await change.evidence?.(thrown as RolloutError) ?? []];
    expect(evidence.reduce((sum, { title, text }) => sum + Buffer.byteLength(title + text), 0)).toBeLessThanOrEqual(64 * 1024);
    expect(await change.undo(thrown as RolloutError, journal)).toMatchObject({ result: 'restored' });
    await end(begun);
    expect(place.look()).toEqual(seen);
  });
  it('goes back to an earlier release', async () => {
    const place = here();
    const versions = place.versions();
    const first = await begin(place);
    await advance(first);
    await first.change.verify();
    const at = '2026-01-01T00:00:00.000Z';
    const ledger = { ...first.ledger, releases: foundRelease(first.change.standing, undefined, at, first.process.config.image) };
    const recorded = recordOf(first.change, { ...first.process.context, config: first.process.config });
    await first.target.store.write(withVerified({ ...ledger, run: { ...ledger.run, ...recorded } }, Date.parse(at), []));
    await end(first);

    const process = place.start();
    const target = await open(place, process, 'rollback');
    const proposal = await target.proposeBack();
    expect([proposal.checked.problems, proposal.release.contents]).toEqual([[], versions]);
    const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
    const change = await proposal.begin({ lock, ledger: await target.store.read(), reference: proposal.release.reference });
    await advance({ process, target, lock, change, ledger: { ...ledgerOf(process, change), releases: target.ledger?.releases ?? [] } });
    await change.verify();
    await end({ target, lock, change });
    expect(place.versions()).toEqual(versions);
  });
}

export function describeUndo(here: () => Place): void {
  it('undoes exactly what it changed, and may be asked to twice', async () => {
    const place = here();
    const begun = await begin(place);
    const { seen } = begun;
    await advance(begun);
    let told = 0;
    const noting: UndoJournal = { ...journal, restoring: async () => void (told += 1) };
    expect(await begun.change.undo(failure, noting)).toMatchObject({ result: 'restored', changed: expect.anything() });
    expect([place.look(), told]).toEqual([seen, 1]);
    expect(['restored', 'untouched']).toContain((await begun.change.undo(failure, noting)).result);
    expect([place.look(), [...changedOf(begun.change, await begun.change.report())]]).toEqual([seen, []]);
    await end(begun);
  });
  it('has nothing to undo before its first wave', async () => {
    const place = here();
    const begun = await begin(place);
    const { seen } = begun;
    const undone = await begun.change.undo(failure, journal);
    expect([undone.result, [...undone.untouched].sort()]).toEqual(['untouched', [...new Set(place.versions().map(({ subject }) => subject))].sort()]);
    await end(begun);
    expect(place.look()).toEqual(seen);
  });
  it('undoes also when the record cannot be written, and says so', async () => {
    const place = here();
    const begun = await begin(place);
    const { seen } = begun;
    await advance(begun);
    const undone = await begun.change.undo(failure, { ...journal, restoring: () => Promise.reject(new Error('the disk is full')) });
    expect([undone.result, undone.notes.join()]).toEqual(['restored', expect.stringContaining('the disk is full')]);
    await end(begun);
    expect(place.look()).toEqual(seen);
  });
}
