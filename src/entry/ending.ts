import { ifStillOpen } from '../host/clock.js';
import { CommandError } from '../outcome/errors.js';
import { messageOf } from '../outcome/wording.js';
import { asDeployError } from '../workflow/failure.js';
import type { Ports } from '../ports/ports.js';

/**
 * Lets the run continue when its output is closed (`… | head`): a rollout in progress is completed instead of ending with
 * EPIPE halfway.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/**
 * Node would print these errors unmasked and end the run without a verdict. An unhandled rejection is no reason to leave a
 * rollout unfinished. After an uncaught exception the process ends; the post step or the next run finishes the rollout.
 */
export function tellDefects({ log }: Pick<Ports, 'log'>): void {
  process.on('unhandledRejection', (reason) => {
    log.warning(`An error was not handled, which is a bug in this action: ${messageOf(reason)}`);
  });
  process.on('uncaughtException', (error) => {
    tellFailure({ log }, 'The action failed', error);
    process.exit();
  });
}

/** Runs a step to its end. An error that nothing below has caught is reported, and the process ends with 1. */
export async function told(ports: Pick<Ports, 'log'>, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (thrown) {
    tellFailure(ports, 'The action failed', thrown);
  }
  endSoon(ports);
}

/** How long a finished process may take to close its connections and files. */
const closeForMs = 10_000;

/** Ends the process when something that was left open would keep it, and so the job, alive. */
export function endSoon({ log }: Pick<Ports, 'log'>, afterMs = closeForMs): void {
  ifStillOpen(afterMs, () => {
    log.warning(`The run finished ${afterMs / 1000} s ago, but the process did not exit and was stopped. This is a bug in this action, please report it. The verdict is not affected.`);
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
      cause, hint: 'Check that the disk of the runner has free space, and that no other step deleted the file.',
    });
  }
}

/** The same, where the run does not depend on it: a warning. */
export const tryWriting = (ports: Pick<Ports, 'log'>, what: string, write: Promise<void>): Promise<void> =>
  writing(what, write).catch((error: unknown) => { ports.log.warning(messageOf(error)); });

/** What to say of the folder of the run when it is still there. */
export const leftBehind = (folder: string, error: unknown): string =>
  `The folder ${folder} could not be removed: ${String(error)}. It may contain the registry login: remove it by hand.`;

