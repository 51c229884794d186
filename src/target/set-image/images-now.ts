import type { Cluster } from '../../kubernetes/client/cluster.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { workloadResource } from '../../kubernetes/client/resources.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import type { ImageChange } from './image-change.js';

/** What every container of the targets is set to at this moment: `deployment/api:app` → image. What cannot be read is left out. */
export async function imagesNow(cluster: Cluster, targets: readonly ImageChange[]): Promise<ReadonlyMap<string, string>> {
  const entries = await Promise.all(targets.map(async (target) => {
    const reading = cluster.api.find<Workload>(workloadResource[target.kind], cluster.namespace, target.name, { timeoutMs: 3000 });
    const workload = await reading.catch(() => undefined);
    return (workload ? containersOf(target.kind, workload) : []).map(({ container }) => [`${target.ref}:${container.name}`, container.image ?? ''] as const);
  }));
  return new Map(entries.flat());
}
