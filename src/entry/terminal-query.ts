import { removeAtExit } from '../host/files.js';
import { ConfigError } from '../outcome/errors.js';
import type { Ports } from '../ports/ports.js';
import { endSoon, leftBehind, tellFailure } from './ending.js';
import { cancellation } from './signals.js';
import { terminalPorts } from './terminal-ports.js';
import { openScreen } from './terminal-screen.js';
import { traceOf } from './tracing.js';

/** A command of the terminal that reads something and prints it. */
export interface Query {
  /** Whether what is printed is JSON, beside which nothing else goes to stdout. */
  readonly json: boolean;
  /** Of the failure: `The history could not be read`. */
  readonly failure: string;
  /** @param folder private, removed afterwards @returns the text for stdout */
  readonly read: (ports: Ports, folder: string) => Promise<string>;
}

/**
 * Runs a query, and prints its text without secrets.
 * @returns the exit code
 * @throws ConfigError
 */
export async function printQuery({ json, failure, read }: Query): Promise<number> {
  const { env } = process;
  const open = openScreen(env, { verbose: false, json });
  const { log } = open;
  const ports = await terminalPorts(env, { log, trace: traceOf(env), cancelled: cancellation() });
  const folder = await ports.files.temporaryFolder();
  const warnOf = (error: unknown): void => { log.warning(leftBehind(folder, error)); };
  removeAtExit(folder, warnOf);
  try {
    const text = await read(ports, folder);
    open.close();
    process.stdout.write(log.redact(text));
    return 0;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    tellFailure({ log }, failure, error);
    return 1;
  } finally {
    open.close();
    await ports.files.remove(folder).catch(warnOf);
    endSoon(ports);
  }
}
