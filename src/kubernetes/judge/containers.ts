import type { Container, ContainerStatus, KubeEvent, Pod } from '../client/objects.js';

/** The container as the pod declares it, by name: no two have the same, init containers included. */
export const declared = (pod: Pod, name: string | undefined): Container | undefined =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((container) => container.name === name);

export const isSidecar = (pod: Pod, status: ContainerStatus): boolean => declared(pod, status.name)?.restartPolicy === 'Always';

/**
 * Of the containers that run for as long as the pod does, and must be ready for it to be: sidecars are init containers
 * that do not end. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export const lastingStatuses = (pod: Pod): readonly ContainerStatus[] =>
  [...(pod.status?.initContainerStatuses ?? []).filter((status) => isSidecar(pod, status)), ...(pod.status?.containerStatuses ?? [])];

/** Whether an event is about this container of its pod, or says nothing of any. */
export const aboutContainer = (event: KubeEvent, container: string | undefined): boolean => {
  const about = `{${container}}`;
  return (event.involvedObject?.fieldPath ?? about).endsWith(about);
};
