import type { Cluster } from '../cluster/cluster.js';
import type { Workload } from '../cluster/objects.js';
import { workloadResource } from '../cluster/resources.js';
import { containersOf, type Target } from './workload.js';

/** What every container of the targets is set to at this moment: `deployment/api:app` → image. What cannot be read is left out. */
export async function imagesNow(cluster: Cluster, targets: readonly Target[]): Promise<ReadonlyMap<string, string>> {
  const entries = await Promise.all(targets.map(async (target) => {
    const reading = cluster.api.find<Workload>(workloadResource[target.kind], cluster.namespace, target.name, { timeoutMs: 3000 });
    const workload = await reading.catch(() => undefined);
    return (workload ? containersOf(target.kind, workload) : []).map(({ container }) => [`${target.ref}:${container.name}`, container.image ?? ''] as const);
  }));
  return new Map(entries.flat());
}
