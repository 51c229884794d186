import { readInputs, readRunFacts, appendSummary } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import type { ActionName } from '../outcome/action.js';
import { isSuccess } from '../outcome/verdict.js';
import { redactOutcome } from '../report/redact.js';
import { createAnnouncer } from '../workflow/announcer.js';
import type { Run } from '../workflow/run.js';
import { asDeployError } from '../workflow/failure.js';
import { finish, notFinished } from '../workflow/finish.js';
import { tellFailure, tryWriting } from './ending.js';
import { followersOf, listenersOf, type LeftToListeners } from './listeners.js';
import { openMigrationData } from './migration.js';
import { readConfig } from './read-config.js';
import { printEnd, tell } from './report.js';
import { inFolder, type RunnerStep } from './runner-ports.js';
import { traced } from './tracing.js';

/** What the main step has left behind. */
interface LeftOver extends LeftToListeners {
  /** Of the run. */
  readonly id: string;
  /** The private folder of the run, which may hold the record; the caller removes it. */
  readonly folder: string;
}

/**
 * Finishes the release that the main step left unfinished, and reports the result. A failure is reported and sets the exit
 * code 1. Rejects only when the runner has no folder for it.
 * @returns whether the listeners have heard how it ended
 */
export async function finishRelease(step: RunnerStep, action: ActionName, left: LeftOver): Promise<boolean> {
  const { env, files } = step.ports;
  const { id, deployment } = left;
  // If the folder was removed, a release with its record elsewhere can still be finished.
  const isThere = (await files.realPath(left.folder)) !== undefined;
  const folder = isThere ? left.folder : await files.temporaryFolder();
  const facts = await readRunFacts(env, files);
  const { ports, listeners } = await traced(step.ports, { id, facts });
  const { announce, follow, close } = createAnnouncer(ports, [...listenersOf(ports, step.hear), ...listeners]);
  // The main step has already refused unknown inputs. Here one could only come from a later step.
  const request = { action, announce, id, folder, hasPost: false, keep: () => Promise.resolve(), inputs: readInputs(settingsOf(action)), facts };
  let run: Run | undefined;
  try {
    const { config } = await readConfig(ports, request);
    const times = { startedAt: ports.clock.monotonic(), startedAtWall: ports.clock.now() };
    run = { ...request, ...times, ports: inFolder(folder, ports), config, ...config.migrate && { openMigrationData } };
    follow(followersOf(run, { deployment }));
    const outcome = await finish(run);
    if (!outcome) return false;
    process.exitCode = isSuccess(outcome.verdict) || outcome.verdict === 'rolled-back' ? 0 : 1;
    const { summary, outcome: redacted } = await tell(ports, outcome, { reportPath: `${env['RUNNER_TEMP'] || folder}/deploy-report-${id}-post.json`, print: (end) => printEnd(ports, end) });
    await tryWriting(ports, 'The summary of the step', appendSummary(summary));
    announce({ kind: 'ended', outcome: redacted });
    return true;
  } catch (thrown) {
    tellFailure(ports, 'The rollout was not finished', thrown);
    // A run that has the lock by now finishes the rollout, and reports that with its own end.
    if (!run || asDeployError(thrown).code === 'locked') return false;
    announce({ kind: 'ended', outcome: redactOutcome(notFinished(run, thrown), (text) => ports.log.redact(text)) });
    return true;
  } finally {
    await close();
    if (!isThere) await files.remove(folder);
  }
}
