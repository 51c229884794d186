import { openCluster, type Cluster } from '../../kubernetes/client/cluster.js';
import type { List, Service, Workload } from '../../kubernetes/client/objects.js';
import { apiPath, resources, workloadResource } from '../../kubernetes/client/resources.js';
import type { WorkloadRef } from '../../config/config.js';
import { PreflightError, type Checked, type Finding } from '../../outcome/finding.js';
import { expiresSoon } from '../../kubernetes/preflight/expiry.js';
import { readNamespace, unusable, type NamespaceOfRun } from '../../kubernetes/preflight/namespace.js';
import { needsOf } from '../../kubernetes/preflight/needs.js';
import { checkPermissions, usernameOf } from '../../kubernetes/preflight/permissions.js';
import { kubernetesStore } from '../../kubernetes/store/store.js';
import type { Ledger } from '../../record/ledger.js';
import type { RecordStore } from '../../record/store.js';
import { listWorkloads, refsOf } from './list-workloads.js';
import { asFinding, missingWorkload, type FoundWorkload } from './resolve.js';
import type { Given } from '../under-lock.js';

/** What is read from the cluster before anything changes. */
export interface ClusterFacts {
  readonly cluster: Cluster;
  readonly found: readonly FoundWorkload[];
  readonly services: readonly Service[];
  readonly store: RecordStore;
  readonly ledger: Ledger | undefined;
}

/** The workloads of a run, which may depend on the record. */
export type Choose = (ledger: Ledger | undefined) => readonly WorkloadRef[];

/**
 * Opens the cluster, checks the permissions of the account, and reads the record, the Services and the workloads.
 * @param needs the permissions that the account needs
 * @throws PreflightError permission-denied with everything that is missing at once; ClusterError
 */
export async function readCluster(given: Given, choose: Choose, needs = needsOf): Promise<ClusterFacts> {
  const cluster = await openCluster(given.ports, given.config.cluster, given.folder);
  try {
    return await readAllowed(given, cluster, choose, needs);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** The same for a cluster that is open already. */
export async function readAllowed(given: Given, cluster: Cluster, choose: Choose, needed = needsOf): Promise<ClusterFacts> {
  const { ports, config } = given;
  const reading = beginReading(given, cluster, choose);
  // The rollback action may take its workloads from the record: then the permissions for those are checked.
  const wanted = reading.chosen.catch(() => []).then((chosen) => [...config.workloads, ...chosen]);
  const check: CheckFor = (workloads) => {
    const needs = workloads.then((those) => needed({ ...config, workloads: those }));
    return checkPermissions(cluster.api, ofRun(given, cluster), needs, ports.cancelled);
  };
  const [allowed, facts] = await Promise.allSettled([check(wanted), reading.facts]);
  // A missing permission also fails the first read; the complete list is more useful.
  if (allowed.status === 'fulfilled' && allowed.value.problems.length > 0) {
    throw new PreflightError(await withAbsent(given, cluster, { wanted: await wanted, problems: allowed.value.problems, check }));
  }
  if (facts.status === 'rejected') throw facts.reason;
  if (allowed.status === 'rejected') throw allowed.reason;
  for (const warning of [...allowed.value.warnings, ...expiresSoon(cluster.expiry, ports.clock.now())]) ports.log.warning(warning);
  await refuseMissingNamespace(given, facts.value);
  return facts.value;
}

const ofRun = ({ config }: Given, { namespace, namespaceOfContext }: Cluster): NamespaceOfRun =>
  ({ namespace, isSetting: config.cluster.namespace !== undefined, ofContext: namespaceOfContext });

/** Checks the permissions that a run with these workloads needs. */
type CheckFor = (workloads: Promise<readonly WorkloadRef[]>) => Promise<Checked>;

interface Lacking {
  readonly wanted: readonly WorkloadRef[];
  readonly problems: readonly Finding[];
  readonly check: CheckFor;
}

/** A permission may name the workload: if that does not exist, its name is wrong, and a Role for it would be of no use. */
async function withAbsent({ ports: { cancelled } }: Given, cluster: Cluster, { wanted, problems, check }: Lacking): Promise<readonly Finding[]> {
  if (problems.some(({ cause }) => cause !== 'permission-denied')) return problems;
  const listed = await listWorkloads(cluster, cancelled);
  const absent = wanted.filter(({ kind, name }) => listed.get(kind)?.includes(name) === false);
  if (absent.length === 0) return problems;
  const { problems: others } = await check(Promise.resolve(wanted.filter((ref) => !absent.includes(ref))));
  return [...absent.map((ref) => asFinding(missingWorkload({ ref, others: refsOf(listed) }, cluster.namespace))), ...others];
}

/** Where a workload is missing, the namespace may be as well, which explains all of it. */
async function refuseMissingNamespace(given: Given, { cluster, found }: ClusterFacts): Promise<void> {
  if (found.every(({ workload }) => workload)) return;
  const { api } = cluster;
  const { cancelled } = given.ports;
  const problem = unusable(await readNamespace(api, ofRun(given, cluster), await usernameOf(api, cancelled), cancelled));
  if (problem) throw new PreflightError([problem]);
}

/** Reads the record, the Services and the workloads of an open cluster. */
export const readFacts = (given: Given, cluster: Cluster, choose: Choose): Promise<ClusterFacts> => beginReading(given, cluster, choose).facts;

interface Reading {
  /** Known once the record is read, also if the account is not allowed to read what was chosen. */
  readonly chosen: Promise<readonly WorkloadRef[]>;
  readonly facts: Promise<ClusterFacts>;
}

function beginReading({ config, ports }: Given, cluster: Cluster, choose: Choose): Reading {
  const { api, namespace } = cluster;
  const options = { signal: ports.cancelled };
  const store = kubernetesStore(ports, cluster, config.app);
  const reading = store.read();
  const chosen = reading.then(choose);
  const find = async (ref: WorkloadRef): Promise<FoundWorkload> => {
    const workload = await api.find<Workload>(workloadResource[ref.kind], namespace, ref.name, options);
    return workload ? { ref, workload } : { ref, workload, others: refsOf(await listWorkloads(cluster, ports.cancelled)) };
  };
  const finding = chosen.then((refs) => Promise.all(refs.map(find)));
  const facts = Promise.all([reading, finding, api.get<List<Service>>(apiPath(resources.services, namespace), options)])
    .then(([ledger, found, services]) => ({ cluster, found, services: services.items ?? [], store, ledger }));
  return { chosen, facts };
}
