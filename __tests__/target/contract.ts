import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.js';
import { RolloutError } from '../../src/outcome/errors.js';
import type { Context } from '../../src/ports/context.js';
import { withMark, type Content, type Ledger } from '../../src/record/ledger.js';
import { foundRelease, withVerified } from '../../src/record/release.js';
import type { Lock } from '../../src/record/store.js';
import type { Change, OpenTarget, Proposal, Purpose, TargetKind, Undone, UndoJournal, Wanted } from '../../src/target/target.js';

/*
 * What holds for every kind of target, whatever it deploys to. A kind is tested by it when its test calls `describeTarget`
 * with a place of its own; what is particular to the kind has tests of its own beside it.
 */

/** One place that a kind of target deploys to, as a test has it in its hands. */
export interface Place {
  readonly kind: TargetKind;
  /** The version that is there, and the one that is deployed, as `Wanted.reference` has them. */
  readonly before: string;
  readonly after: string;
  /** A process of a run that deploys `after`, or goes back. Processes of one place share what one job or cluster shares. */
  start(): Process;
  /** Everything that a release may change, as somebody sees it who looks at the place from outside. */
  look(): unknown;
  /** The version that is at each subject and part now. */
  versions(): readonly Content[];
  /** Somebody else deploys a version of their own, which is neither of the two. */
  interfere(): Promise<void>;
  /** From now on `after` does not serve. */
  spoil(): void;
  close(): Promise<void>;
}

export interface Process {
  readonly context: Context;
  readonly config: Config;
  /** It is ended at once: nothing of it goes on but what it has sent. */
  kill(): void;
}

/** A change as the engine has it in hand. */
interface Begun {
  readonly process: Process;
  readonly target: OpenTarget;
  readonly proposal: Proposal;
  readonly lock: Lock;
  readonly change: Change;
  readonly ledger: Ledger;
  /** The place before it. */
  readonly seen: unknown;
}

/** How far a wave came: it is named in the record, it has set what it sets, it is proven. */
const steps = ['named', 'changed', 'proven'] as const;
type Step = (typeof steps)[number];
interface Mark { readonly wave: number; readonly step: Step }

const wanted = ({ after }: Place): Wanted => ({ reference: after, platforms: [], isPushed: false });
const failure = new RolloutError('smoke-failed', 'The test says that it failed.');
const journal: UndoJournal = { restoring: () => Promise.resolve(), resumed: false, continued: false };
/** Longer than a lock outlives its holder. */
const lockWaitMs = 60_000;

const open = ({ kind }: Place, { context, config }: Process, purpose: Purpose = 'deploy'): Promise<OpenTarget> => kind.open(context, config, purpose);

/** Does what the engine does up to the first wave. */
async function begin(place: Place): Promise<Begun> {
  const seen = place.look();
  const process = place.start();
  const target = await open(place, process);
  const proposal = await target.propose(wanted(place));
  const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
  const change = await proposal.begin({ lock, ledger: await target.store.read(), reference: place.after });
  return { process, target, proposal, lock, change, ledger: ledgerOf(process, change), seen };
}

const ledgerOf = ({ context, config }: Process, change: Change): Ledger => ({
  schema: 2, app: config.app, releases: [],
  run: { id: context.id, startedAt: '2026-01-01T00:00:00.000Z', phase: 'in-progress', marks: [], ...change.recorded(), rollback: 'auto' },
});

/** Runs the waves as the engine does, up to a mark, or to their end. @returns the record as it was written last */
async function advance({ target, lock, change, ledger }: Pick<Begun, 'target' | 'lock' | 'change' | 'ledger'>, until?: Mark): Promise<Ledger> {
  let known = ledger;
  for (const [index, wave] of change.waves.entries()) {
    known = withMark({ ...known, run: { ...known.run, ...change.recorded() } }, wave.mark);
    await target.store.write(known);
    if (until?.wave === index && until.step === 'named') break;
    await wave.change(() => lock.confirm());
    if (until?.wave === index && until.step === 'changed') break;
    await wave.prove();
    if (until?.wave === index) break;
  }
  return known;
}

/** Another process that finds what a dead one has left, from the record alone. */
async function reopen(place: Place) {
  const process = place.start();
  const target = await open(place, process, 'finish');
  const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
  const ledger = await target.store.read();
  if (!ledger) throw new Error('the process that was killed has left no record');
  return { process, target, lock, ledger, change: await target.reopen(ledger, lock) };
}

async function end({ target, lock, change }: Pick<Begun, 'target' | 'lock' | 'change'>): Promise<void> {
  change.close();
  await lock.release();
  await target.close();
}

/** Every kind of target passes this. @param make a new place for each test, with `before` deployed and healthy */
export function describeTarget(name: string, make: Make): void {
  describe(`${name} keeps the contract of a target`, () => {
    let place: Place;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place.close());

    describeProposals(() => place);
    describeChanges(() => place);
    describeUndo(() => place);
    describeKilled(make);
    describeInterference(make);
  });
}

function describeProposals(here: () => Place): void {
  it('opens without a change, and names its kind', async () => {
    const place = here();
    const seen = place.look();
    const target = await open(place, place.start());
    expect([target.kind, target.ledger, await target.store.read()]).toEqual([place.kind.kind, undefined, undefined]);
    await target.close();
    expect(place.look()).toEqual(seen);
  });
  it('proposes a version without a change: a row for everything that is to hold it, and a step of the plan', async () => {
    const place = here();
    const seen = place.look();
    const target = await open(place, place.start());
    const proposal = await target.propose(wanted(place));
    expect([proposal.checked.problems, proposal.isThere, proposal.step.stage, proposal.rollback.possible]).toEqual([[], false, 'rollout', true]);
    expect(proposal.rows.map(({ subject, part, before }) => ({ subject, part, version: before }))).toEqual(place.versions());
    await target.close();
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

function describeChanges(here: () => Place): void {
  it('begins without a change, and knows what has to be recorded before the first', async () => {
    const place = here();
    const begun = await begin(place);
    const { seen } = begun;
    const { change, proposal } = begun;
    const recorded = change.recorded();
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
  it('changes wave by wave, proves each, and reports what is there at the end', async () => {
    const place = here();
    const begun = await begin(place);
    const { change, proposal } = begun;
    await advance(begun);
    await change.verify();
    await change.settle();
    const { rows, undoCommands } = await change.report();
    expect(place.versions()).toEqual(change.recorded().after);
    expect(rows.map(({ subject, part, now }) => ({ subject, part, version: now }))).toEqual(place.versions());
    expect(rows.map(({ before }) => before)).toEqual(proposal.rows.map(({ before }) => before));
    expect(undoCommands.length).toBeGreaterThan(0);
    const subjects = [...new Set(rows.map(({ subject }) => subject))].sort();
    expect([change.mayHaveChanged(), [...await change.changedNow()].sort(), change.progress().unverified]).toEqual([true, subjects, []]);
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
    const evidence = await change.evidence(thrown as RolloutError);
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
    await first.target.store.write(withVerified({ ...ledger, run: { ...ledger.run, ...first.change.recorded() } }, Date.parse(at), []));
    await end(first);

    const process = place.start();
    const target = await open(place, process, 'rollback');
    const proposal = await target.proposeBack();
    expect([proposal.checked.problems, proposal.release.contents]).toEqual([[], versions]);
    const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
    const change = await proposal.begin({ lock, ledger: await target.store.read(), reference: proposal.release.reference });
    await advance({ target, lock, change, ledger: { ...ledgerOf(process, change), releases: target.ledger?.releases ?? [] } });
    await change.verify();
    await end({ target, lock, change });
    expect(place.versions()).toEqual(versions);
  });
}

function describeUndo(here: () => Place): void {
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
    expect([place.look(), [...await begun.change.changedNow()]]).toEqual([seen, []]);
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

type Make = () => Place | Promise<Place>;

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

function describeKilled(make: Make): void {
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
      const { after } = begun.change.recorded();
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

function describeInterference(make: Make): void {
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
