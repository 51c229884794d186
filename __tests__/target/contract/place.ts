import type { Config } from '../../../src/config/config.js';
import { RolloutError } from '../../../src/outcome/errors.js';
import type { Context } from '../../../src/ports/context.js';
import { withMark, type Content, type Ledger } from '../../../src/record/ledger.js';
import type { Lock } from '../../../src/record/store.js';
import { recordOf } from '../../../src/target/rows.js';
import type { Change, OpenTarget, Proposal, Purpose, TargetKind, UndoJournal, Wanted } from '../../../src/target/target.js';

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
export interface Begun {
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
export const steps = ['named', 'changed', 'proven'] as const;
type Step = (typeof steps)[number];
export interface Mark { readonly wave: number; readonly step: Step }

export const wanted = ({ after }: Place): Wanted => ({ reference: after, platforms: [], isPushed: false });
export const failure = new RolloutError('smoke-failed', 'The test says that it failed.');
export const journal: UndoJournal = { restoring: () => Promise.resolve(), resumed: false, continued: false };
/** Longer than a lock outlives its holder. */
export const lockWaitMs = 60_000;

export const open = ({ kind }: Place, { context, config }: Process, purpose: Purpose = 'deploy'): Promise<OpenTarget> => kind.open(context, config, purpose);

/** Does what the engine does up to the first wave. */
export async function begin(place: Place): Promise<Begun> {
  const seen = place.look();
  const process = place.start();
  const target = await open(place, process);
  const proposal = await target.propose(wanted(place));
  const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
  const change = await proposal.begin({ lock, ledger: await target.store.read(), reference: place.after });
  return { process, target, proposal, lock, change, ledger: ledgerOf(process, change), seen };
}

export const ledgerOf = ({ context, config }: Process, change: Change): Ledger => ({
  schema: 2, app: config.app, releases: [],
  run: { id: context.id, startedAt: '2026-01-01T00:00:00.000Z', phase: 'in-progress', marks: [], ...recordOf(change, { ...context, config }), rollback: 'auto' },
});

/** Runs the waves as the engine does, up to a mark, or to their end. @returns the record as it was written last */
export async function advance({ process, target, lock, change, ledger }: Pick<Begun, 'process' | 'target' | 'lock' | 'change' | 'ledger'>, until?: Mark): Promise<Ledger> {
  let known = ledger;
  for (const [index, wave] of change.waves.entries()) {
    known = withMark({ ...known, run: { ...known.run, ...recordOf(change, { ...process.context, config: process.config }) } }, wave.mark);
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
export async function reopen(place: Place) {
  const process = place.start();
  const target = await open(place, process, 'finish');
  const lock = await target.store.lock({ id: process.context.id }, lockWaitMs);
  const ledger = await target.store.read();
  if (!ledger) throw new Error('the process that was killed has left no record');
  return { process, target, lock, ledger, change: await target.reopen(ledger, lock) };
}

export async function end({ target, lock, change }: Pick<Begun, 'target' | 'lock' | 'change'>): Promise<void> {
  change.close?.();
  await lock.release();
  await target.close?.();
}

export type Make = () => Place | Promise<Place>;
