import { readState } from '../host/runner.js';
import type { ActionName } from '../outcome/action.js';
import { kept } from '../workflow/run.js';
import { leftBehind, told } from './ending.js';
import { runnerPorts } from './runner-ports.js';
import { stateNames } from './state.js';

/** The post step: finishes a release that the main step could not finish, and removes what it left on the runner. */
export async function runPost(action: ActionName): Promise<void> {
  const ports = runnerPorts();
  const folder = readState(stateNames.folder);
  await told(ports, async () => {
    if (readState(kept.release) === '') return;
    const { finishRelease } = await import('./finish-release.js');
    await finishRelease(ports, action, { id: readState(stateNames.id), folder });
  });
  if (folder === '') return;
  await ports.files.remove(folder).catch((error: unknown) => {
    ports.log.warning(leftBehind(folder, error));
  });
}
