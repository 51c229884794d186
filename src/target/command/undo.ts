import { smokeUrls } from '../../check/smoke/by-url.js';
import { CancelledError, DeployError, RolloutError } from '../../outcome/errors.js';
import { messageOf } from '../../outcome/wording.js';
import { undoing } from '../undoing.js';
import type { UndoJournal, Undone } from '../target.js';
import { current, earlier, runCommand, until, untilCurrent, type Given } from './commands.js';
import { isOthers, type Deployment } from './recorded.js';

/** What a command had sent when it ended, or was killed, may still arrive: for so long it is waited for. */
const arrivesWithinMs = 15_000;
/** What goes back is not cancelled. */
const never = new AbortController().signal;

/** A deployment, and what is known of the version before. */
interface Before extends Deployment {
  readonly subject: string;
  /** Texts of the smoke checks that it passed. */
  readonly passed: ReadonlySet<string>;
}

const leftToPostStep = 'The step was cancelled, and its remaining seconds are not enough for a rollback: the post step continues.';
const nowhereToGo = 'What `current` printed before the change is not known, so there is no version to roll back to.';

/** Goes back where `current` prints something else than before, and verifies it. What a command says of itself counts for nothing. */
export async function undo(given: Given, known: Before, failure: DeployError, journal: UndoJournal): Promise<Undone> {
  const { ports: { clock, cancelled, log } } = given;
  const { subject, before } = known;
  return undoing(clock, journal, [subject], async (undo) => {
    if ((failure instanceof CancelledError || cancelled.aborted) && journal.continued) return { result: 'failed', notes: [leftToPostStep] };
    if (before === undefined) return { result: 'failed', notes: [nowhereToGo], nothingGood: true };
    undo.begin();
    const there = await arrived(given, before);
    if (there === before) log.info(`\`current\` prints ${before} as before: nothing to roll back`);
    if (there === before && !journal.resumed) return { result: 'untouched', untouched: [subject] };
    if (isOthers(known, there)) return { result: 'failed', notes: [`\`current\` prints ${there}: someone else has deployed that since. It was not overwritten.`] };
    if (there === before) undo.note(`\`current\` printed ${before} all the time, so there was nothing to roll back.`);
    else {
      undo.note(...await goBack(given, before));
      undo.restored();
    }
    const unverified = await verifyAgain(given, before, known);
    return { result: 'restored', changed: [subject], unverified: unverified.map((reason) => ({ subject, reason })) };
  });
}

/** What is there, once another version than before had the time to come; undefined when that is not known. */
async function arrived(given: Given, before: string): Promise<string | undefined> {
  const printed = await current(given, never).catch(() => undefined);
  if (printed !== undefined && printed !== before) return printed;
  given.ports.log.info(`What the command sent before it exited may still take effect. Waiting for it for ${arrivesWithinMs / 1000} s`);
  return untilCurrent(given, arrivesWithinMs, never, { isNot: before }).catch(() => current(given, never)).catch(() => undefined);
}

async function goBack(given: Given, before: string): Promise<string[]> {
  const { command: { rollback, timeoutMs } } = given;
  if (!rollback) throw new RolloutError('command-failed', 'There is no `rollback` command: the current version stays.');
  const failure = await runCommand(given, 'rollback', earlier(given, before), never).then(() => undefined, (error: unknown) => error);
  try {
    await untilCurrent(given, failure === undefined ? timeoutMs : arrivesWithinMs, never, { is: before });
  } catch (error) {
    if (failure === undefined) throw error;
    throw new RolloutError('command-failed', `${messageOf(failure)} ${messageOf(error)}`, { evidence: failure instanceof DeployError ? failure.evidence : [] });
  }
  return failure === undefined ? [] : [`${messageOf(failure)} \`current\` prints ${before} again nevertheless.`];
}

/**
 * Only what passed before can show that the version before serves again.
 * @returns why that is not shown; empty when it is
 */
async function verifyAgain(given: Given, before: string, { verifiedBefore, passed }: Before): Promise<string[]> {
  const { ports, config, command } = given;
  if (verifiedBefore) await until(given, command.timeoutMs, never, () => runCommand(given, 'verify', earlier(given, before), never));
  await smokeUrls(ports, new Map(), config.smoke.filter(({ text }) => passed.has(text)), never);
  return verifiedBefore || passed.size > 0 ? [] : ['neither `verify` nor a smoke check passed before the change; `current` prints it again'];
}
