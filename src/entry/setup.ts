import { environmentSecrets, rawSecrets } from '../config/raw-secrets.js';
import { settingsOf } from '../config/settings.js';
import { loadSetup } from '../config/setup-config.js';
import { createExecRunner } from '../host/exec-runner.js';
import { randomUUID } from '../host/random-id.js';
import { readInputs, readState, saveState, unknownInputs, writeOutputs } from '../host/runner.js';
import { runnerToolbox } from '../host/toolbox.js';
import { ConfigError, describeProblem } from '../outcome/errors.js';
import type { Ports } from '../ports/ports.js';
import { setUp } from '../setup/setup.js';
import { leftBehind, tellFailure, told, writing } from './ending.js';
import { inFolder, runnerStep } from './runner-ports.js';
import { stateNames } from './state.js';

/** The main step of the action `setup`. */
export async function runSetup(): Promise<void> {
  const ports = await setupPorts();
  await told(ports, async () => {
    const known = settingsOf('setup');
    const inputs = { ...readInputs(known), ...unknownInputs(ports.env, known) };
    for (const { text, kind } of await rawSecrets(inputs, ports.env)) ports.log.mask(text, kind);
    for (const text of environmentSecrets(ports.env)) ports.log.mask(text);
    await main(ports, inputs);
  });
}

async function setupPorts(): Promise<Ports> {
  const { ports } = await runnerStep(randomUUID());
  return { ...ports, process: createExecRunner(ports.process) };
}

async function main(ports: Ports, inputs: Readonly<Record<string, string>>): Promise<void> {
  const config = await loadSetup(inputs, ports.files).catch((error: unknown) => {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) ports.log.error(describeProblem(problem), problem);
    process.exitCode = 1;
  });
  if (config === undefined) return;
  const folder = await ports.files.temporaryFolder();
  await writing('The state for the post step', saveState(stateNames.folder, folder));
  const { outputs, errors } = await setUp(inFolder(folder, ports), runnerToolbox, config);
  for (const error of errors) tellFailure(ports, 'Set-up failed', error);
  const written = Object.fromEntries(Object.entries(outputs).filter((entry): entry is [string, string] => entry[1] !== undefined));
  await writing('The outputs of the step', writeOutputs(written));
}

/** The post step of the action `setup`: removes what was only for this job, the login among it. Builders and the tool cache stay. */
export async function runSetupPost(): Promise<void> {
  const ports = await setupPorts();
  await told(ports, async () => {
    const folder = readState(stateNames.folder);
    if (folder !== '') await ports.files.remove(folder).catch((error: unknown) => { ports.log.warning(leftBehind(folder, error)); });
  });
}
