import type { DeployError } from '../outcome/errors.js';
import { evidenceOf } from '../target/set-image/evidence.js';
import type { HeldTarget } from '../target/set-image/hold.js';
import { imagesNow } from '../target/set-image/images-now.js';
import type { Lock } from '../record/store.js';
import type { OpenRelease } from '../target/set-image/release.js';
import { recordWithinMs, undoRelease, type Undone } from '../target/set-image/undo.js';
import type { ImageChange } from '../target/set-image/image-change.js';
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
    const changed = await changedRefs(release);
    const untouched = release.targets.map(({ ref }) => ref).filter((ref) => !changed.has(ref));
    // A change that was refused has left nothing behind that could be called not back.
    if (changed.size === 0) return { result: 'untouched', notes: [], evidence, untouched };
    return { result: 'failed', notes: ['`rollback` is off: the new images stay where they were set.'], evidence, untouched };
  }
  const isAnyChanged = release.targets.some(({ ref }) => release.written.mayHaveChanged(ref));
  const lost = await lostLock(run, lock);
  if (lost && !isAnyChanged) return { result: 'untouched', notes: [lost.message], evidence: [], untouched: release.targets.map(({ ref }) => ref) };
  if (lost) return { result: 'failed', notes: [lost.message, 'Nothing was put back by this run: that one does it.'], evidence: [], untouched: [] };
  return undoRelease(release, failure, { restoring, resumed: false, held });
}

/** Why the lock is not this run's any more. An answer that does not come is not waited for: the patches test what they overwrite. */
async function lostLock({ ports }: Run, lock: Lock): Promise<Error | undefined> {
  const over = new AbortController();
  let lost: Error | undefined;
  const confirmed = lock.confirm().catch((error: unknown) => {
    if (lock.lost.aborted) lost = error instanceof Error ? error : new Error(String(error));
  });
  await Promise.race([confirmed, ports.clock.sleep(recordWithinMs, over.signal).catch(() => undefined)]);
  over.abort();
  return lost;
}

/** The workloads that hold what this run has set; also those that cannot be read, as that is no proof. */
async function changedRefs({ cluster, targets, written }: OpenRelease): Promise<ReadonlySet<string>> {
  const sent = written.known(targets).filter(({ ref }) => written.mayHaveChanged(ref));
  const images = await imagesNow(cluster, sent);
  const isChanged = ({ ref, containers }: ImageChange): boolean => containers.some(({ name, before }) => images.get(`${ref}:${name}`) !== before);
  return new Set(sent.filter(isChanged).map(({ ref }) => ref));
}

/** Nothing to be seen of a change says nothing while the API server may still be at it: whoever comes next looks again. */
export const stillUnderWay = ({ config }: Run, undone: Undone): Undone => ({
  ...undone, result: 'failed',
  notes: [...undone.notes, `The change of the images had been sent and was not answered: it may still be made, and ${config.rollback === 'off' ? 'stays then: `rollback` is off' : 'will be put back then'}.`],
});
