import type { Service } from '../../kubernetes/client/objects.js';
import { nameOf } from '../../kubernetes/client/objects.js';
import { selects } from '../../kubernetes/observe/selector.js';
import { DataError } from '../error.js';
import type { CopyWish } from '../place.js';
import type { FoundContainer } from './find-pod.js';

/** How a workload of the same namespace reaches a database, as far as it does so by name. */
export interface CopyNames {
  /** Sorted. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Variables with which Kubernetes tells the address of a Service: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables */
  readonly env: Readonly<Record<string, string>>;
}

export interface Reached {
  readonly source: FoundContainer;
  readonly namespace: string;
  /** Of the namespace. */
  readonly services: readonly Service[];
}

/**
 * Every name that leads to the pod of a database, and the port.
 * @throws DataError when no name is known, or there are several ports: a server listens on one
 */
export function copyNames({ source, namespace, services }: Reached, wish: CopyWish): CopyNames {
  const found = services.filter((service) => selects(service, source.pod.metadata?.labels));
  const { hostname, subdomain } = source.pod.spec ?? {};
  const own = hostname !== undefined && subdomain !== undefined ? namesIn(namespace, `${hostname}.${subdomain}`) : [];
  const known = [...found.flatMap((service) => namesIn(namespace, nameOf(service))), ...own, ...wish.hosts];
  // A name that leads to another name of the database.
  const aliases = services.filter(({ spec }) => spec?.type === 'ExternalName' && known.includes(spec.externalName?.replace(/\.$/, '') ?? ''));
  const hosts = [...new Set([...known, ...aliases.flatMap((service) => namesIn(namespace, nameOf(service)))])].sort();
  if (hosts.length === 0) {
    throw new DataError('config-invalid', `No Service selects pod ${nameOf(source.pod)}, so it is not known by which name the workload reaches the database.`, { hint: 'Name it in `migrate.rehearse.hosts`.' });
  }
  const ports = new Map(found.flatMap((service) => portsOf(service, source, wish.serverPort).map((port) => [port, nameOf(service)] as const)));
  if (wish.port === undefined && ports.size > 1) {
    const listed = [...ports].map(([port, name]) => `${port} (Service ${name})`).join(' and ');
    throw new DataError('config-invalid', `The database is reached on several ports: ${listed}. A copy listens on one.`, { hint: 'Set `migrate.rehearse.port` to that of the workload.' });
  }
  const port = wish.port ?? [...ports.keys()][0] ?? wish.serverPort;
  return { hosts, port, env: Object.assign({}, ...found.filter(hasAddress).map((service) => variablesOf(nameOf(service), port))) as Record<string, string> };
}

const namesIn = (namespace: string, name: string): string[] => [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];

const hasAddress = ({ spec }: Service): boolean => spec?.clusterIP !== 'None';

/** The ports of a Service that lead to the server. Without an address of its own, a Service leads to that of the server itself. */
function portsOf(service: Service, { pod, container }: FoundContainer, serverPort: number): number[] {
  if (!hasAddress(service)) return [serverPort];
  const named = (pod.spec?.containers ?? []).filter(({ name }) => name === container).flatMap(({ ports = [] }) => ports);
  return (service.spec?.ports ?? []).flatMap(({ port, targetPort = port }) => {
    const target = typeof targetPort === 'string' ? named.find(({ name }) => name === targetPort)?.containerPort : targetPort;
    return port !== undefined && Number(target) === serverPort ? [port] : [];
  });
}

function variablesOf(service: string, port: number): Record<string, string> {
  const name = service.toUpperCase().replaceAll('-', '_');
  return { [`${name}_SERVICE_HOST`]: '127.0.0.1', [`${name}_PORT_${port}_TCP_ADDR`]: '127.0.0.1' };
}
