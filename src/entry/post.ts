import { readState } from '../host/runner.js';
import type { ActionName } from '../outcome/action.js';
import { kept } from '../workflow/run.js';
import type { finishRelease } from './finish-release.js';
import { leftBehind, told } from './ending.js';
import { runnerStep } from './runner-ports.js';
import { stateNames } from './state.js';

/** The post step: finishes a release or a restore that the main step could not finish, and removes what it left on the runner. */
export async function runPost(action: ActionName): Promise<void> {
  const id = readState(stateNames.id);
  const step = await runnerStep(id, readState(stateNames.trace));
  const { ports } = step;
  const folder = readState(stateNames.folder);
  await told(ports, async () => {
    const [release, deployment, restore] = [readState(kept.release), readState(kept.deployment), readState(kept.restore)];
    if (restore !== '') {
      const { finishInterruptedRestore } = await import('./finish-restore.js');
      await finishInterruptedRestore(step, action, { id, folder });
    }
    const isTold = release !== '' && await finish(step, action, { id, folder, deployment });
    if (deployment === '' || isTold) return;
    const { finishDeployment } = await import('./finish-deployment.js');
    await finishDeployment(ports, action, { id, deployment });
  });
  if (folder === '') return;
  await ports.files.remove(folder).catch((error: unknown) => {
    ports.log.warning(leftBehind(folder, error));
  });
}

async function finish(...[step, action, left]: Parameters<typeof finishRelease>): Promise<boolean> {
  const { finishRelease } = await import('./finish-release.js');
  return finishRelease(step, action, left);
}
