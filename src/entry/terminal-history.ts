import { removeAtExit } from '../host/files.js';
import { ConfigError } from '../outcome/errors.js';
import { plainLine } from '../outcome/plain.js';
import { historyJson, historyLines } from '../report/history.js';
import { endSoon, leftBehind, tellFailure } from './ending.js';
import { readHistory, type HistoryRequest } from './history.js';
import { cancellation } from './signals.js';
import { terminalPorts } from './terminal-ports.js';
import { openScreen } from './terminal-screen.js';
import { traceOf } from './tracing.js';

/**
 * `deploy-action history`: prints what is recorded of an app, as a table or as JSON.
 * @returns the exit code
 * @throws ConfigError
 */
export async function printHistory({ inputs: { json, ...inputs }, ...request }: HistoryRequest): Promise<number> {
  const { env } = process;
  const open = openScreen(env, { verbose: false, json: json === 'true' });
  const { log } = open;
  const ports = await terminalPorts(env, { log, trace: traceOf(env), cancelled: cancellation() });
  const folder = await ports.files.temporaryFolder();
  const warnOf = (error: unknown): void => { log.warning(leftBehind(folder, error)); };
  removeAtExit(folder, warnOf);
  try {
    const history = await readHistory(ports, { ...request, inputs }, folder);
    open.close();
    const text = json === 'true' ? historyJson(history) : historyLines(history).map((line) => `${plainLine(line)}\n`).join('');
    process.stdout.write(log.redact(text));
    return 0;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    tellFailure({ log }, 'The history could not be read', error);
    return 1;
  } finally {
    open.close();
    await ports.files.remove(folder).catch(warnOf);
    endSoon(ports);
  }
}
