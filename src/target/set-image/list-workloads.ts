import { workloadKinds, type WorkloadKind } from '../../config/config.js';
import { ApiError } from '../../kubernetes/client/api.js';
import type { Cluster } from '../../kubernetes/client/cluster.js';
import { nameOf, type List, type Workload } from '../../kubernetes/client/objects.js';
import { apiPath, workloadResource } from '../../kubernetes/client/resources.js';

/** The names of the workloads of each kind. Without the kinds that the account is not allowed to list: this is for hints. */
export type ListedWorkloads = ReadonlyMap<WorkloadKind, readonly string[]>;

export async function listWorkloads({ api, namespace }: Pick<Cluster, 'api' | 'namespace'>, signal: AbortSignal): Promise<ListedWorkloads> {
  const lists = await Promise.all(workloadKinds.map(async (kind) => {
    try {
      const { items = [] } = await api.get<List<Workload>>(apiPath(workloadResource[kind], namespace), { signal, attempts: 1 });
      return [[kind, items.map(nameOf)] as const];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [];
    }
  }));
  return new Map(lists.flat());
}

/** `deployment/api`, `cronjob/nightly`. */
export const refsOf = (listed: ListedWorkloads): string[] => [...listed].flatMap(([kind, names]) => names.map((name) => `${kind}/${name}`));
