import { nameOf, type Service } from '../../kubernetes/client/objects.js';

/** A Service that a URL names by its cluster DNS name or cluster IP. */
export interface NamedService {
  readonly name: string;
  readonly namespace: string;
}

/**
 * The Service that a URL leads to, if its host is one of the names that only the DNS of a cluster knows
 * (`web.shop.svc.cluster.local`, whatever the domain, or `web.shop.svc`), or the name or address of a Service of this namespace.
 * https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
 */
export function serviceAt(url: string, namespace: string, services: readonly Service[]): NamedService | undefined {
  const host = new URL(url).hostname.toLowerCase().replace(/\.$/, '').replace(/^\[(.*)\]$/, '$1');
  const [, name, of] = /^(?:[^.]+\.)*?([^.]+)\.([^.]+)\.svc(?:\..+)?$/.exec(host) ?? [];
  if (name !== undefined && of !== undefined) return { name, namespace: of };
  const known = services.find((service) => {
    const own = [nameOf(service), `${nameOf(service)}.${namespace}`, service.spec?.clusterIP ?? '', ...(service.spec?.clusterIPs ?? [])];
    return own.includes(host) && host !== 'localhost';
  });
  return known && { name: nameOf(known), namespace };
}

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/**
 * The same check as `service/NAME:PORT/PATH`. The URL may name the port of the pods, which the Service lists under another number.
 * @param ports of the Service; none if they are not known
 */
export function asServiceTarget(url: string, { name }: NamedService, ports: readonly ServicePort[]): string {
  const { port, protocol, pathname, search } = new URL(url);
  const written = port || (protocol === 'https:' ? '443' : '80');
  const only = ports.length === 1 ? ports[0] : undefined;
  const found = ports.find((each) => String(each.port) === written) ?? ports.find((each) => String(each.targetPort) === written) ?? only;
  return `service/${name}:${ports.length === 0 ? written : found?.port ?? 'PORT'}${pathname}${search}`;
}
