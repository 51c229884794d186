import { readInputs, readRunFacts, readState, appendSummary } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import type { ActionName } from '../outcome/action.js';
import { isSuccess } from '../outcome/verdict.js';
import { kept, type Run } from '../workflow/run.js';
import type { Ports } from '../ports/ports.js';
import { leftBehind, tellFailure, told, tryWriting } from './ending.js';
import { runnerPorts, within } from './main.js';
import { readConfig } from './perform.js';
import { tell } from './report.js';
import { stateNames } from './state.js';

/** The post step: finishes a release that the main step could not finish, and removes what it left on the runner. */
export async function runPost(action: ActionName): Promise<void> {
  const ports = runnerPorts();
  const { env } = ports;
  await told(ports, async () => {
    if (readState(env, kept.release) !== '') await finishRelease(ports, action, readState(env, stateNames.id));
  });
  const folder = readState(env, stateNames.folder);
  if (folder === '') return;
  await ports.files.remove(folder).catch((error: unknown) => {
    ports.log.warning(leftBehind(folder, error));
  });
}

async function finishRelease(ports: Ports, action: ActionName, id: string): Promise<void> {
  const { env } = ports;
  const folder = await ports.files.temporaryFolder();
  // An input that the action does not have was an error of the main step. Here it could only come from a step since then.
  const request = {
    action, id, folder, hasPost: false, keep: () => Promise.resolve(), inputs: readInputs(env, settingsOf(action)), facts: await readRunFacts(env, ports.files),
  };
  try {
    const config = await readConfig(ports, request);
    const run: Run = { ...request, ports: within(folder, ports), config, startedAt: ports.clock.monotonic(), startedAtWall: ports.clock.now() };
    const { finish } = await import('../workflow/finish.js');
    const outcome = await finish(run);
    if (!outcome) return;
    process.exitCode = isSuccess(outcome.verdict) || outcome.verdict === 'rolled-back' ? 0 : 1;
    const { summary } = await tell(ports, outcome, `${env['RUNNER_TEMP'] ?? folder}/deploy-report-${id}-post.json`);
    await tryWriting(ports, 'The summary of the step', appendSummary(env, summary));
  } catch (thrown) {
    tellFailure(ports, 'The rollout was not finished', thrown);
  } finally {
    await ports.files.remove(folder);
  }
}
