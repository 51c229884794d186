import { openCluster, type Cluster } from '../cluster/cluster.js';
import type { List, Service, Workload } from '../cluster/objects.js';
import { apiPath, resources, workloadResource } from '../cluster/resources.js';
import type { WorkloadRef } from '../config/config.js';
import { PreflightError } from '../preflight/finding.js';
import { checkPermissions, needsOf } from '../preflight/permissions.js';
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
 * Opens the cluster, asks what the account may do, and reads the ledger, the Services and the workloads.
 * @param choose the workloads of the run, which may depend on what the ledger says
 * @throws PreflightError permission-denied with everything that is missing at once; ClusterError
 */
export async function readCluster(run: Run, choose: (ledger: Ledger | undefined) => readonly WorkloadRef[]): Promise<ClusterFacts> {
  const cluster = await openCluster(run.ports, run.config.cluster, run.folder);
  try {
    const [allowed, facts] = await Promise.allSettled([
      checkPermissions(cluster.api, cluster.namespace, needsOf(run.config), run.ports.cancelled), readFacts(run, cluster, choose),
    ]);
    // What may not be read shows as an error of the first read as well; the complete list is of more use.
    if (allowed.status === 'fulfilled' && allowed.value.problems.length > 0) throw new PreflightError(allowed.value.problems);
    if (facts.status === 'rejected') throw facts.reason;
    return facts.value;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** Reads the ledger, the Services and the workloads of an open cluster. */
export async function readFacts(run: Run, cluster: Cluster, choose: (ledger: Ledger | undefined) => readonly WorkloadRef[]): Promise<ClusterFacts> {
  const signal = run.ports.cancelled;
  const store = openLedger(cluster.api, run.ports.clock, cluster.namespace, run.config.app);
  const [ledger, services] = await Promise.all([store.read(), cluster.api.get<List<Service>>(apiPath(resources.services, cluster.namespace), { signal })]);
  const found = await Promise.all(choose(ledger).map(async (ref) => ({
    ref, workload: await cluster.api.find<Workload>(workloadResource[ref.kind], cluster.namespace, ref.name, { signal }),
  })));
  return { cluster, found, services: services.items ?? [], store, ledger };
}
