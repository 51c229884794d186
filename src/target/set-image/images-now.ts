import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { workloadResource } from '../../kubernetes/client/resources.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import type { ImageChange } from './image-change.js';

/** The current image of every container of the changes: `deployment/api:app` → image. What cannot be read is left out. */
export async function imagesNow(cluster: Cluster, changes: readonly ImageChange[]): Promise<ReadonlyMap<string, string>> {
  const entries = await Promise.all(changes.map(async (change) => {
    const reading = cluster.api.find<Workload>(workloadResource[change.kind], cluster.namespace, change.name, { timeoutMs: 3000 });
    const workload = await reading.catch(() => undefined);
    return (workload ? containersOf(change.kind, workload) : []).map(({ container }) => [`${change.ref}:${container.name}`, container.image ?? ''] as const);
  }));
  return new Map(entries.flat());
}
