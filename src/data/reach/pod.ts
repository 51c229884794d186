import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf } from '../../kubernetes/client/objects.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place, Reach } from '../place.js';
import { findContainers, type FoundContainer, type PodSettings } from './find-pod.js';
import { podPlace } from './pod-place.js';
import { openJobScratch } from './scratch-job.js';

/**
 * A container of a pod: that of the only ready pod with these labels whose server takes writes.
 * @param isPrimary of the engine
 * @throws DataError, ClusterError when there is none, or more than one
 */
export async function podReach(context: DataContext, cluster: Cluster, settings: PodSettings, isPrimary: (place: Place) => Promise<boolean>): Promise<Reach> {
  const { failure, signal } = context;
  const found = await findContainers(cluster, settings, failure, signal);
  const primaries: FoundContainer[] = [];
  const strange = (error: unknown): never => { throw amongSeveral(error, found, settings); };
  for (const each of found) if (await isPrimary(podPlace(cluster, each)).catch(strange)) primaries.push(each);
  const [primary] = primaries;
  if (!primary || primaries.length > 1) {
    const names = found.map(({ pod }) => nameOf(pod)).join(', ');
    const message = primary
      ? `Several pods that match \`${settings.selector}\` have a server that takes writes: ${primaries.map(({ pod }) => nameOf(pod)).join(', ')}.`
      : `No pod that matches \`${settings.selector}\` has a primary server: ${names} ${found.length === 1 ? 'is a replica' : 'are replicas'}.`;
    throw new DataError(failure, message, { hint: 'Set `pod` of the database in the settings to labels that only the pod of its primary server has.' });
  }
  const place = podPlace(cluster, primary);
  const source = { ...primary, place };
  return {
    place, scratch: (over, bytes) => openJobScratch(context, cluster, source, over, bytes),
    besideCommand: async (wish, over) => (await import('./copy.js')).besideCommand(context, cluster, source, wish, over),
  };
}

/** Among several pods, one that cannot be asked may be that of another server. */
function amongSeveral(error: unknown, found: readonly FoundContainer[], { selector }: PodSettings): unknown {
  if (!(error instanceof DataError) || found.length === 1) return error;
  const also = `${found.length} pods match \`${selector}\` (${found.map(({ pod }) => nameOf(pod)).join(', ')}): if they are not one database, set \`pod\` to labels that only its own pods have.`;
  return new DataError(error.code, error.message, { hint: `${error.hint} ${also}`, evidence: error.evidence, cause: error });
}
