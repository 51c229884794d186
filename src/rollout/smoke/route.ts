import { nameOf, type Pod, type Service } from '../../cluster/objects.js';
import type { SmokeCheck } from '../../config/config.js';

/** One address to ask. */
export interface Route {
  /** For messages: `pod/hello-7c9f`, `service/hello`, or the address itself. */
  readonly through: string;
  readonly kind: 'pod' | 'service' | 'url';
  /** Path on the API server, or a whole address for `url`. */
  readonly address: string;
}

/**
 * Where a check of a Service is asked: each new pod by itself, and the Service.
 * @returns a sentence when the Service has no such port
 */
export function routesOf(
  check: SmokeCheck, namespace: string, service: Service | undefined, pods: readonly Pod[],
): { pods: Route[]; front: Route } | { problem: string } {
  if (check.target.type === 'url') return { pods: [], front: { through: check.target.url, kind: 'url', address: check.target.url } };
  const { name, port, path } = check.target;
  if (!service) return { problem: `there is no Service ${name} in namespace ${namespace}` };
  const ports = (service.spec?.ports ?? []).filter((each) => (each.protocol ?? 'TCP') === 'TCP');
  const found = port === undefined ? ports[0] : ports.find((each) => each.name === port || String(each.port) === port);
  if (!found) return { problem: `Service ${name} has no port ${port ?? 'at all'}; it has ${ports.map((each) => each.name ?? each.port).join(', ') || 'none'}` };
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const front: Route = { through: `service/${name}`, kind: 'service', address: `${base}/services/${encodeURIComponent(name)}:${found.name ?? found.port}/proxy${path}` };
  const direct = pods.flatMap((pod): Route[] => {
    const target = podPort(pod, found.targetPort ?? found.port);
    return target === undefined ? [] : [{ through: `pod/${nameOf(pod)}`, kind: 'pod', address: `${base}/pods/${encodeURIComponent(nameOf(pod))}:${target}/proxy${path}` }];
  });
  return { pods: direct, front };
}

function podPort(pod: Pod, target: number | string | undefined): number | undefined {
  if (typeof target === 'number') return target;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return containers.flatMap((container) => container.ports ?? []).find((port) => port.name === target)?.containerPort;
}
