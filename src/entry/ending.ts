import { ifStillOpen } from '../host/clock.js';
import { CommandError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { asDeployError } from '../workflow/failure.js';
import type { Ports } from '../ports/ports.js';

/**
 * Lets the run go on when nobody reads its output any more (`… | head`): a rollout that has begun is brought to its end
 * all the same, instead of ending with EPIPE in the middle of it.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/**
 * What Node would otherwise print by itself, unmasked, and end the run without a verdict. A promise that nobody waits for is
 * no reason to leave a rollout half done; what else was thrown is: the post step or the next run finishes it.
 */
export function tellDefects({ log }: Pick<Ports, 'log'>): void {
  process.on('unhandledRejection', (reason) => {
    log.warning(`Something failed that nothing waited for, which is a bug in this action: ${messageOf(reason)}`);
  });
  process.on('uncaughtException', (error) => {
    tellFailure({ log }, 'The action could not do its work', error);
    process.exit();
  });
}

/** Runs a step to its end; what nothing below has caught is told in words, and ends the process with 1. */
export async function told(ports: Pick<Ports, 'log'>, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (thrown) {
    tellFailure(ports, 'The action could not do its work', thrown);
  }
  endSoon(ports);
}

/** For that long a process whose work is done may still close what it has open. */
const closeForMs = 10_000;

/** When all is said and written, nothing that was left open may keep a job, and what it costs, alive. */
export function endSoon({ log }: Pick<Ports, 'log'>, afterMs = closeForMs): void {
  ifStillOpen(afterMs, () => {
    log.warning(`The work was done ${afterMs / 1000} s ago and something was still open, so that the process had to be ended. The verdict stands; please report this.`);
    process.exit();
  });
}

/** An annotation with what went wrong and what to do; the process ends with 1. */
export function tellFailure({ log }: Pick<Ports, 'log'>, title: string, thrown: unknown): void {
  const error = asDeployError(thrown);
  log.error(`${error.message}\n${error.hint}`, { title });
  process.exitCode = 1;
}

/** Writes to a file of the runner. Throws CommandError that says which, why, and what to do. */
export async function writing(what: string, write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (cause) {
    throw new CommandError('unexpected', `${what} could not be written: ${messageOf(cause)}.`, {
      cause, hint: 'Check that the disk of the runner has room, and that no step took its file away.',
    });
  }
}

/** The same, where the run does not depend on it: a warning. */
export const tryWriting = (ports: Pick<Ports, 'log'>, what: string, write: Promise<void>): Promise<void> =>
  writing(what, write).catch((error: unknown) => { ports.log.warning(messageOf(error)); });

/** What to say of the folder of the run when it is still there. */
export const leftBehind = (folder: string, error: unknown): string =>
  `The folder ${folder} could not be removed, and it may hold the login of the registry: ${String(error)}. Remove it by hand.`;

