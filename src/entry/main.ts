import { randomUUID } from 'node:crypto';
import { createFiles } from '../host/files.js';
import { createRunnerLog } from '../host/log.js';
import { nodeHttp } from '../host/http.js';
import { systemClock } from '../host/clock.js';
import { createProcessRunner } from '../host/process.js';
import { appendSummary, readInputs, readRunFacts, saveState, writeOutputs } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import type { Ports } from '../ports/ports.js';
import type { Action } from '../pipeline/run.js';
import { isSuccess } from '../outcome/verdict.js';
import { perform } from './perform.js';
import { tell } from './report.js';
import { cancellation } from './signals.js';
import { stateNames } from './state.js';

/** The real world, as the runner gives it. */
export const runnerPorts = (): Ports => ({
  process: createProcessRunner(), clock: systemClock, files: createFiles(), http: nodeHttp, env: process.env,
  log: createRunnerLog((text) => process.stdout.write(text)), cancelled: cancellation(),
});

/** The main step of an action on the GitHub runner. */
export async function runMain(action: Action): Promise<void> {
  const ports = runnerPorts();
  const { env } = ports;
  const id = randomUUID();
  const keep = (name: string, value: string): Promise<void> => saveState(env, name, value);
  const folder = await ports.files.temporaryFolder();
  // First of all: whatever happens from here on, the post step knows what to clean up and where.
  await keep(stateNames.folder, folder);
  await keep(stateNames.id, id);
  const outcome = await perform(ports, {
    action, id, folder, keep, hasPost: true, inputs: readInputs(env, settingsOf(action)), facts: await readRunFacts(env, ports.files),
  });
  const told = await tell(ports, outcome, `${env['RUNNER_TEMP'] ?? folder}/deploy-report-${id}.json`);
  await writeOutputs(env, told.outputs, (text) => ports.log.redact(text));
  await appendSummary(env, told.summary);
  await keep(stateNames.told, outcome.verdict);
  process.exitCode = isSuccess(outcome.verdict) ? 0 : 1;
}
