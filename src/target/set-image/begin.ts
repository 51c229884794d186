import type { Release } from '../../record/ledger.js';
import type { Start } from '../target.js';
import { provedFirst, readAgain, readServices, refuseUnresolvable, runsAlready, withWayBack } from './before-change.js';
import { asPlanned } from '../rows.js';
import { underLock, type Given } from '../under-lock.js';
import type { ClusterFacts } from './facts.js';
import { startFenced } from './fenced.js';
import { rowsOf, type ImageChange } from './image-change.js';
import { ImageRelease } from './image-release.js';
import { openRelease } from './release.js';
import { settled } from './settle.js';

/** What was proposed, and from what. */
export interface Proposed {
  readonly given: Given;
  readonly facts: ClusterFacts;
  readonly changes: readonly ImageChange[];
  /** Of a rollback. */
  readonly goesBackTo?: Release;
}

const withImage = (change: ImageChange, after: string): ImageChange => ({ ...change, containers: change.containers.map((each) => ({ ...each, after })) });

/**
 * Reads again what the proposal was made from, and starts to watch: everything after this is seen.
 * @throws ClusterError superseded, PreflightError; nothing has been changed
 */
export async function begin({ given: free, facts, changes: proposed, goesBackTo }: Proposed, { lock, ledger, reference }: Start): Promise<ImageRelease> {
  const given = underLock(free, lock);
  const { config, ports } = given;
  await startFenced(facts.cluster, ports, proposed);
  const wanted = goesBackTo ? proposed : proposed.map((change) => withImage(change, reference));
  const [{ changes, workloads }, services] = await Promise.all([readAgain(facts, ports, wanted), readServices(facts)]);
  if (goesBackTo) asPlanned(rowsOf(proposed), rowsOf(changes));
  refuseUnresolvable(config.smoke, { ...facts, services });
  const opened = await openRelease({ ports, cluster: facts.cluster, config, services, changes, workloads });
  try {
    const release = withWayBack(await settled(opened, ledger), ledger);
    // This is the previous version: there is no other to compare it with.
    if (runsAlready(release)) return new ImageRelease({ ...release, failedBefore: new Map() }, 'there');
    return new ImageRelease({ ...release, paused: new Map(provedFirst(given, release).map((each) => [each.ref, each])) });
  } catch (error) {
    opened.watched.close();
    throw error;
  }
}
