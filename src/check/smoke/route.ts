import { nameOf, type Pod, type Service } from '../../kubernetes/client/objects.js';
import { apiPath, resources } from '../../kubernetes/client/resources.js';
import type { SmokeCheck } from '../../config/config.js';
import { suggestion } from '../../config/kit/did-you-mean.js';
import { serviceAt } from './cluster-address.js';

/** One address to request. */
export interface Route {
  /** For messages: `pod/hello-7c9f`, `service/hello`, or the address itself. */
  readonly through: string;
  readonly kind: 'pod' | 'service' | 'url';
  /** Path on the API server, or a whole address for `url`. */
  readonly address: string;
  /** The part of the path that the API server removes, and inserts before each path in links and redirects of the answer. */
  readonly prefix?: string;
  /** An address inside the cluster, which is requested without the proxy of the runner. */
  readonly direct?: boolean;
}

/** Why a check has no address, and what to do about it: known from the Service alone. */
export interface NoRoute {
  readonly problem: string;
  readonly hint: string;
}

type ServiceTarget = Extract<SmokeCheck['target'], { type: 'service' }>;
type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/**
 * The addresses of a check: each new pod directly, and the Service or URL.
 * @param services those of the namespace
 */
export function routesOf(
  check: SmokeCheck, namespace: string, services: readonly Service[], pods: readonly Pod[],
): { pods: Route[]; front: Route } | NoRoute {
  if (check.target.type === 'url') {
    const { url } = check.target;
    const direct = serviceAt(url, namespace, services) !== undefined;
    return { pods: [], front: { through: url, kind: 'url', address: url, ...(direct ? { direct } : {}) } };
  }
  const { name, path } = check.target;
  const found = servicePort(check.target, namespace, services);
  if ('problem' in found) return found;
  const route = (kind: 'pod' | 'service', object: string, port: string | number): Route => {
    const prefix = `${apiPath({ pod: resources.pods, service: resources.services }[kind], namespace, object)}:${port}/proxy`;
    return { through: `${kind}/${object}`, kind, address: `${prefix}${path}`, prefix };
  };
  const direct = pods.flatMap((pod): Route[] => {
    const target = podPort(pod.spec, found.targetPort ?? found.port);
    return target === undefined ? [] : [route('pod', nameOf(pod), target)];
  });
  return { pods: direct, front: route('service', name, found.name ?? found.port ?? '') };
}

/** The port of the Service that a check names, or the first one; otherwise why there is none. */
export function servicePort({ name, port }: ServiceTarget, namespace: string, services: readonly Service[]): ServicePort | NoRoute {
  const service = services.find((each) => nameOf(each) === name);
  if (!service) {
    const names = services.map(nameOf).sort();
    return { problem: `Service ${name} does not exist in namespace ${namespace}`, hint: suggestion(name, names) ?? listed(`The Services of namespace ${namespace}`, names) };
  }
  const { type, externalName, ports: all = [] } = service.spec ?? {};
  const ports = tcpPorts(service);
  if (type === 'ExternalName') {
    return { problem: `Service ${name} has the type ExternalName, which cannot be reached through the API server`, hint: `Check its external name by URL: ${externalName ? `https://${externalName}/` : 'https://HOST/PATH'}.` };
  }
  const found = port === undefined ? ports[0] : ports.find((each) => each.name === port) ?? ports.find((each) => String(each.port) === port);
  if (found) return found;
  if (ports.length === 0) return { problem: `Service ${name} has no TCP port`, hint: 'Add a TCP port to the Service, or check a URL.' };
  const written = all.find((each) => each.name === port || String(each.port) === port);
  const known = ports.map(portText);
  if (written) return { problem: `port ${portText(written)} of Service ${name} has the protocol ${written.protocol}`, hint: listed('Its TCP ports', known) };
  const behind = ports.find((each) => String(each.targetPort) === port);
  if (behind) {
    const meant = `service/${name}:${behind.port ?? behind.name}`;
    return { problem: `Service ${name} has no port ${port}: that is the port of its pods, which the Service exposes as ${portText(behind)}`, hint: `Write ${meant}.` };
  }
  const [only, ...more] = ports;
  const meant = suggestion(port ?? '', ports.flatMap((each) => each.name ?? [])) ?? (only && more.length === 0 ? `Did you mean service/${name}:${only.port ?? only.name}?` : undefined);
  return { problem: `Service ${name} has no port ${port}; it has ${known.join(', ')}`, hint: meant ?? 'Write the number or the name of one of its ports.' };
}

export const isNoRoute = (found: ServicePort | NoRoute): found is NoRoute => 'problem' in found;

export const tcpPorts = (service: Service | undefined): readonly ServicePort[] => (service?.spec?.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');

/** `80 (http)`. */
export const portText = ({ name, port }: ServicePort): string => (name ? `${port} (${name})` : `${port}`);

const shown = 10;
function listed(what: string, words: readonly string[]): string {
  if (words.length === 0) return `${what}: none.`;
  return `${what}: ${words.slice(0, shown).join(', ')}${words.length > shown ? ` and ${words.length - shown} more` : ''}.`;
}

/** The number of a port of a pod that a Service names, by number or by name; undefined when no container declares it. */
export function podPort(spec: Pod['spec'], target: number | string | undefined): number | undefined {
  if (typeof target === 'number') return target;
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return containers.flatMap((container) => container.ports ?? []).find((port) => port.name === target)?.containerPort;
}
