import { readInputs, readRunFacts, readState, appendSummary } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import { asDeployError } from '../pipeline/failure.js';
import { isSuccess } from '../outcome/verdict.js';
import { kept, type Action, type Run } from '../pipeline/run.js';
import type { Ports } from '../ports/ports.js';
import { runnerPorts } from './main.js';
import { readConfig } from './perform.js';
import { tell } from './report.js';
import { stateNames } from './state.js';

/** The post step: finishes a release that the main step could not finish, and removes what it left on the runner. */
export async function runPost(action: Action): Promise<void> {
  const ports = runnerPorts();
  const { env } = ports;
  try {
    if (readState(env, kept.release) !== '') await finishRelease(ports, action, readState(env, stateNames.id));
  } finally {
    for (const folder of [readState(env, stateNames.folder), readState(env, kept.login)]) {
      if (folder !== '') await ports.files.remove(folder);
    }
  }
}

async function finishRelease(ports: Ports, action: Action, id: string): Promise<void> {
  const { env } = ports;
  const folder = await ports.files.temporaryFolder();
  const request = {
    action, id, folder, hasPost: false, keep: () => Promise.resolve(), inputs: readInputs(env, settingsOf(action)), facts: await readRunFacts(env, ports.files),
  };
  try {
    ports.log.info('The main step began a rollout and did not finish it: putting back what was there before.');
    const run: Run = { ...request, ports, config: await readConfig(ports, request), startedAt: ports.clock.monotonic(), startedAtWall: ports.clock.now() };
    const { finish } = await import('../pipeline/finish.js');
    const outcome = await finish(run);
    if (!outcome) return;
    const told = await tell(ports, outcome, `${env['RUNNER_TEMP'] ?? folder}/deploy-report-${id}-post.json`);
    await appendSummary(env, told.summary);
    process.exitCode = isSuccess(outcome.verdict) || outcome.verdict === 'rolled-back' ? 0 : 1;
  } catch (thrown) {
    const error = asDeployError(thrown);
    ports.log.error(`${error.message}\n${error.hint}`, { title: 'The rollout was not finished' });
    process.exitCode = 1;
  } finally {
    await ports.files.remove(folder);
  }
}
