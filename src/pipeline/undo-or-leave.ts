import type { DeployError } from '../outcome/errors.js';
import { evidenceOf } from '../rollout/evidence.js';
import type { HeldTarget } from '../rollout/hold.js';
import { imagesNow } from '../rollout/images.js';
import type { Lock } from '../rollout/lock.js';
import type { OpenRelease } from '../rollout/release.js';
import { undoRelease, type Undone } from '../rollout/undo.js';
import type { Run } from './run.js';

export interface Begun {
  readonly release: OpenRelease;
  readonly lock: Lock;
  readonly held: readonly HeldTarget[];
}

/** Undoes, unless the settings say not to, or another run has taken over: then there is nothing more to do here. */
export async function undoOrLeave(run: Run, { release, lock, held }: Begun, failure: DeployError, restoring: () => Promise<void>): Promise<Undone> {
  if (run.config.rollback === 'off') {
    const evidence = await evidenceOf(release, failure);
    const refs = release.targets.map(({ ref }) => ref);
    // A change that was refused has left nothing behind that could be called not back.
    if (!(await anyChanged(release))) return { result: 'untouched', notes: [], evidence, untouched: refs };
    return { result: 'failed', notes: ['`rollback` is off: the new images stay where they were set.'], evidence, untouched: [] };
  }
  // An API server that does not answer now will not take a patch either; the patch says so by itself.
  const lost = await lock.confirm().then(() => undefined, (error: unknown) => (lock.lost.aborted ? error : undefined));
  if (lost instanceof Error) return { result: 'failed', notes: [lost.message, 'Nothing was put back by this run: that one does it.'], evidence: [], untouched: [] };
  return undoRelease(release, failure, { restoring, resumed: false, held });
}

/** Whether any container holds what this run was to set; also when it cannot be read, as that is no proof. */
async function anyChanged({ cluster, targets }: OpenRelease): Promise<boolean> {
  const images = await imagesNow(cluster, targets);
  return targets.some(({ ref, containers }) => containers.some(({ name, before }) => images.get(`${ref}:${name}`) !== before));
}

/** Nothing to be seen of a change says nothing while the API server may still be at it: whoever comes next looks again. */
export const stillUnderWay = ({ config }: Run, undone: Undone): Undone => ({
  ...undone, result: 'failed',
  notes: [...undone.notes, `The change of the images had been sent and was not answered: it may still be made, and ${config.rollback === 'off' ? 'stays then: `rollback` is off' : 'will be put back then'}.`],
});
