import type { Release } from '../../record/ledger.js';
import type { Start } from '../target.js';
import { asPlanned, provedFirst, readAgain, readServices, refuseUnresolvable, runsAlready, withWayBack } from './before-change.js';
import type { ClusterFacts, Given } from './facts.js';
import type { ImageChange } from './image-change.js';
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
export async function begin({ given, facts, changes: proposed, goesBackTo }: Proposed, { lock, ledger, reference }: Start): Promise<ImageRelease> {
  const { config } = given;
  const ports = { ...given.ports, cancelled: AbortSignal.any([given.ports.cancelled, lock.lost]) };
  const wanted = goesBackTo ? proposed : proposed.map((change) => withImage(change, reference));
  const [{ changes, workloads }, services] = await Promise.all([readAgain(facts, ports, wanted), readServices(facts)]);
  if (goesBackTo) asPlanned(proposed, changes);
  refuseUnresolvable(config.smoke, { ...facts, services });
  const opened = await openRelease({ ports, cluster: facts.cluster, config, services, changes, workloads });
  try {
    const release = withWayBack(await settled(opened, ledger), ledger);
    // This is the previous version: there is no other to compare it with.
    if (runsAlready(release)) return new ImageRelease({ ...release, failedBefore: new Map() }, 'there');
    return new ImageRelease({ ...release, paused: new Map(provedFirst({ ...given, ports }, release).map((each) => [each.ref, each])) });
  } catch (error) {
    opened.watched.close();
    throw error;
  }
}
