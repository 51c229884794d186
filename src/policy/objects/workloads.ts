import type { PolicyObject } from '../input.js';
import { serviceOf } from './compose.js';
import type { Container, Workload } from './container.js';
import { podsOf } from './pods.js';

/** The objects that have containers. */
export const workloadsIn = (objects: readonly PolicyObject[]): Workload[] =>
  objects.flatMap((object) => (object.form === 'compose-service' ? [serviceOf(object)] : podsOf(object) ?? []));

/** A container with the workload that it belongs to. */
export interface Placed {
  readonly workload: Workload;
  readonly container: Container;
}

export const containersIn = (workloads: readonly Workload[]): Placed[] =>
  workloads.flatMap((workload) => workload.containers.map((container) => ({ workload, container })));

/** Pods of these run until they are stopped. */
export const isService = ({ kind }: Workload): boolean => ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'service'].includes(kind);
