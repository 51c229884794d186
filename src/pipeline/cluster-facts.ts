import { ApiError } from '../cluster/api.js';
import { openCluster, type Cluster } from '../cluster/cluster.js';
import type { List, Service, Workload } from '../cluster/objects.js';
import { apiPath, resources, workloadResource } from '../cluster/resources.js';
import type { WorkloadRef } from '../config/config.js';
import { ClusterError } from '../outcome/errors.js';
import { openLedger, type Ledger, type LedgerStore } from '../rollout/ledger.js';
import type { FoundWorkload } from '../rollout/resolve.js';
import type { Run } from './run.js';

/** What the cluster says before anything changes. Reading it changes nothing. */
export interface ClusterFacts {
  readonly cluster: Cluster;
  readonly found: readonly FoundWorkload[];
  readonly services: readonly Service[];
  readonly store: LedgerStore;
  readonly ledger: Ledger | undefined;
}

/**
 * Opens the cluster and reads the ledger, the Services and the workloads.
 * @param choose the workloads of the run, which may depend on what the ledger says
 */
export async function readCluster(run: Run, choose: (ledger: Ledger | undefined) => readonly WorkloadRef[]): Promise<ClusterFacts> {
  const cluster = await openCluster(run.ports, run.config.cluster, run.folder);
  const signal = run.ports.cancelled;
  const store = openLedger(cluster.api, run.ports.clock, cluster.namespace, run.config.app);
  try {
    const [ledger, services] = await Promise.all([store.read(), cluster.api.get<List<Service>>(apiPath(resources.services, cluster.namespace), { signal })]);
    const found = await Promise.all(choose(ledger).map(async (ref) => ({
      ref, workload: await cluster.api.find<Workload>(workloadResource[ref.kind], cluster.namespace, ref.name, { signal }),
    })));
    return { cluster, found, services: services.items ?? [], store, ledger };
  } catch (error) {
    await cluster.close();
    if (error instanceof ApiError && error.status === 403) {
      throw new ClusterError('permission-denied', `The account may not read what the run needs: ${error.message}.`, {
        hint: 'Apply the Role of docs/rbac.yaml in this namespace and bind it to the account.', cause: error,
      });
    }
    throw error;
  }
}
