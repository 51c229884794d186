import type { Ports } from '../../ports/ports.js';
import type { RecordStore } from '../../record/store.js';
import type { Cluster } from '../client/cluster.js';
import { openLedger } from './config-map.js';
import { acquireLock, appLease } from './lease.js';

/** The record of an app in a ConfigMap, and its lock in a Lease, both beside its workloads. */
export const kubernetesStore = (ports: Ports, cluster: Cluster, app: string): RecordStore => ({
  ...openLedger(cluster.api, ports.clock, cluster.namespace, app),
  lock: (holder, waitMs, onWait) => acquireLock(ports, cluster, appLease(app), { holder, timeoutMs: waitMs, onWait }),
});
