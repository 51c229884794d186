import { readInputs, readRunFacts } from '../host/runner.js';
import { settingsOf } from '../config/settings.js';
import { quietSdk } from '../host/quiet-sdk.js';
import type { ActionName } from '../outcome/action.js';
import { finishRestore } from '../workflow/finish-restore.js';
import { tellFailure } from './ending.js';
import { readConfig } from './read-config.js';
import { inFolder, type RunnerStep } from './runner-ports.js';

/** What the main step has left behind. */
interface Left {
  /** Of the run. */
  readonly id: string;
  /** The private folder of the run; the caller removes it. */
  readonly folder: string;
}

/** Finishes the restore that the main step left unfinished. A failure is reported, and sets the exit code 1. */
export async function finishInterruptedRestore({ ports }: RunnerStep, action: ActionName, left: Left): Promise<void> {
  const { env, files, clock } = ports;
  const isThere = (await files.realPath(left.folder)) !== undefined;
  const folder = isThere ? left.folder : await files.temporaryFolder();
  const facts = await readRunFacts(env, files);
  const alone = { hasPost: false, announce: () => undefined, keep: () => Promise.resolve() };
  const request = { ...alone, action, id: left.id, folder, facts, inputs: readInputs(settingsOf(action)) };
  try {
    const { config } = await readConfig(ports, request);
    quietSdk();
    const isDone = await finishRestore({ ...request, startedAt: clock.monotonic(), startedAtWall: clock.now(), ports: inFolder(folder, ports), config });
    if (!isDone) process.exitCode = 1;
  } catch (thrown) {
    tellFailure(ports, 'The restore was not finished', thrown);
  } finally {
    if (!isThere) await files.remove(folder);
  }
}
