import type { Container, ContainerStatus, KubeEvent, Pod } from '../client/objects.js';

/** The container as the pod declares it. Names are unique, init containers included. */
export const declared = (pod: Pod, name: string | undefined): Container | undefined =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((container) => container.name === name);

export const isSidecar = (pod: Pod, status: ContainerStatus): boolean => declared(pod, status.name)?.restartPolicy === 'Always';

/**
 * The containers that run as long as the pod and must be ready for the pod to be ready. Sidecars are init containers that
 * keep running. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export const lastingStatuses = (pod: Pod): readonly ContainerStatus[] =>
  [...(pod.status?.initContainerStatuses ?? []).filter((status) => isSidecar(pod, status)), ...(pod.status?.containerStatuses ?? [])];

/** Whether an event is about this container of its pod, or names no container. */
export const aboutContainer = (event: KubeEvent, container: string | undefined): boolean => {
  const about = `{${container}}`;
  return (event.involvedObject?.fieldPath ?? about).endsWith(about);
};
