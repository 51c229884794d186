import { join } from 'node:path';
import { randomUUID } from '../host/random-id.js';
import { appendSummary, readInputs, readRunFacts, saveState, unknownInputs, writeOutputs } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import { asDeployError } from '../workflow/failure.js';
import { annotateIn } from '../ports/log.js';
import type { Ports } from '../ports/ports.js';
import type { ActionName } from '../outcome/action.js';
import { isSuccess } from '../outcome/verdict.js';
import { tellFailure, told, tryWriting, writing } from './ending.js';
import { createAnnouncer } from '../workflow/announcer.js';
import { followersOf, listenersOf } from './listeners.js';
import { perform, withoutFolder } from './perform.js';
import { printEnd, tell } from './report.js';
import { inFolder, runnerStep, type RunnerStep } from './runner-ports.js';
import { stateNames } from './state.js';
import { traced } from './tracing.js';

/** The main step of an action on the GitHub runner. */
export async function runMain(action: ActionName): Promise<void> {
  const id = randomUUID();
  const step = await runnerStep(id);
  await told(step.ports, () => mainStep(step, action, id));
}

async function mainStep({ ports: own, hear }: RunnerStep, action: ActionName, id: string): Promise<void> {
  const { env } = own;
  const keep = (name: string, value: string): Promise<void> => writing('The state for the post step', saveState(name, value));
  const known = settingsOf(action);
  const inputs = { ...readInputs(known), ...unknownInputs(env, known) };
  const request = { action, id, hasPost: true, inputs, facts: await readRunFacts(env, own.files) };
  const { ports, listeners, traceparent } = await traced(own, request);
  const folder = await ports.files.temporaryFolder().catch((error: unknown) => asDeployError(error));
  // First of all, so the post step can clean up whatever happens from here on.
  if (typeof folder === 'string') await keepForPost(ports, { [stateNames.folder]: folder, [stateNames.id]: id, [stateNames.trace]: traceparent }, keep);
  const { announce, follow, close } = createAnnouncer(ports, [...listenersOf(ports, hear), ...listeners]);
  const outcome = typeof folder === 'string'
    ? await perform(inFolder(folder, ports), { ...request, folder, keep, annotate: annotateIn(ports.log), event: { name: env['GITHUB_EVENT_NAME'] ?? '', path: env['GITHUB_EVENT_PATH'] ?? '' }, announce, follow: (run) => { follow(followersOf(run)); } })
    : withoutFolder(ports, request, folder);
  process.exitCode = isSuccess(outcome.verdict) ? 0 : 1;
  const { outputs, summary, outcome: redacted } = await tell(ports, outcome, {
    reportPath: join(env['RUNNER_TEMP'] || (typeof folder === 'string' ? folder : '.'), `deploy-report-${id}.json`), print: (end) => printEnd(ports, end),
  });
  // Later steps rely on the outputs, so a step without them fails. The summary repeats what is in the log.
  await writing('The outputs of the step', writeOutputs(outputs))
    .catch((error: unknown) => { tellFailure(ports, 'The outputs are missing', error); });
  await tryWriting(ports, 'The summary of the step', appendSummary(summary));
  announce({ kind: 'ended', outcome: redacted });
  await close();
}

/** What cannot be kept is a folder that nobody would remove. */
async function keepForPost({ files }: Pick<Ports, 'files'>, values: Readonly<Record<string, string | undefined>>, keep: (name: string, value: string) => Promise<void>): Promise<void> {
  try {
    for (const [name, value] of Object.entries(values)) if (value !== undefined) await keep(name, value);
  } catch (error) {
    await files.remove(values[stateNames.folder] ?? '');
    throw error;
  }
}
